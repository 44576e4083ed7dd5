//! Undoing content codings (RFC 9110, section 8.4.1), within limits.

use std::borrow::Cow;
use std::io::Read;

use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::framing::list;
use super::{Failure, Limits};

/// Most codings on one body; more than two are not seen outside attacks.
const CODINGS: usize = 5;

/// Decoded bytes below which the ratio is not judged: a page of zeros is no bomb.
const RATIO_FLOOR: usize = 1 << 20;

/// Decoded bytes between two looks at the limits.
const STEP: usize = 32 << 10;

#[derive(Clone, Copy)]
enum Coding {
    Gzip,
    Deflate,
}

/// The content of `body`, from which the codings of a Content-Encoding value are removed, last one first.
///
/// gzip, x-gzip, deflate (zlib as RFC 9110 says, or bare as many servers send) and identity, in any stack. If any
/// coding is unknown the body is returned as it is, so that Content-Encoding stays true of it. An empty body stays
/// empty: answers to HEAD and 304 name a coding without having content.
///
/// # Errors
/// `Failure::Decompression`: corrupt or cut-short data, more than `limits.decoded` bytes, or more than `limits.ratio`
/// bytes out for one in. The ratio counts from the bytes received, so that nested bombs do not multiply it.
pub fn decode<'a>(encoding: &[u8], body: &'a [u8], limits: &Limits) -> Result<Cow<'a, [u8]>, Failure> {
    let mut codings = Vec::new();
    for name in list(encoding).rev() {
        match name.to_ascii_lowercase().as_slice() {
            b"gzip" | b"x-gzip" => codings.push(Coding::Gzip),
            b"deflate" => codings.push(Coding::Deflate),
            b"identity" => {}
            _ => return Ok(Cow::Borrowed(body)),
        }
    }
    if codings.len() > CODINGS {
        return Err(Failure::Decompression("more than 5 codings"));
    }
    let by_ratio = body.len().saturating_mul(limits.ratio).max(RATIO_FLOOR);
    let mut content = Cow::Borrowed(body);
    for coding in codings {
        if content.is_empty() {
            break;
        }
        let decoded = match coding {
            Coding::Gzip => read(MultiGzDecoder::new(&content[..]), limits, by_ratio),
            Coding::Deflate if has_zlib_header(&content) => read(ZlibDecoder::new(&content[..]), limits, by_ratio),
            Coding::Deflate => read(DeflateDecoder::new(&content[..]), limits, by_ratio),
        }?;
        content = Cow::Owned(decoded);
    }
    Ok(content)
}

fn read(mut decoder: impl Read, limits: &Limits, by_ratio: usize) -> Result<Vec<u8>, Failure> {
    let mut decoded = Vec::new();
    loop {
        let before = decoded.len();
        let step = decoder.by_ref().take(STEP as u64).read_to_end(&mut decoded);
        // What came out before an error counts too: a bomb with a broken tail is still a bomb.
        if decoded.len() > limits.decoded {
            return Err(Failure::Decompression("more decoded bytes than the limit"));
        }
        if decoded.len() > by_ratio {
            return Err(Failure::Decompression("expansion ratio above the limit"));
        }
        step.map_err(|_| Failure::Decompression("corrupt or cut-short data"))?;
        if decoded.len() == before {
            return Ok(decoded);
        }
    }
}

/// RFC 1950, section 2.2: method 8, and the two bytes are a multiple of 31. A bare deflate stream would have to begin
/// with a stored block and set padding bits to look like this, which no compressor does.
fn has_zlib_header(body: &[u8]) -> bool {
    matches!(body, [cmf, flags, ..] if cmf & 0x0f == 8 && u16::from_be_bytes([*cmf, *flags]) % 31 == 0)
}
