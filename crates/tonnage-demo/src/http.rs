//! HTTP/1 requests out of bytes. It knows no socket and no route.

use std::borrow::Cow;
use std::mem::MaybeUninit;

use httparse::{Header, Status};

/// Longest request line with headers \[bytes\].
const LONGEST_HEAD: usize = 64 << 10;
/// Longest body, decoded \[bytes\].
const LONGEST_BODY: usize = 16 << 20;
/// Most headers of one request.
pub const MOST_HEADERS: usize = 64;

/// Room in which [`parse`] lists the headers.
pub type Room<'b> = [MaybeUninit<Header<'b>>; MOST_HEADERS];

/// One complete request, borrowed from the bytes it was read from.
#[derive(Debug)]
pub struct Request<'h, 'b> {
    pub method: &'b str,
    /// The target up to the question mark.
    pub path: &'b str,
    /// The target from after the question mark.
    pub query: &'b str,
    pub headers: &'h [Header<'b>],
    /// Without its transfer coding.
    pub body: Cow<'b, [u8]>,
    /// Whether the client wants to go on with the connection.
    pub keep_alive: bool,
    /// HTTP/1.0: knows no chunks, and keeps alive only when told.
    pub old: bool,
}

impl<'b> Request<'_, 'b> {
    /// The first header of that name, in lower case or not.
    pub fn header(&self, name: &str) -> Option<&'b [u8]> {
        find(self.headers, name)
    }
}

/// What stands at the beginning of some bytes.
#[derive(Debug)]
pub enum Parsed<'h, 'b> {
    /// A request, and the number of bytes it takes.
    Complete(Request<'h, 'b>, usize),
    /// Not all of one: no use to try again with fewer than `need` bytes.
    Partial { need: usize, expects_continue: bool },
    /// No request: the status to answer before closing.
    Invalid(u16),
}

/// Read one request from the beginning of `bytes`.
pub fn parse<'h, 'b>(bytes: &'b [u8], room: &'h mut Room<'b>) -> Parsed<'h, 'b> {
    let mut head = httparse::Request::new(&mut []);
    let length = match head.parse_with_uninit_headers(bytes, room) {
        Ok(Status::Complete(length)) if length <= LONGEST_HEAD => length,
        Ok(Status::Partial) if bytes.len() < LONGEST_HEAD => {
            return Parsed::Partial { need: bytes.len() + 1, expects_continue: false };
        }
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Parsed::Invalid(431),
        Err(httparse::Error::Version) => return Parsed::Invalid(505),
        Err(_) => return Parsed::Invalid(400),
    };
    let httparse::Request { method: Some(method), path: Some(target), version: Some(version), .. } = head else {
        return Parsed::Invalid(400);
    };
    let headers: &'h [Header<'b>] = head.headers;
    let body = match read_body(headers, &bytes[length..]) {
        Body::Complete(body, used) => (body, length + used),
        Body::Partial(need) => {
            let expects_continue = find(headers, "expect").is_some_and(|v| v.eq_ignore_ascii_case(b"100-continue"));
            return Parsed::Partial { need: length + need, expects_continue };
        }
        Body::Invalid(status) => return Parsed::Invalid(status),
    };
    let (path, query) = split_target(target);
    let connection = find(headers, "connection").unwrap_or_default();
    let keep_alive = if version == 0 { has_token(connection, b"keep-alive") } else { !has_token(connection, b"close") };
    Parsed::Complete(Request { method, path, query, headers, body: body.0, keep_alive, old: version == 0 }, body.1)
}

/// Path and query of a target in origin form (`/a?b`) or absolute form (`http://host/a?b`).
fn split_target(target: &str) -> (&str, &str) {
    let origin = match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => rest.find('/').map_or("/", |slash| &rest[slash..]),
        _ => target,
    };
    origin.split_once('?').unwrap_or((origin, ""))
}

fn find<'b>(headers: &[Header<'b>], name: &str) -> Option<&'b [u8]> {
    headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
}

fn has_token(list: &[u8], token: &[u8]) -> bool {
    list.split(|&byte| byte == b',').any(|item| item.trim_ascii().eq_ignore_ascii_case(token))
}

enum Body<'b> {
    Complete(Cow<'b, [u8]>, usize),
    Partial(usize),
    Invalid(u16),
}

fn read_body<'b>(headers: &[Header<'b>], rest: &'b [u8]) -> Body<'b> {
    let length = find(headers, "content-length");
    match (find(headers, "transfer-encoding"), length) {
        (None, None) => Body::Complete(Cow::Borrowed(&[]), 0),
        (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => read_chunks(rest),
        (Some(_), None) => Body::Invalid(501),
        (Some(_), Some(_)) => Body::Invalid(400), // two lengths that may differ: a smuggled request
        (None, Some(text)) => match number(text) {
            None => Body::Invalid(400),
            Some(length) if length > LONGEST_BODY => Body::Invalid(413),
            Some(length) if rest.len() < length => Body::Partial(length),
            Some(length) => Body::Complete(Cow::Borrowed(&rest[..length]), length),
        },
    }
}

/// A plain decimal number; no sign, no blanks inside.
fn number(text: &[u8]) -> Option<usize> {
    let digits = text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}

fn read_chunks(rest: &[u8]) -> Body<'_> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let (head, size) = match httparse::parse_chunk_size(&rest[at..]) {
            Ok(Status::Complete((head, size))) => (head, size),
            Ok(Status::Partial) if rest.len() - at < 1_024 => return Body::Partial(rest.len() + 1),
            _ => return Body::Invalid(400),
        };
        at += head;
        if size == 0 {
            return read_trailers(rest, at, body);
        }
        if size > (LONGEST_BODY - body.len()) as u64 {
            return Body::Invalid(413);
        }
        let end = at + size as usize;
        match rest.get(end..end + 2) {
            None => return Body::Partial(end + 2),
            Some(b"\r\n") => body.extend_from_slice(&rest[at..end]),
            Some(_) => return Body::Invalid(400),
        }
        at = end + 2;
    }
}

/// Skip trailer lines up to the empty one.
fn read_trailers(rest: &[u8], mut at: usize, body: Vec<u8>) -> Body<'_> {
    loop {
        let Some(line) = rest[at..].windows(2).position(|pair| pair == b"\r\n") else {
            let endless = rest.len() - at > LONGEST_HEAD;
            return if endless { Body::Invalid(431) } else { Body::Partial(rest.len() + 1) };
        };
        at += line + 2;
        if line == 0 {
            return Body::Complete(Cow::Owned(body), at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EMPTY: Room<'static> = [const { MaybeUninit::uninit() }; MOST_HEADERS];

    /// Method, path, query, body and bytes used; or the status, or 0 for an incomplete one.
    fn read(bytes: &[u8]) -> Result<(String, String, String, Vec<u8>, usize), u16> {
        let mut room = EMPTY;
        match parse(bytes, &mut room) {
            Parsed::Complete(r, used) => {
                Ok((r.method.into(), r.path.into(), r.query.into(), r.body.into_owned(), used))
            }
            Parsed::Partial { need, .. } => {
                assert!(need > bytes.len());
                Err(0)
            }
            Parsed::Invalid(status) => Err(status),
        }
    }

    const CHUNKED: &[u8] =
        b"POST /a?b=c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n";

    #[test]
    fn a_body_ends_where_its_length_says() {
        let (_, _, _, body, used) = read(b"POST /e HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET").unwrap();
        assert_eq!((body.as_slice(), used), (b"abc".as_slice(), 42));
    }

    #[test]
    fn chunks_are_joined_and_trailers_skipped() {
        let (method, path, query, body, used) = read(CHUNKED).unwrap();
        assert_eq!((method.as_str(), path.as_str(), query.as_str()), ("POST", "/a", "b=c"));
        assert_eq!((body.as_slice(), used), (b"abcde".as_slice(), CHUNKED.len()));
    }

    #[test]
    fn every_beginning_of_a_request_is_incomplete() {
        for end in 0..CHUNKED.len() {
            assert_eq!(read(&CHUNKED[..end]), Err(0), "{end}");
        }
    }

    #[test]
    fn what_is_no_request_gets_its_status() {
        for (bytes, status) in [
            (b"nonsense\r\n\r\n".as_slice(), 400),
            (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
            (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n", 413),
            (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
            (b"GET / HTTP/7.0\r\n\r\n", 505),
        ] {
            assert_eq!(read(bytes), Err(status), "{}", String::from_utf8_lossy(bytes));
        }
        assert_eq!(read(&[b"GET / HTTP/1.1\r\nA: ".as_slice(), &[b'x'; LONGEST_HEAD]].concat()), Err(431));
    }

    #[test]
    fn the_connection_goes_on_unless_one_side_says_no() {
        for (bytes, expected) in [
            (b"GET / HTTP/1.1\r\n\r\n".as_slice(), true),
            (b"GET / HTTP/1.1\r\nConnection: TE, Close\r\n\r\n", false),
            (b"GET / HTTP/1.0\r\n\r\n", false),
            (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true),
        ] {
            let mut room = EMPTY;
            let Parsed::Complete(request, _) = parse(bytes, &mut room) else { panic!() };
            assert_eq!(request.keep_alive, expected);
        }
    }

    #[test]
    fn an_absolute_target_is_its_path() {
        assert_eq!(split_target("http://host:1/a/b?c"), ("/a/b", "c"));
        assert_eq!(split_target("http://host"), ("/", ""));
        assert_eq!(split_target("/a?u=http://b"), ("/a", "u=http://b"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
            let _ = read(&[b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", bytes.as_slice()].concat());
        }
    }
}
