//! Failures: codes of k6 (k6.md 1.9), kinds, and what the operating system and rustls report.

use std::collections::HashSet;
use std::io;

use tonnage_engine::http::{status_error_code, Exhausted, Failure, Stage};

fn every_failure() -> Vec<(Failure, u16, &'static str)> {
    let host = || "example.com".into();
    vec![
        (Failure::InvalidRequest { name: "X\n".into(), reason: "is bad" }, 1000, "invalid_request"),
        (Failure::TooManyRedirects(10), 1000, "too_many_redirects"),
        (Failure::Protocol("bad"), 1000, "protocol"),
        (Failure::ClosedUnanswered, 1000, "closed"),
        (Failure::Truncated, 1000, "truncated"),
        (Failure::Network(2), 1010, "network"),
        (Failure::InvalidUrl("bad"), 1020, "invalid_url"),
        (Failure::Timeout, 1050, "timeout"),
        (Failure::Dns(host()), 1100, "dns"),
        (Failure::NoSuchHost(host()), 1101, "dns_no_host"),
        (Failure::BlockedAddress("169.254.169.254".into()), 1110, "blocked_address"),
        (Failure::BlockedHost(host()), 1111, "blocked_host"),
        (Failure::CrossHostRedirect(host()), 1111, "redirect_refused"),
        (Failure::Tcp, 1200, "tcp"),
        (Failure::BrokenPipe, 1201, "broken_pipe"),
        (Failure::TcpErrno(1), 1202, "tcp_errno"),
        (Failure::Dial, 1210, "connect"),
        (Failure::DialTimeout, 1211, "connect_timeout"),
        (Failure::Refused, 1212, "connect_refused"),
        (Failure::DialErrno(1), 1213, "connect_errno"),
        (Failure::Exhausted(Exhausted::Ports), 1213, "generator_exhausted"),
        (Failure::Reset, 1220, "reset"),
        (Failure::Tls("expired".into()), 1300, "tls"),
        (Failure::TlsNotSpoken, 1301, "tls_not_spoken"),
        (Failure::UnknownAuthority, 1310, "tls_authority"),
        (Failure::WrongHostname, 1311, "tls_hostname"),
        (Failure::Decompression("bomb"), 1701, "decompression"),
    ]
}

#[test]
fn every_failure_has_its_code_its_kind_and_a_remedy() {
    let mut kinds = HashSet::new();
    for (failure, code, kind) in every_failure() {
        assert_eq!((failure.code(), failure.kind()), (code, kind));
        assert!(kinds.insert(kind), "{kind} twice");
        let sentence = failure.to_string();
        assert!(sentence.contains("; ") && !sentence.contains('\n'), "{sentence}");
        assert_eq!(failure.is_generator_fault(), kind == "generator_exhausted");
    }
}

#[test]
fn io_errors_are_classified_by_stage() {
    use io::ErrorKind::*;
    use Stage::*;
    let table = [
        (Dial, ConnectionRefused, Failure::Refused),
        (Dial, TimedOut, Failure::DialTimeout),
        (Dial, Other, Failure::Dial),
        (Receive, TimedOut, Failure::Timeout),
        (Send, BrokenPipe, Failure::BrokenPipe),
        (Receive, ConnectionReset, Failure::Reset),
        (Send, ConnectionAborted, Failure::Reset),
        (Receive, UnexpectedEof, Failure::Truncated),
        (Tls, UnexpectedEof, Failure::Tls("connection closed during the handshake".into())),
        (Receive, Other, Failure::Tcp),
        (Dial, AddrNotAvailable, Failure::Exhausted(Exhausted::Ports)),
        (Dial, AddrInUse, Failure::Exhausted(Exhausted::Ports)),
        (Send, OutOfMemory, Failure::Exhausted(Exhausted::Memory)),
    ];
    for (stage, kind, failure) in table {
        assert_eq!(Failure::from_io(stage, &kind.into()), failure, "{stage:?} {kind:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn linux_error_numbers_are_classified_case_7() {
    // errno(3): EMFILE 24, ENFILE 23, ENOMEM 12, ENOBUFS 105, EADDRNOTAVAIL 99, EHOSTUNREACH 113, EIO 5
    let table = [
        (24, Failure::Exhausted(Exhausted::FileDescriptors)),
        (23, Failure::Exhausted(Exhausted::FileDescriptors)),
        (12, Failure::Exhausted(Exhausted::Memory)),
        (105, Failure::Exhausted(Exhausted::Memory)),
        (99, Failure::Exhausted(Exhausted::Ports)),
        (113, Failure::DialErrno(113)),
        (104, Failure::Reset),
    ];
    for (errno, failure) in table {
        assert_eq!(Failure::from_io(Stage::Dial, &io::Error::from_raw_os_error(errno)), failure);
    }
    assert_eq!(Failure::from_io(Stage::Send, &io::Error::from_raw_os_error(5)), Failure::TcpErrno(5));
}

#[test]
fn tls_errors_inside_io_errors_are_found() {
    use rustls::{CertificateError, Error, InvalidMessage};
    let table = [
        (Error::InvalidCertificate(CertificateError::UnknownIssuer), "tls_authority"),
        (Error::InvalidCertificate(CertificateError::NotValidForName), "tls_hostname"),
        (Error::InvalidCertificate(CertificateError::Expired), "tls"),
        (Error::InvalidMessage(InvalidMessage::InvalidContentType), "tls_not_spoken"),
        (Error::DecryptError, "tls"),
    ];
    for (error, kind) in table {
        assert_eq!(Failure::from_tls(&error).kind(), kind);
        assert_eq!(Failure::from_io(Stage::Receive, &io::Error::new(io::ErrorKind::InvalidData, error)).kind(), kind);
    }
}

#[test]
fn only_client_and_server_errors_are_codes() {
    let table = [(200, None), (399, None), (400, Some(1400)), (404, Some(1404)), (599, Some(1599)), (600, None)];
    for (status, code) in table {
        assert_eq!(status_error_code(status), code);
    }
}
