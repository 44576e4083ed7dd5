//! Preparing requests: a URL becomes a `Target`, and target, head and body become the bytes to send, made once.

use std::fmt;
use std::sync::Arc;

use base64::prelude::{Engine, BASE64_STANDARD};
use percent_encoding::percent_decode_str;
use url::{form_urlencoded, Host, Position, Url};

use super::Failure;

/// Sent unless the request has a User-Agent of its own.
const USER_AGENT: &str = concat!("tonnage/", env!("CARGO_PKG_VERSION"));

/// Where a request goes: what a connection needs, and what the request line and the Host field say.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Target {
    pub https: bool,
    /// Lower case, IDNA in ASCII, IPv6 without brackets: for DNS, SNI and cookies.
    pub host: String,
    pub port: u16,
    /// The Host field: IPv6 in brackets, and the port unless it is the scheme's own (RFC 9110, section 7.2).
    pub authority: String,
    /// Path and query, percent-encoded; begins with '/'.
    pub path: String,
    /// The Authorization value that user and password in the URL stand for (RFC 7617).
    pub basic_auth: Option<String>,
}

impl Target {
    /// Parse `url`, which may be relative to `base`.
    ///
    /// A relative URL is appended to the base's path, so that `/items` with base `http://host/v1` is
    /// `http://host/v1/items`, as users of base URLs expect; `//host/path` takes the base's scheme only. Redirects,
    /// for which RFC 3986 rules, use `Target::resolve`.
    ///
    /// # Errors
    /// `Failure::InvalidUrl`; the URL itself is not repeated, since it may hold a secret.
    pub fn parse(url: &str, base: Option<&Url>) -> Result<Target, Failure> {
        match (Url::parse(url), base) {
            (Ok(absolute), _) => Target::from_url(&absolute),
            (Err(url::ParseError::RelativeUrlWithoutBase), Some(base)) => Target::below(url, base),
            (Err(error), _) => Err(Failure::InvalidUrl(url_reason(error))),
        }
    }

    /// The target of a reference found in an answer of this target (RFC 3986, section 5).
    pub fn resolve(&self, reference: &str) -> Result<Target, Failure> {
        let scheme = if self.https { "https" } else { "http" };
        let own = Url::parse(&format!("{scheme}://{}{}", self.authority, self.path)).map_err(invalid)?;
        Target::from_url(&own.join(reference).map_err(invalid)?)
    }

    /// The URL, without the credentials that it may have been given with.
    pub fn url(&self) -> String {
        let scheme = if self.https { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority, self.path)
    }

    /// Scheme, host and port are the same (RFC 6454).
    pub fn same_origin(&self, other: &Target) -> bool {
        self.https == other.https && self.host == other.host && self.port == other.port
    }

    fn below(relative: &str, base: &Url) -> Result<Target, Failure> {
        if relative.starts_with("//") {
            return Target::from_url(&base.join(relative).map_err(invalid)?);
        }
        let stem = &base[..Position::AfterPath];
        let joined = match relative.as_bytes().first() {
            None => base.as_str().to_owned(),
            Some(b'?' | b'#') => format!("{stem}{relative}"),
            Some(_) => format!("{}/{}", stem.trim_end_matches('/'), relative.trim_start_matches('/')),
        };
        Target::from_url(&Url::parse(&joined).map_err(invalid)?)
    }

    fn from_url(url: &Url) -> Result<Target, Failure> {
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(Failure::InvalidUrl("the scheme is not http or https")),
        };
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(ip)) => ip.to_string(),
            Some(Host::Ipv6(ip)) => ip.to_string(),
            None => return Err(Failure::InvalidUrl("there is no host")),
        };
        let port = url.port_or_known_default().unwrap_or(if https { 443 } else { 80 });
        let authority = url[Position::BeforeHost..Position::AfterPort].to_owned();
        let path = url[Position::BeforePath..Position::AfterQuery].to_owned();
        Ok(Target { https, host, port, authority, path, basic_auth: basic_auth(url) })
    }
}

impl fmt::Debug for Target {
    /// Without credentials and query: both may hold secrets (reliability case 40).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        let path = self.path.split('?').next().unwrap_or_default();
        write!(f, "Target({scheme}://{}{path})", self.authority)
    }
}

fn basic_auth(url: &Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let user: Vec<u8> = percent_decode_str(url.username()).collect();
    let password: Vec<u8> = percent_decode_str(url.password().unwrap_or_default()).collect();
    Some(basic_credentials(&user, &password))
}

/// The value of an Authorization header for a user and a password (RFC 7617).
pub fn basic_credentials(user: &[u8], password: &[u8]) -> String {
    format!("Basic {}", BASE64_STANDARD.encode([user, b":", password].concat()))
}

fn invalid(error: url::ParseError) -> Failure {
    Failure::InvalidUrl(url_reason(error))
}

fn url_reason(error: url::ParseError) -> &'static str {
    match error {
        url::ParseError::RelativeUrlWithoutBase => "it is relative and there is no base URL",
        url::ParseError::EmptyHost => "there is no host",
        url::ParseError::IdnaError => "the host is not a valid international name",
        url::ParseError::InvalidPort => "the port is not a number below 65536",
        url::ParseError::InvalidIpv4Address => "the host is not a valid IPv4 address",
        url::ParseError::InvalidIpv6Address => "the host is not a valid IPv6 address",
        url::ParseError::InvalidDomainCharacter => "the host has an invalid character",
        _ => "it cannot be parsed",
    }
}

/// What the user says about a request besides target and body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Any token but CONNECT, sent as it is; HEAD means that the response has no body.
    pub method: String,
    /// In the order they are sent; they replace defaults of the same name, in any case.
    pub headers: Vec<(String, String)>,
    /// Send `Accept-Encoding: gzip, deflate`, unless the headers have their own.
    pub accept_encoding: bool,
}

impl Head {
    pub fn new(method: &str) -> Head {
        Head { method: method.to_owned(), headers: Vec::new(), accept_encoding: false }
    }

    fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    fn first(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn count(&self, name: &str) -> usize {
        self.headers.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name)).count()
    }

    /// Refuse whatever could be read as more, or another, request than the one meant (request smuggling).
    fn check(&self, body_len: usize) -> Result<(), Failure> {
        if !is_token(&self.method) {
            return Err(refused(&self.method, "is not a valid method"));
        }
        if self.method == "CONNECT" {
            return Err(refused(&self.method, "opens a tunnel and cannot be sent as a request"));
        }
        for (name, value) in &self.headers {
            if !is_token(name) {
                return Err(refused(name, "is not a valid header name"));
            }
            if !is_field_value(value) {
                return Err(refused(name, "has a value with a control character"));
            }
        }
        for single in ["Host", "Content-Length", "Cookie"] {
            if self.count(single) > 1 {
                return Err(refused(single, "is given more than once"));
            }
        }
        if self.has("Transfer-Encoding") {
            return Err(refused("Transfer-Encoding", "cannot be set: the body is framed by Content-Length"));
        }
        match self.first("Content-Length").map(|value| value.trim().parse::<usize>()) {
            None => Ok(()),
            Some(Ok(length)) if length == body_len => Ok(()),
            Some(_) => Err(refused("Content-Length", "differs from the length of the body")),
        }
    }
}

fn refused(name: &str, reason: &'static str) -> Failure {
    Failure::InvalidRequest { name: name.into(), reason }
}

/// RFC 9110, section 5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    let tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(tchar)
}

/// RFC 9110, section 5.5: visible characters, spaces and tabs, and bytes above 127.
pub(super) fn is_field_value(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'\t' || !byte.is_ascii_control())
}

/// A request as bytes, shared by every send of it.
#[derive(Clone)]
pub struct Prepared {
    pub target: Arc<Target>,
    pub method: Arc<str>,
    /// Request line, header block and body.
    pub bytes: Arc<[u8]>,
    /// The response will have no body whatever its fields say.
    pub head_request: bool,
    /// Bytes of request line and header block; the body follows.
    pub head_len: usize,
    /// What the bytes were made of, for a redirect.
    head: Arc<Head>,
    /// Where cookies go in: after the fields, or at the end of the user's own Cookie value, since a request may have
    /// one Cookie field only (RFC 6265, section 5.4).
    cookie_at: usize,
    cookie_joins: bool,
}

impl Prepared {
    /// Make the bytes. Host comes first; then User-Agent, Accept-Encoding if asked for, Authorization from the URL, the
    /// user's headers, and Content-Length. `body: None` sends no Content-Length, except for POST, PUT and PATCH, where
    /// servers ask for it (RFC 9110, section 8.6).
    ///
    /// # Errors
    /// `Failure::InvalidRequest` names the method or header that would not be valid HTTP.
    pub fn new(target: Arc<Target>, head: &Head, body: Option<&[u8]>) -> Result<Prepared, Failure> {
        let content = body.unwrap_or_default();
        head.check(content.len())?;
        let mut out = Vec::with_capacity(256 + content.len());
        let own_cookie_end = write_fields(&mut out, &target, head);
        let announced = matches!(head.method.as_str(), "POST" | "PUT" | "PATCH");
        if body.is_some() || announced || head.has("Content-Length") {
            put(&mut out, ["Content-Length", ": ", &content.len().to_string(), "\r\n"]);
        }
        let cookie_at = own_cookie_end.unwrap_or(out.len());
        out.extend(b"\r\n");
        let head_len = out.len();
        out.extend(content);
        Ok(Prepared {
            head_request: head.method == "HEAD",
            method: head.method.as_str().into(),
            bytes: out.into(),
            cookie_joins: own_cookie_end.is_some(),
            target,
            head_len,
            head: Arc::new(head.clone()),
            cookie_at,
        })
    }

    /// The request that follows a redirect. Without its body it has no header that describes one; without `drop_auth`
    /// it keeps the credentials of the first.
    ///
    /// # Errors
    /// As `new`.
    pub fn redirected(
        &self,
        target: Target,
        method: &str,
        keep_body: bool,
        drop_auth: bool,
    ) -> Result<Prepared, Failure> {
        let kept = |name: &str| {
            let lower = name.to_ascii_lowercase();
            let describes_body = lower.starts_with("content-");
            let identifies = matches!(lower.as_str(), "authorization" | "cookie");
            lower != "host" && (keep_body || !describes_body) && !(drop_auth && identifies)
        };
        let head = Head {
            method: method.to_owned(),
            headers: self.head.headers.iter().filter(|(name, _)| kept(name)).cloned().collect(),
            accept_encoding: self.head.accept_encoding,
        };
        let body = (keep_body && !self.body().is_empty()).then(|| self.body());
        Prepared::new(Arc::new(target), &head, body)
    }

    /// Whether sending it twice is the same as sending it once (RFC 9110, section 9.2.2).
    pub fn is_idempotent(&self) -> bool {
        matches!(&*self.method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
    }

    /// The body, for a redirect that keeps it.
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.head_len..]
    }

    /// Append the request to `out` with cookies in it. `cookies` is a Cookie value such as `Jar::header_for` makes,
    /// `a=1; b=2`; empty adds nothing. Two copies, no parsing.
    pub fn write_with_cookies(&self, cookies: &str, out: &mut Vec<u8>) {
        debug_assert!(is_field_value(cookies), "a jar holds no control characters");
        let (front, back) = self.bytes.split_at(self.cookie_at);
        let (before, after) = match (cookies.is_empty(), self.cookie_joins) {
            (true, _) => ("", ""),
            (false, true) => ("; ", ""),
            (false, false) => ("Cookie: ", "\r\n"),
        };
        for part in [front, before.as_bytes(), cookies.as_bytes(), after.as_bytes(), back] {
            out.extend_from_slice(part);
        }
    }
}

fn put(out: &mut Vec<u8>, parts: [&str; 4]) {
    parts.iter().for_each(|part| out.extend(part.as_bytes()));
}

/// Request line and fields, all but Content-Length; returns where the value of the user's Cookie field ends.
fn write_fields(out: &mut Vec<u8>, target: &Target, head: &Head) -> Option<usize> {
    put(out, [&head.method, " ", &target.path, " HTTP/1.1\r\n"]);
    put(out, ["Host", ": ", head.first("Host").unwrap_or(&target.authority), "\r\n"]);
    let defaults = [
        ("User-Agent", Some(USER_AGENT)),
        ("Accept-Encoding", head.accept_encoding.then_some("gzip, deflate")),
        ("Authorization", target.basic_auth.as_deref()),
    ];
    for (name, value) in defaults {
        if let Some(value) = value.filter(|_| !head.has(name)) {
            put(out, [name, ": ", value, "\r\n"]);
        }
    }
    let mut cookie_end = None;
    for (name, value) in &head.headers {
        if name.eq_ignore_ascii_case("Host") || name.eq_ignore_ascii_case("Content-Length") {
            continue;
        }
        put(out, [name, ": ", value, "\r\n"]);
        if name.eq_ignore_ascii_case("Cookie") {
            cookie_end = Some(out.len() - 2);
        }
    }
    cookie_end
}

impl fmt::Debug for Prepared {
    /// Without headers and body: they may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prepared({} {:?}, {} bytes)", self.method, self.target, self.bytes.len())
    }
}

/// `application/x-www-form-urlencoded`, as browsers write it (WHATWG URL, section 5.2), pairs in the order given.
pub fn form_encode<K: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (K, V)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// `url` with `pairs` added to its query; the URL may be relative, and its fragment stays last.
pub fn query_append<K: AsRef<str>, V: AsRef<str>>(url: &str, pairs: impl IntoIterator<Item = (K, V)>) -> String {
    let query = form_encode(pairs);
    if query.is_empty() {
        return url.to_owned();
    }
    let (url, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
    let joint = match url.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some((_, old)) if old.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{url}{joint}{query}{fragment}")
}
