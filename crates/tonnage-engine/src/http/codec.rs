//! Receiving one HTTP/1.x response: at once where it lies complete in the buffer, else piece by piece.

use std::mem::{self, MaybeUninit};

use httparse::{Header, ParserConfig, Status};

use super::framing::{Body, Chunks, Fields};
use super::{Failure, Limits, Response, Version};

/// Most fields in a header block.
const HEADERS: usize = 256;

/// Most fields that the fast path looks at; more is unusual and takes the slow one.
const HEADERS_FAST: usize = 64;

/// Longest header block of the fast path, equal to the default limit.
const HEADER_FAST: usize = 64 << 10;

/// Most interim responses before the final one: a few 103s are common, a flood is an attack (reliability case 11).
const INTERIM: u32 = 32;

/// How every response of this client begins. A first byte that differs is refused at once, instead of after 64 KiB.
const PREFIX: &[u8] = b"HTTP/1.";

/// Most bytes of a body that are allocated because Content-Length announces them; beyond, memory follows what arrives.
const RESERVED: u64 = 64 << 10;

/// A complete response at the front of a buffer: the head is `buf[..head_len]`, the body the `body_len` bytes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole {
    /// head_len + body_len.
    pub consumed: usize,
    pub status: u16,
    pub version: Version,
    pub head_len: usize,
    pub body_len: usize,
    pub keep_alive: bool,
    pub sets_cookies: bool,
}

/// Find a complete, plain response at the front of `buf`.
///
/// None means "use a `Reception`", never "broken": the response may be incomplete, chunked, content-encoded, interim,
/// read until close, or invalid. Where this returns Some, a `Reception` with default limits would agree.
///
/// Cost: one pass of httparse over the head and one look at each field's length, about 150 ns for six fields. The
/// table of fields is left uninitialised, since clearing 2 KiB a request would cost a third of that.
#[inline]
pub fn parse_whole(buf: &[u8], request_was_head: bool) -> Option<Whole> {
    if !buf.starts_with(PREFIX) {
        return None;
    }
    let mut table = [const { MaybeUninit::uninit() }; HEADERS_FAST];
    let head = parse_head(buf, &mut table).ok()??;
    if head.fields.encoded || head.status < 200 || head.len > HEADER_FAST {
        return None;
    }
    let body = head.fields.body(head.status, request_was_head).ok()?;
    let body_len = match body {
        Body::Empty => 0,
        Body::Length(length) => usize::try_from(length).ok().filter(|&length| length <= buf.len() - head.len)?,
        Body::Chunked | Body::UntilClose => return None,
    };
    Some(head.whole(body, body_len))
}

/// A parsed header block.
struct ParsedHead {
    len: usize,
    status: u16,
    minor: u8,
    fields: Fields,
}

impl ParsedHead {
    #[inline]
    fn whole(&self, body: Body, body_len: usize) -> Whole {
        Whole {
            consumed: self.len + body_len,
            status: self.status,
            version: if self.minor == 0 { Version::Http10 } else { Version::Http11 },
            head_len: self.len,
            body_len,
            keep_alive: self.fields.keeps_alive(self.minor, self.status, body),
            sets_cookies: self.fields.sets_cookies,
        }
    }
}

/// The header block at the front of `buf`; None if it is incomplete.
#[inline]
fn parse_head<'a>(buf: &'a [u8], table: &mut [MaybeUninit<Header<'a>>]) -> Result<Option<ParsedHead>, Failure> {
    let mut response = httparse::Response::new(&mut []);
    let len = match ParserConfig::default().parse_response_with_uninit_headers(&mut response, buf, table) {
        Ok(Status::Complete(len)) => len,
        Ok(Status::Partial) => return Ok(None),
        Err(error) => return Err(Failure::Protocol(reason(error))),
    };
    let (Some(status @ 100..), Some(minor)) = (response.code, response.version) else {
        return Err(Failure::Protocol("status below 100"));
    };
    Ok(Some(ParsedHead { len, status, minor, fields: Fields::read(response.headers) }))
}

fn reason(error: httparse::Error) -> &'static str {
    match error {
        httparse::Error::HeaderName => "invalid character in a header name",
        httparse::Error::HeaderValue => "invalid character in a header value",
        httparse::Error::NewLine => "invalid line ending in the header block",
        httparse::Error::Status => "invalid status line",
        httparse::Error::TooManyHeaders => "more than 256 headers",
        httparse::Error::Version => "not HTTP/1.0 or HTTP/1.1",
        httparse::Error::Token => "invalid character in the header block",
    }
}

/// What one `feed` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fed {
    /// Bytes taken from the front; less than all only if the response is complete. What is left over was not asked
    /// for, unless another request is in flight: the connection must then not be reused.
    pub consumed: usize,
    pub complete: bool,
}

/// Receives one response after the other on a connection, in pieces of any size.
///
/// Work is linear in the bytes fed, whatever the pieces: a header block is searched once for its end, then parsed once.
/// Memory is bounded by the limits. After a failure the connection is dead, and every call returns that failure.
#[derive(Debug)]
pub struct Reception {
    limits: Limits,
    head_request: bool,
    started: bool,
    interim: u32,
    state: State,
    facts: Whole,
    kept: Kept,
}

#[derive(Debug)]
enum State {
    Head,
    /// Bytes of the body still to come.
    Length(u64),
    Chunked(Chunks),
    UntilClose,
    Complete,
    Failed(Failure),
}

/// The header block, and behind it what is kept of the body.
#[derive(Debug)]
struct Kept {
    raw: Vec<u8>,
    received: u64,
    truncated: bool,
    /// Whether the body is wanted at all.
    wanted: bool,
    room: usize,
}

impl Kept {
    fn new(wanted: bool, limits: &Limits) -> Kept {
        Kept { raw: Vec::new(), received: 0, truncated: false, wanted, room: limits.body_kept }
    }

    fn expect(&mut self, length: u64) {
        if self.wanted {
            self.raw.reserve_exact(self.room.min(length.min(RESERVED) as usize));
        }
    }

    fn add(&mut self, content: &[u8]) {
        self.received += content.len() as u64;
        if self.wanted {
            let fits = content.len().min(self.room);
            self.raw.extend_from_slice(&content[..fits]);
            self.room -= fits;
            self.truncated |= fits < content.len();
        }
    }
}

const NOTHING: Whole = Whole {
    consumed: 0,
    status: 0,
    version: Version::Http11,
    head_len: 0,
    body_len: 0,
    keep_alive: false,
    sets_cookies: false,
};

impl Reception {
    /// Ready for the response to a GET whose body is kept.
    pub fn new(limits: Limits) -> Reception {
        let (kept, state) = (Kept::new(true, &limits), State::Head);
        Reception { limits, head_request: false, started: false, interim: 0, state, facts: NOTHING, kept }
    }

    /// Forget everything and expect the response to one request. `keep_body = false` counts the body and drops it.
    pub fn start(&mut self, head_request: bool, keep_body: bool) {
        self.kept = Kept::new(keep_body, &self.limits);
        self.head_request = head_request;
        self.started = false;
        self.interim = 0;
        self.state = State::Head;
        self.facts = NOTHING;
    }

    /// At least one byte of the response, or of an interim one before it, has arrived.
    pub fn started(&self) -> bool {
        self.started
    }

    /// The response is complete and may be taken.
    pub fn is_complete(&self) -> bool {
        matches!(self.state, State::Complete)
    }

    /// Take bytes as they arrive.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Fed, Failure> {
        let mut consumed = 0;
        self.started |= !bytes.is_empty() && !self.is_complete();
        while consumed < bytes.len() && !self.is_complete() {
            match self.advance(&bytes[consumed..]) {
                Ok(taken) => consumed += taken,
                Err(failure) => return Err(self.fail(failure)),
            }
        }
        Ok(Fed { consumed, complete: self.is_complete() })
    }

    /// The peer has closed its side. Completes a body that is read until close; every other response is then cut short.
    pub fn end_of_stream(&mut self) -> Result<(), Failure> {
        let failure = match &self.state {
            State::Complete => return Ok(()),
            State::UntilClose => {
                self.state = State::Complete;
                return Ok(());
            }
            State::Failed(failure) => failure.clone(),
            _ if self.started => Failure::Truncated,
            _ => Failure::ClosedUnanswered,
        };
        Err(self.fail(failure))
    }

    /// The response, once `feed` or `end_of_stream` has completed it; before that, whatever there is of it.
    /// Call `start` before the next one.
    pub fn take(&mut self) -> Response {
        let raw = mem::take(&mut self.kept.raw).into_boxed_slice();
        let mut facts = mem::replace(&mut self.facts, NOTHING);
        facts.head_len = facts.head_len.min(raw.len());
        Response::received(facts, self.kept.truncated, self.kept.received, raw)
    }

    fn fail(&mut self, failure: Failure) -> Failure {
        self.state = State::Failed(failure.clone());
        failure
    }

    /// One state's share of `bytes`, which are not empty; returns how many it took, at least one.
    fn advance(&mut self, bytes: &[u8]) -> Result<usize, Failure> {
        match &mut self.state {
            State::Head => self.advance_head(bytes),
            State::Length(left) => {
                let run = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                self.kept.add(&bytes[..run]);
                *left -= run as u64;
                if *left == 0 {
                    self.state = State::Complete;
                }
                Ok(run)
            }
            State::Chunked(chunks) => {
                let (taken, complete) = chunks.feed(bytes, |content| self.kept.add(content))?;
                if complete {
                    self.state = State::Complete;
                }
                Ok(taken)
            }
            State::UntilClose => {
                self.kept.add(bytes);
                Ok(bytes.len())
            }
            State::Complete => Ok(0),
            State::Failed(failure) => Err(failure.clone()),
        }
    }

    /// Collect up to the next line end, and look whether that line was the empty one.
    fn advance_head(&mut self, bytes: &[u8]) -> Result<usize, Failure> {
        let head = &mut self.kept.raw;
        let line_end = bytes.iter().position(|&byte| byte == b'\n');
        let run = line_end.map_or(bytes.len(), |at| at + 1);
        let before = head.len();
        if before + run > self.limits.header {
            return Err(Failure::Protocol("header block above the limit"));
        }
        head.extend_from_slice(&bytes[..run]);
        if before < PREFIX.len() && !(head.starts_with(PREFIX) || PREFIX.starts_with(head)) {
            return Err(Failure::Protocol("not an HTTP/1.x response"));
        }
        if line_end.is_some() && (head.ends_with(b"\n\r\n") || head.ends_with(b"\n\n")) {
            self.end_head()?;
        }
        Ok(run)
    }

    fn end_head(&mut self) -> Result<(), Failure> {
        let mut table = [const { MaybeUninit::uninit() }; HEADERS];
        let head = parse_head(&self.kept.raw, &mut table)?.filter(|head| head.len == self.kept.raw.len());
        let head = head.ok_or(Failure::Protocol("invalid header block"))?;
        if head.status < 200 && head.status != 101 {
            return self.skip_interim();
        }
        let body = head.fields.body(head.status, self.head_request)?;
        self.facts = head.whole(body, 0);
        self.state = match body {
            Body::Empty | Body::Length(0) => State::Complete,
            Body::Length(length) => {
                self.kept.expect(length);
                State::Length(length)
            }
            Body::Chunked => State::Chunked(Chunks::new(self.limits.header)),
            Body::UntilClose => State::UntilClose,
        };
        Ok(())
    }

    /// 1xx are not the answer (RFC 9110, section 15.2); 101 is, since what follows it is another protocol.
    fn skip_interim(&mut self) -> Result<(), Failure> {
        self.interim += 1;
        if self.interim > INTERIM {
            return Err(Failure::Protocol("more than 32 interim responses"));
        }
        self.kept.raw.clear();
        Ok(())
    }
}
