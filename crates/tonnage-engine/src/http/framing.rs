//! Where a response's body ends: the rules of RFC 9112, section 6.3, and the chunked coding of section 7.1.

use httparse::Header;

use super::Failure;

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    Empty,
    Length(u64),
    Chunked,
    UntilClose,
}

/// The fields of one header block that decide framing and reuse of the connection.
#[derive(Debug, Default)]
pub(super) struct Fields {
    length: Option<u64>,
    /// A Content-Length that is no number, or two that differ (RFC 9112 6.3, rule 5).
    length_invalid: bool,
    transfer: Transfer,
    /// Content-Encoding is present.
    pub encoded: bool,
    /// Set-Cookie is present.
    pub sets_cookies: bool,
    close: bool,
    keep_alive: bool,
}

/// What Transfer-Encoding asks for, over all its fields.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Transfer {
    #[default]
    Absent,
    /// Obsolete (RFC 2616, section 3.6), and still sent: no coding at all.
    Identity,
    Chunked,
    Unsupported,
}

impl Fields {
    /// One pass; a name is looked at only if its length fits.
    #[inline]
    pub fn read(headers: &[Header<'_>]) -> Fields {
        let mut fields = Fields::default();
        for header in headers {
            let name = header.name;
            match name.len() {
                10 if name.eq_ignore_ascii_case("connection") => fields.connection(header.value),
                10 if name.eq_ignore_ascii_case("set-cookie") => fields.sets_cookies = true,
                14 if name.eq_ignore_ascii_case("content-length") => fields.content_length(header.value),
                16 if name.eq_ignore_ascii_case("content-encoding") => fields.encoded = true,
                17 if name.eq_ignore_ascii_case("transfer-encoding") => fields.transfer_encoding(header.value),
                _ => {}
            }
        }
        fields
    }

    /// The body of a response to a request (RFC 9112 6.3). Transfer-Encoding wins over Content-Length.
    #[inline]
    pub fn body(&self, status: u16, head_request: bool) -> Result<Body, Failure> {
        if head_request || status < 200 || status == 204 || status == 304 {
            return Ok(Body::Empty);
        }
        match self.transfer {
            Transfer::Chunked => return Ok(Body::Chunked),
            Transfer::Unsupported => return Err(Failure::Protocol("unsupported Transfer-Encoding")),
            Transfer::Absent | Transfer::Identity => {}
        }
        if self.length_invalid {
            return Err(Failure::Protocol("invalid or conflicting Content-Length"));
        }
        Ok(self.length.map_or(Body::UntilClose, Body::Length))
    }

    /// Whether the connection may carry another request (RFC 9112 9.3). Beyond what the server says, it may not if the
    /// framing is doubtful, since the next response could then begin inside this one:
    /// both framings at once or chunked in HTTP/1.0 (6.1), or a 204 that announces content.
    #[inline]
    pub fn keeps_alive(&self, minor: u8, status: u16, body: Body) -> bool {
        let length_seen = self.length.is_some() || self.length_invalid;
        let doubtful = match self.transfer {
            Transfer::Absent => status == 204 && self.length.is_some_and(|length| length > 0),
            _ => length_seen || minor == 0 || status == 204,
        };
        let asked = !self.close && (minor == 1 || self.keep_alive);
        asked && !doubtful && body != Body::UntilClose && status != 101
    }

    fn connection(&mut self, value: &[u8]) {
        for option in list(value) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    /// Identical repetitions, in one field or several, are one value (RFC 9110, section 8.6).
    fn content_length(&mut self, value: &[u8]) {
        let mut values = 0;
        for element in list(value) {
            values += 1;
            match decimal(element) {
                Some(length) if self.length.is_none_or(|known| known == length) => self.length = Some(length),
                _ => self.length_invalid = true,
            }
        }
        self.length_invalid |= values == 0;
    }

    /// This client never sends TE, so chunked, once, is the only coding a server may apply (RFC 9110, section 10.1.4).
    fn transfer_encoding(&mut self, value: &[u8]) {
        if list(value).next().is_none() {
            self.transfer = Transfer::Unsupported;
        }
        for coding in list(value) {
            self.transfer = match self.transfer {
                Transfer::Absent if coding.eq_ignore_ascii_case(b"chunked") => Transfer::Chunked,
                Transfer::Absent if coding.eq_ignore_ascii_case(b"identity") => Transfer::Identity,
                _ => Transfer::Unsupported,
            };
        }
    }
}

/// The elements of a comma-separated list without optional white space or empty elements (RFC 9110, section 5.6.1.2).
pub(super) fn list(value: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |sum, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// Longest chunk-size line in bytes, extensions included: an extension carries nothing that is used, so more of it
/// would only be a way to waste the generator's time.
const CHUNK_LINE: usize = 4096;

/// Most hexadecimal digits of a chunk size: a u64.
const CHUNK_DIGITS: u32 = 16;

/// The chunked coding, one byte of framing at a time and chunk data in runs.
///
/// ```text
///            ┌───────────────────────────────────────────────┐
///            ▼                                               │
///   Size ─▶ Extension ─▶ SizeEnd ─▶ Data ─▶ DataCr ─▶ DataLf ┘
///                          │ size 0
///                          ▼
///                     TrailerStart ⇄ TrailerLine
///                          │ empty line
///                          ▼
///                         Done
/// ```
/// Framing lines end in CRLF only: a bare LF here is how intermediaries are made to disagree. Trailer fields are
/// dropped (RFC 9110, section 6.5.1 allows it).
#[derive(Debug, Clone)]
pub(super) struct Chunks {
    at: At,
    /// Bytes left of the chunk, or its size as far as it has been read.
    size: u64,
    digits: u32,
    /// Bytes of the current size line, or of the whole trailer section.
    line: usize,
    trailer_limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Size,
    Extension,
    SizeEnd,
    Data,
    DataCr,
    DataLf,
    TrailerStart,
    TrailerLine,
    TrailerEnd,
    Done,
}

impl Chunks {
    /// `trailer_limit`: longest trailer section in bytes.
    pub fn new(trailer_limit: usize) -> Chunks {
        Chunks { at: At::Size, size: 0, digits: 0, line: 0, trailer_limit }
    }

    /// Take framing and data from the front of `bytes`, handing each run of data to `sink`.
    /// Returns the bytes consumed and whether the body is complete.
    pub fn feed(&mut self, bytes: &[u8], mut sink: impl FnMut(&[u8])) -> Result<(usize, bool), Failure> {
        let mut position = 0;
        while position < bytes.len() && self.at != At::Done {
            if self.at == At::Data {
                let rest = &bytes[position..];
                let run = usize::try_from(self.size).map_or(rest.len(), |size| size.min(rest.len()));
                sink(&rest[..run]);
                position += run;
                self.size -= run as u64;
                if self.size == 0 {
                    self.at = At::DataCr;
                }
            } else {
                self.at = self.step(bytes[position])?;
                position += 1;
            }
        }
        Ok((position, self.at == At::Done))
    }

    fn step(&mut self, byte: u8) -> Result<At, Failure> {
        match (self.at, byte) {
            (At::Size, b'\r') if self.digits > 0 => Ok(At::SizeEnd),
            (At::Size, b';' | b' ' | b'\t') if self.digits > 0 => self.count_line(At::Extension),
            (At::Size, digit) => self.digit(digit),
            (At::Extension, b'\r') => Ok(At::SizeEnd),
            // The control characters, bare LF among them, that no quoted string may hold (RFC 9110, section 5.6.4).
            (At::Extension, 0..=8 | 10..=31 | 127) => Err(Failure::Protocol("control character in a chunk extension")),
            (At::Extension, _) => self.count_line(At::Extension),
            (At::SizeEnd, b'\n') => {
                let next = if self.size == 0 { At::TrailerStart } else { At::Data };
                (self.digits, self.line) = (0, 0);
                Ok(next)
            }
            (At::DataCr, b'\r') => Ok(At::DataLf),
            (At::DataLf, b'\n') => Ok(At::Size),
            (At::TrailerStart, b'\r') => Ok(At::TrailerEnd),
            (At::TrailerStart | At::TrailerEnd, b'\n') => Ok(At::Done),
            (At::TrailerStart, _) => self.count_trailer(At::TrailerLine),
            (At::TrailerLine, b'\n') => self.count_trailer(At::TrailerStart),
            (At::TrailerLine, _) => self.count_trailer(At::TrailerLine),
            _ => Err(Failure::Protocol("chunk not ended by CRLF")),
        }
    }

    fn digit(&mut self, byte: u8) -> Result<At, Failure> {
        let Some(digit) = char::from(byte).to_digit(16) else {
            return Err(Failure::Protocol("chunk size is not a hexadecimal number"));
        };
        self.digits += 1;
        if self.digits > CHUNK_DIGITS {
            return Err(Failure::Protocol("chunk size above 64 bits"));
        }
        self.size = self.size << 4 | u64::from(digit);
        Ok(At::Size)
    }

    fn count_line(&mut self, next: At) -> Result<At, Failure> {
        self.line += 1;
        (self.line <= CHUNK_LINE).then_some(next).ok_or(Failure::Protocol("chunk extension above 4 KiB"))
    }

    fn count_trailer(&mut self, next: At) -> Result<At, Failure> {
        self.line += 1;
        (self.line <= self.trailer_limit).then_some(next).ok_or(Failure::Protocol("trailer section above the limit"))
    }
}
