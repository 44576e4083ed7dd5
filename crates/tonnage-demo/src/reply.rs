//! Replies, and replies as bytes.

use std::io::Write;
use std::sync::Arc;

/// Length of the pieces of a chunked reply \[bytes\].
const CHUNK: usize = 1_024;

/// What stands in a reply. The long ones are made only when they are sent, so that a queue of them costs nothing.
#[derive(Debug)]
pub enum Body {
    Static(&'static [u8]),
    Shared(Arc<[u8]>),
    Owned(Vec<u8>),
    /// So many bytes, with their length said beforehand.
    Fill(usize),
    /// So many bytes, in chunks.
    Chunked(usize),
}

/// An answer, as the service gives it.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub media_type: &'static str,
    /// Headers beyond type, length and connection; their values hold no line breaks.
    pub headers: Vec<(&'static str, Vec<u8>)>,
    pub body: Body,
    /// The connection ends after this answer.
    pub close: bool,
}

/// How the client wants its answer framed.
#[derive(Debug, Clone, Copy)]
pub struct Framing {
    /// The answer to HEAD has no body.
    pub head_only: bool,
    pub keep_alive: bool,
    /// HTTP/1.0.
    pub old: bool,
}

impl Reply {
    pub fn new(status: u16, media_type: &'static str, body: Body) -> Self {
        Reply { status, media_type, headers: Vec::new(), body, close: false }
    }

    pub fn text(status: u16, body: &'static str) -> Self {
        Reply::new(status, "text/plain", Body::Static(body.as_bytes()))
    }

    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        Reply::new(status, "application/json", Body::Owned(value.to_string().into_bytes()))
    }

    pub fn with(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Append the reply to `out`; tells whether the connection goes on.
    pub fn encode(&self, framing: Framing, out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(b"HTTP/1.1 ");
        append_number(self.status.into(), out);
        out.push(b' ');
        out.extend_from_slice(reason(self.status).as_bytes());
        let chunked = matches!(self.body, Body::Chunked(_)) && !framing.old;
        let bodiless = matches!(self.status, 204 | 304);
        if !bodiless {
            append_header("Content-Type", self.media_type.as_bytes(), out);
            if chunked {
                append_header("Transfer-Encoding", b"chunked", out);
            } else {
                out.extend_from_slice(b"\r\nContent-Length: ");
                append_number(self.body.length(), out);
            }
        }
        for (name, value) in &self.headers {
            append_header(name, value, out);
        }
        let goes_on = framing.keep_alive && !self.close;
        if !goes_on {
            append_header("Connection", b"close", out);
        } else if framing.old {
            append_header("Connection", b"keep-alive", out);
        }
        out.extend_from_slice(b"\r\n\r\n");
        if !bodiless && !framing.head_only {
            self.body.append(chunked, out);
        }
        goes_on
    }
}

impl Body {
    fn length(&self) -> usize {
        match self {
            Body::Static(bytes) => bytes.len(),
            Body::Shared(bytes) => bytes.len(),
            Body::Owned(bytes) => bytes.len(),
            Body::Fill(length) | Body::Chunked(length) => *length,
        }
    }

    fn append(&self, chunked: bool, out: &mut Vec<u8>) {
        match self {
            Body::Static(bytes) => out.extend_from_slice(bytes),
            Body::Shared(bytes) => out.extend_from_slice(bytes),
            Body::Owned(bytes) => out.extend_from_slice(bytes),
            Body::Chunked(length) if chunked => append_chunks(*length, out),
            Body::Fill(length) | Body::Chunked(length) => out.resize(out.len() + length, b'x'),
        }
    }
}

fn append_chunks(length: usize, out: &mut Vec<u8>) {
    let mut left = length;
    while left > 0 {
        let size = left.min(CHUNK);
        // Writing to a vector cannot fail.
        let _ = write!(out, "{size:x}\r\n");
        out.resize(out.len() + size, b'x');
        out.extend_from_slice(b"\r\n");
        left -= size;
    }
    out.extend_from_slice(b"0\r\n\r\n");
}

fn append_header(name: &str, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
}

fn append_number(number: usize, out: &mut Vec<u8>) {
    // Writing to a vector cannot fail.
    let _ = write!(out, "{number}");
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "Status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT: Framing = Framing { head_only: false, keep_alive: true, old: false };

    fn encoded(reply: &Reply, framing: Framing) -> (String, bool) {
        let mut out = Vec::new();
        let goes_on = reply.encode(framing, &mut out);
        (String::from_utf8(out).unwrap(), goes_on)
    }

    #[test]
    fn a_reply_says_its_length() {
        let (text, goes_on) = encoded(&Reply::text(200, "hi"), KEPT);
        assert_eq!(text, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi");
        assert!(goes_on);
    }

    #[test]
    fn the_answer_to_head_has_the_length_and_not_the_body() {
        let (text, _) = encoded(&Reply::text(200, "hi"), Framing { head_only: true, ..KEPT });
        assert!(text.ends_with("Content-Length: 2\r\n\r\n"));
    }

    #[test]
    fn chunks_carry_all_bytes() {
        let (text, _) = encoded(&Reply::new(200, "text/plain", Body::Chunked(1_030)), KEPT);
        assert!(text.contains("\r\n\r\n400\r\nxxx") && text.ends_with("\r\n6\r\nxxxxxx\r\n0\r\n\r\n"));
    }

    #[test]
    fn an_old_client_gets_no_chunks() {
        let (text, _) = encoded(&Reply::new(200, "text/plain", Body::Chunked(3)), Framing { old: true, ..KEPT });
        assert!(text.ends_with("Content-Length: 3\r\nConnection: keep-alive\r\n\r\nxxx"));
    }

    #[test]
    fn a_closing_reply_says_so() {
        let (text, goes_on) = encoded(&Reply { close: true, ..Reply::text(204, "") }, KEPT);
        assert_eq!(text, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        assert!(!goes_on);
    }
}
