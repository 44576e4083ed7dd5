//! One complete response, kept as the bytes that came; everything else is read from them on demand.

use std::borrow::Cow;

use super::codec::Whole;

/// The version a server answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    Http10,
    Http11,
}

impl Version {
    /// As in k6's `proto` tag.
    pub fn as_str(self) -> &'static str {
        match self {
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
        }
    }
}

/// One response. The head is the raw header block, from the status line to the empty line; the body is what was kept
/// of the content, without chunk framing and with its content coding still on. Both lie in one allocation, since a
/// response is made for every request (about 50 ns) and few are looked at in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub version: Version,
    /// Whether the connection may carry the next request.
    pub keep_alive: bool,
    /// The body went beyond the kept limit, and its rest was dropped. Not set if no body was asked to be kept.
    pub truncated: bool,
    /// Bytes of content received, before content decoding and without chunk framing, whether kept or not.
    pub body_received: u64,
    sets_cookies: bool,
    head_len: usize,
    raw: Box<[u8]>,
}

impl Response {
    /// From the response that `parse_whole` found at the front of `buf`.
    pub fn from_whole(buf: &[u8], whole: &Whole) -> Response {
        Response::copied(buf, whole, whole.consumed)
    }

    /// The same with the body counted but not kept (`discard_response_bodies`).
    pub fn from_whole_without_body(buf: &[u8], whole: &Whole) -> Response {
        Response::copied(buf, whole, whole.head_len)
    }

    fn copied(buf: &[u8], whole: &Whole, end: usize) -> Response {
        let body_received = whole.body_len as u64;
        let Whole { status, version, keep_alive, sets_cookies, head_len, .. } = *whole;
        Response {
            status,
            version,
            keep_alive,
            truncated: false,
            body_received,
            sets_cookies,
            head_len,
            raw: buf[..end].into(),
        }
    }

    /// From parts that a `Reception` has checked: `raw` begins with a valid header block of `head_len` bytes.
    pub(super) fn received(facts: Whole, truncated: bool, body_received: u64, raw: Box<[u8]>) -> Response {
        let Whole { status, version, keep_alive, sets_cookies, head_len, .. } = facts;
        Response { status, version, keep_alive, truncated, body_received, sets_cookies, head_len, raw }
    }

    /// Whether there is a Set-Cookie header; known without another look at the head.
    pub fn sets_cookies(&self) -> bool {
        self.sets_cookies
    }

    /// The raw header block.
    pub fn head(&self) -> &[u8] {
        &self.raw[..self.head_len]
    }

    /// The kept body, with its content coding still on: see `decode::decode`.
    pub fn body(&self) -> &[u8] {
        &self.raw[self.head_len..]
    }

    /// The reason phrase, which may be empty (RFC 9112, section 4); bytes that are not UTF-8 are replaced.
    pub fn status_text(&self) -> Cow<'_, str> {
        let line = self.head().split(|&byte| byte == b'\n').next().unwrap_or_default();
        // "HTTP/1.1 200 OK": the phrase is whatever follows the second space.
        let phrase = line.splitn(3, |&byte| byte == b' ').nth(2).unwrap_or_default();
        String::from_utf8_lossy(phrase.trim_ascii())
    }

    /// All fields in order, names as sent, values without surrounding white space.
    pub fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        // Whoever made the Response has had the block validated, so every line but the first and last is a field.
        self.head().split(|&byte| byte == b'\n').skip(1).filter_map(|line| {
            let colon = line.iter().position(|&byte| byte == b':')?;
            Some((&line[..colon], line[colon + 1..].trim_ascii()))
        })
    }

    /// The value of the first field of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers().find(|(field, _)| field.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// The values of all fields of that name, in order; `Set-Cookie` above all must not be joined.
    pub fn values<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.headers().filter(|(field, _)| field.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// Content-Encoding, its fields joined into one list (RFC 9110, section 5.3).
    pub fn content_encoding(&self) -> Option<Cow<'_, [u8]>> {
        let mut values = self.values("content-encoding");
        let first = values.next()?;
        let mut joined = Cow::Borrowed(first);
        for value in values {
            let list = joined.to_mut();
            list.extend_from_slice(b", ");
            list.extend_from_slice(value);
        }
        Some(joined)
    }
}
