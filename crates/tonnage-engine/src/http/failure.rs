//! Every way in which a request can end without a usable answer.
//!
//! A Failure is data: it is counted under its `kind` and `code`, and it never enters the latency of answers.
//! Codes are k6's (1000 to 1701), so that thresholds on `error_code` mean the same here and there.

use std::fmt;
use std::io;

use rustls::{CertificateError, InvalidMessage};

/// What the connection was doing when the operating system reported an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Dial,
    Tls,
    Send,
    Receive,
}

/// The generator's own resource that ran out (reliability case 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exhausted {
    /// EMFILE or ENFILE: no file descriptor for another connection.
    FileDescriptors,
    /// EADDRNOTAVAIL or EADDRINUSE: no local port towards this peer.
    Ports,
    /// ENOBUFS or ENOMEM: the kernel has no memory for another socket or packet.
    Memory,
}

/// Why a request has no usable answer. Texts inside never hold a URL, a header value or bytes of the server:
/// those may be secrets or hostile (reliability cases 40, 43).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Network error outside TCP, such as on a Unix socket; the operating system's error number, 0 if it gave none.
    Network(i32),
    /// The URL cannot be requested; why.
    InvalidUrl(&'static str),
    /// The request would not be valid HTTP; the offending name (header, cookie or method) and why.
    InvalidRequest { name: Box<str>, reason: &'static str },
    /// The request's own time-out, or the kernel's after unanswered retransmissions.
    Timeout,
    /// The resolver failed for this host.
    Dns(Box<str>),
    /// The resolver says that this host does not exist.
    NoSuchHost(Box<str>),
    /// The address is on a block list, or is a link-local or metadata address.
    BlockedAddress(Box<str>),
    /// The host name is on a block list or outside the allowed targets.
    BlockedHost(Box<str>),
    /// A redirect led to another host, which was not allowed.
    CrossHostRedirect(Box<str>),
    /// More redirects than this many.
    TooManyRedirects(u32),
    /// TCP failed without an error number.
    Tcp,
    /// The peer had closed its side before the request was written (EPIPE).
    BrokenPipe,
    /// TCP failed after connecting, with this error number.
    TcpErrno(i32),
    /// Connecting failed without an error number.
    Dial,
    /// No answer to SYN in time.
    DialTimeout,
    /// RST in answer to SYN.
    Refused,
    /// Connecting failed with this error number (unreachable, forbidden …).
    DialErrno(i32),
    /// RST on an established connection.
    Reset,
    /// The TLS handshake or a TLS record failed; rustls's words.
    Tls(Box<str>),
    /// The peer's bytes are not TLS records: most often plain HTTP on this port.
    TlsNotSpoken,
    /// The certificate's issuer is not trusted.
    UnknownAuthority,
    /// The certificate is for another name.
    WrongHostname,
    /// The bytes received are not a valid HTTP response within the limits; which rule they break.
    Protocol(&'static str),
    /// The connection ended before the first byte of an answer. On a reused connection this is the ordinary race with
    /// the server's idle time-out.
    ClosedUnanswered,
    /// The connection ended inside an answer.
    Truncated,
    /// The content coding is corrupt, cut short, or expands beyond the limits; which of them.
    Decompression(&'static str),
    /// The generator ran out of something: says nothing about the system under test.
    Exhausted(Exhausted),
}

impl Failure {
    /// k6's `error_code`. Kinds that k6 does not tell apart have its generic 1000; exhaustion has the 1213 that k6
    /// reports for EMFILE while dialling.
    pub fn code(&self) -> u16 {
        self.entry().0
    }

    /// A short word for tables and tags; stable between versions.
    pub fn kind(&self) -> &'static str {
        self.entry().1
    }

    fn entry(&self) -> (u16, &'static str) {
        match self {
            Failure::InvalidRequest { .. } => (1000, "invalid_request"),
            Failure::TooManyRedirects(_) => (1000, "too_many_redirects"),
            Failure::Protocol(_) => (1000, "protocol"),
            Failure::ClosedUnanswered => (1000, "closed"),
            Failure::Truncated => (1000, "truncated"),
            Failure::Network(_) => (1010, "network"),
            Failure::InvalidUrl(_) => (1020, "invalid_url"),
            Failure::Timeout => (1050, "timeout"),
            Failure::Dns(_) => (1100, "dns"),
            Failure::NoSuchHost(_) => (1101, "dns_no_host"),
            Failure::BlockedAddress(_) => (1110, "blocked_address"),
            Failure::BlockedHost(_) => (1111, "blocked_host"),
            Failure::CrossHostRedirect(_) => (1111, "redirect_refused"),
            Failure::Tcp => (1200, "tcp"),
            Failure::BrokenPipe => (1201, "broken_pipe"),
            Failure::TcpErrno(_) => (1202, "tcp_errno"),
            Failure::Dial => (1210, "connect"),
            Failure::DialTimeout => (1211, "connect_timeout"),
            Failure::Refused => (1212, "connect_refused"),
            Failure::DialErrno(_) => (1213, "connect_errno"),
            Failure::Exhausted(_) => (1213, "generator_exhausted"),
            Failure::Reset => (1220, "reset"),
            Failure::Tls(_) => (1300, "tls"),
            Failure::TlsNotSpoken => (1301, "tls_not_spoken"),
            Failure::UnknownAuthority => (1310, "tls_authority"),
            Failure::WrongHostname => (1311, "tls_hostname"),
            Failure::Decompression(_) => (1701, "decompression"),
        }
    }

    /// True if the generator, and not the system under test, is at fault: the run then cannot support a conclusion.
    pub fn is_generator_fault(&self) -> bool {
        matches!(self, Failure::Exhausted(_))
    }

    /// Classify what the operating system, or rustls inside an `io::Error`, reported.
    pub fn from_io(stage: Stage, error: &io::Error) -> Failure {
        if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Failure::from_tls(tls);
        }
        if let Some(what) = exhausted(error) {
            return Failure::Exhausted(what);
        }
        let dialling = stage == Stage::Dial;
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Failure::Refused,
            io::ErrorKind::TimedOut if dialling => Failure::DialTimeout,
            io::ErrorKind::TimedOut => Failure::Timeout,
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Failure::Reset,
            io::ErrorKind::BrokenPipe => Failure::BrokenPipe,
            io::ErrorKind::UnexpectedEof if stage == Stage::Tls => {
                Failure::Tls("connection closed during the handshake".into())
            }
            io::ErrorKind::UnexpectedEof => Failure::Truncated,
            _ => match (error.raw_os_error(), dialling) {
                (Some(errno), true) => Failure::DialErrno(errno),
                (Some(errno), false) => Failure::TcpErrno(errno),
                (None, true) => Failure::Dial,
                (None, false) if stage == Stage::Tls => Failure::Tls(error.kind().to_string().into()),
                (None, false) => Failure::Tcp,
            },
        }
    }

    /// Classify a rustls error.
    pub fn from_tls(error: &rustls::Error) -> Failure {
        match error {
            rustls::Error::InvalidCertificate(reason) => match reason {
                // A known authority may have the issuer's name without being the issuer: its key then does not fit.
                CertificateError::UnknownIssuer
                | CertificateError::BadSignature
                | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
                    Failure::UnknownAuthority
                }
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    Failure::WrongHostname
                }
                _ => Failure::Tls(error.to_string().into()),
            },
            // The first byte of a record tells TLS from anything else.
            rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Failure::TlsNotSpoken,
            _ => Failure::Tls(error.to_string().into()),
        }
    }
}

/// k6's `error_code` of an answer: 1000 + status for 4xx and 5xx, none for others.
pub fn status_error_code(status: u16) -> Option<u16> {
    (400..600).contains(&status).then_some(1000 + status)
}

/// Error numbers that std gives no stable `ErrorKind`: (no descriptors in the process, none in the system, no buffers).
#[cfg(target_os = "linux")]
const ERRNO: [i32; 3] = [24, 23, 105];
#[cfg(windows)]
const ERRNO: [i32; 3] = [10024, 4, 10055];
#[cfg(not(any(target_os = "linux", windows)))]
const ERRNO: [i32; 3] = [24, 23, 55];

fn exhausted(error: &io::Error) -> Option<Exhausted> {
    let [process, system, buffers] = ERRNO;
    match error.kind() {
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse => return Some(Exhausted::Ports),
        io::ErrorKind::OutOfMemory => return Some(Exhausted::Memory),
        _ => {}
    }
    match error.raw_os_error()? {
        errno if errno == process || errno == system => Some(Exhausted::FileDescriptors),
        errno if errno == buffers => Some(Exhausted::Memory),
        _ => None,
    }
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Exhausted::FileDescriptors => "the generator has no file descriptor left; raise `ulimit -n`",
            Exhausted::Ports => {
                "the generator has no local port left; keep connections alive, or add local addresses or generators"
            }
            Exhausted::Memory => "the generator's kernel has no memory for sockets; use fewer connections a generator",
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let os = |errno: &i32| io::Error::from_raw_os_error(*errno);
        match self {
            Failure::Network(errno) => write!(f, "network error: {}; check the socket's path and rights", os(errno)),
            Failure::InvalidUrl(reason) => write!(f, "invalid URL: {reason}; write http://host/path or set a base URL"),
            Failure::InvalidRequest { name, reason } => write!(f, "invalid request: {name:?} {reason}; correct it"),
            Failure::Timeout => f.write_str("no complete answer within the time-out; raise it or lower the load"),
            Failure::Dns(host) => write!(f, "resolving {host:?} failed; check the resolver and its load"),
            Failure::NoSuchHost(host) => write!(f, "host {host:?} does not exist; check its spelling and the DNS zone"),
            Failure::BlockedAddress(address) => {
                write!(f, "address {address} is blocked; choose another target or correct the block list")
            }
            Failure::BlockedHost(host) => write!(f, "host {host:?} is not an allowed target; add it to `targets`"),
            Failure::CrossHostRedirect(host) => {
                write!(f, "redirect to another host, {host:?}, not followed; allow that host to follow it")
            }
            Failure::TooManyRedirects(max) => {
                write!(f, "more than {max} redirects; look for a loop or raise the limit")
            }
            Failure::Tcp => f.write_str("TCP error; look at the network between generator and target"),
            Failure::BrokenPipe => {
                f.write_str("the server closed the connection while the request was sent; see its log")
            }
            Failure::TcpErrno(errno) => write!(f, "TCP error: {}; look at the network to the target", os(errno)),
            Failure::Dial => f.write_str("connecting failed; check host, port and network"),
            Failure::DialTimeout => f.write_str("no answer to connecting; a firewall drops it or the backlog is full"),
            Failure::Refused => f.write_str("connection refused; nothing listens on that port, or its backlog is full"),
            Failure::DialErrno(errno) => write!(f, "connecting failed: {}; check route and firewall", os(errno)),
            Failure::Reset => f.write_str("connection reset by the server; see its log for crashes and limits"),
            Failure::Tls(reason) => write!(f, "TLS failed: {reason}; check the server's certificate and versions"),
            Failure::TlsNotSpoken => {
                f.write_str("the server does not speak TLS on this port; use http:// or its TLS port")
            }
            Failure::UnknownAuthority => {
                f.write_str("the certificate's issuer is unknown; trust its CA or use --insecure")
            }
            Failure::WrongHostname => {
                f.write_str("the certificate is for another host name; use the name it is made for")
            }
            Failure::Protocol(reason) => {
                write!(f, "invalid HTTP response: {reason}; look at what answers on that port")
            }
            Failure::ClosedUnanswered => {
                f.write_str("the server closed the connection without an answer; compare its idle time-out and log")
            }
            Failure::Truncated => f.write_str("the connection ended inside the answer; see the server's log"),
            Failure::Decompression(reason) => write!(f, "decompression failed: {reason}; check the server's encoding"),
            Failure::Exhausted(what) => what.fmt(f),
        }
    }
}

impl std::error::Error for Failure {}
