//! Histograms as bytes, for every border between threads, processes, machines and files.
//!
//! ```text
//! encode      sum u128 · min u64 · max u64, little endian (zeros while empty), then encode_v2
//! encode_v2   HdrHistogram's V2 form: a header of 40 bytes, big endian,
//!             cookie u32 · payload length u32 · normalizing offset u32 = 0 · digits u32 = 3 ·
//!             lowest value u64 = 1 · highest value u64 · integer to double ratio f64 = 1
//!             then the counters in order as zig-zag LEB128 of at most nine bytes; -n stands for n zeros
//! ```
//!
//! The bytes may come from anyone: decoding neither panics nor holds more memory than a full histogram.
//!
//! Source: HdrHistogram's `AbstractHistogram.encodeIntoByteBuffer` and `ZigZagEncoding`; checked in both directions
//! against the `hdrhistogram` crate.

use std::fmt;

use super::bucket::{index_of, range_of, LENGTH, MAX_VALUE};
use super::{Histogram, COUNT_LIMIT};

const V2_COOKIE: u32 = 0x1c84_9313;
const FACTS: usize = 32;
const DIGITS: u32 = 3;

impl Histogram {
    /// Appends the histogram with its exact facts.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.sum.to_le_bytes());
        out.extend(self.min().unwrap_or(0).to_le_bytes());
        out.extend(self.max().unwrap_or(0).to_le_bytes());
        self.encode_v2(out);
    }

    /// Appends the histogram as other HDR tools read it; sum, min and max are then as exact as the buckets.
    pub fn encode_v2(&self, out: &mut Vec<u8>) {
        let header = out.len();
        out.extend(V2_COOKIE.to_be_bytes());
        out.extend(0u32.to_be_bytes());
        out.extend(0u32.to_be_bytes());
        out.extend(DIGITS.to_be_bytes());
        out.extend(1u64.to_be_bytes());
        out.extend(MAX_VALUE.to_be_bytes());
        out.extend(1f64.to_be_bytes());
        let payload = out.len();
        let mut next = 0;
        for (index, count) in self.counters.iter() {
            match index - next {
                0 => {}
                1 => push_number(out, 0),
                zeros => push_number(out, -(zeros as i64)),
            }
            push_number(out, count as i64);
            next = index + 1;
        }
        let length = (out.len() - payload) as u32;
        out[header + 4..header + 8].copy_from_slice(&length.to_be_bytes());
    }

    /// Reads what `encode` wrote at the start of `bytes`; also says how many bytes that were.
    pub fn decode(bytes: &[u8]) -> Result<(Histogram, usize), DecodeError> {
        let mut reader = Reader { bytes };
        let sum = u128::from_le_bytes(reader.take()?);
        let (min, max) = (u64::from_le_bytes(reader.take()?), u64::from_le_bytes(reader.take()?));
        let (mut histogram, length) = Histogram::decode_v2(reader.bytes)?;
        histogram.correct(sum, min, max)?;
        Ok((histogram, FACTS + length))
    }

    /// Reads the V2 form, of any HDR tool, at the start of `bytes`; also says how many bytes that were.
    ///
    /// Of sum, min and max it says only what the buckets say: a sum over their middles, the lowest value of the first
    /// one and the highest of the last one.
    pub fn decode_v2(bytes: &[u8]) -> Result<(Histogram, usize), DecodeError> {
        let mut reader = Reader { bytes };
        let payload = read_header(&mut reader)?;
        let mut payload = Reader { bytes: reader.split(payload)? };
        let (mut histogram, mut index) = (Histogram::new(), 0usize);
        while !payload.bytes.is_empty() {
            let number = payload.number()?;
            if number > 0 && index < LENGTH {
                histogram.load(index, number as u64)?;
            }
            let counters = if number < 0 { number.unsigned_abs() } else { 1 };
            index = index.saturating_add(usize::try_from(counters).unwrap_or(usize::MAX));
            if index > LENGTH {
                return Err(DecodeError::TooManyCounters);
            }
        }
        Ok((histogram, bytes.len() - reader.bytes.len()))
    }

    /// Counts n in one bucket.
    fn load(&mut self, index: usize, n: u64) -> Result<(), DecodeError> {
        let (lowest, highest) = range_of(index);
        self.counters.count(index, n);
        self.count = self.count.checked_add(n).filter(|count| *count <= COUNT_LIMIT).ok_or(DecodeError::Overflow)?;
        // Cannot overflow: fewer than 2⁶³ values below 2⁶³.
        self.sum += u128::from(lowest + (highest - lowest) / 2) * u128::from(n);
        self.min = self.min.min(lowest);
        self.max = self.max.max(highest);
        Ok(())
    }

    /// Puts the exact facts in the place of those that the buckets suggest, if they can be true.
    fn correct(&mut self, sum: u128, min: u64, max: u64) -> Result<(), DecodeError> {
        if self.is_empty() {
            return if (sum, min, max) == (0, 0, 0) { Ok(()) } else { Err(DecodeError::Inconsistent) };
        }
        let ends_fit = min <= max
            && max <= MAX_VALUE
            && (index_of(min), index_of(max)) == (index_of(self.min), index_of(self.max));
        let mut bounds = (0u128, 0u128);
        for (lowest, highest, count) in self.iter() {
            bounds.0 += u128::from(lowest) * u128::from(count);
            bounds.1 += u128::from(highest) * u128::from(count);
        }
        if !ends_fit || sum < bounds.0 || sum > bounds.1 {
            return Err(DecodeError::Inconsistent);
        }
        (self.sum, self.min, self.max) = (sum, min, max);
        Ok(())
    }
}

/// The header's payload length, if the rest is a layout that Histogram has too.
fn read_header(reader: &mut Reader<'_>) -> Result<usize, DecodeError> {
    let cookie = u32::from_be_bytes(reader.take()?);
    if cookie != V2_COOKIE {
        return Err(DecodeError::Cookie(cookie));
    }
    let length = u32::from_be_bytes(reader.take()?);
    let layout = |what, fits| if fits { Ok(()) } else { Err(DecodeError::Layout(what)) };
    layout("normalizing index offset, which is not 0", u32::from_be_bytes(reader.take()?) == 0)?;
    layout("number of significant digits, which is not 3", u32::from_be_bytes(reader.take()?) == DIGITS)?;
    layout("lowest discernible value, which is not 1", u64::from_be_bytes(reader.take()?) == 1)?;
    // The highest trackable value changes how many counters there may be, not where they are.
    let _highest: [u8; 8] = reader.take()?;
    layout("integer to double ratio, which is not 1", f64::from_be_bytes(reader.take()?) == 1.0)?;
    Ok(length as usize)
}

/// Zig-zag puts the sign into the last bit; LEB128 writes seven bits a byte, except that a ninth byte holds eight.
fn push_number(out: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    for _ in 0..8 {
        if rest < 0x80 {
            break;
        }
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Bytes that have not been read yet.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn split(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let missing = DecodeError::Truncated { missing: length.saturating_sub(self.bytes.len()) };
        let (head, tail) = self.bytes.split_at_checked(length).ok_or(missing)?;
        self.bytes = tail;
        Ok(head)
    }

    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.split(N)?);
        Ok(array)
    }

    fn number(&mut self) -> Result<i64, DecodeError> {
        let mut zigzag = 0u64;
        for shift in (0..).step_by(7) {
            let [byte] = self.take()?;
            if shift == 56 || byte < 0x80 {
                zigzag |= u64::from(byte) << shift;
                break;
            }
            zigzag |= u64::from(byte & 0x7f) << shift;
        }
        Ok((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }
}

/// Why bytes are not a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes end too early: a message was cut. Read all of it before decoding.
    Truncated {
        /// How many bytes are missing at least.
        missing: usize,
    },
    /// Not an uncompressed V2 histogram. Inflate a compressed one (0x1c849314) first; convert V0 and V1 with the tool
    /// that wrote them.
    Cookie(u32),
    /// A histogram of another shape, named here. Record with 3 significant digits and lowest discernible value 1.
    Layout(&'static str),
    /// More counters than values up to 2⁶³ - 1 have: the bytes are damaged. Take them from their source again.
    TooManyCounters,
    /// More than 2⁶³ - 1 values in total: the bytes are damaged. Take them from their source again.
    Overflow,
    /// Sum, minimum or maximum cannot be those of the counters: the bytes are damaged, or only the V2 part was
    /// exchanged. Read the V2 part alone with `decode_v2`.
    Inconsistent,
    /// Not a Trend: its first byte is neither 0 nor 1. Decode a plain Histogram with `Histogram::decode`.
    Tag(u8),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let again = "the bytes are damaged, take them from their source again";
        match self {
            DecodeError::Truncated { missing } => {
                write!(f, "the histogram is cut: at least {missing} bytes are missing; read all of it first")
            }
            DecodeError::Cookie(cookie) => write!(
                f,
                "{cookie:#010x} does not begin an uncompressed V2 histogram ({V2_COOKIE:#010x}); inflate it first"
            ),
            DecodeError::Layout(what) => {
                write!(f, "the histogram has another {what}; record with 3 digits and lowest discernible value 1")
            }
            DecodeError::TooManyCounters => write!(f, "the histogram has counters above 2^63 - 1; {again}"),
            DecodeError::Overflow => write!(f, "the histogram has more than 2^63 - 1 values; {again}"),
            DecodeError::Inconsistent => {
                write!(f, "sum, minimum or maximum of the histogram cannot be those of its counters; {again}")
            }
            DecodeError::Tag(tag) => write!(f, "a Trend begins with 0 or 1, not with {tag}; is it a plain Histogram?"),
        }
    }
}

impl std::error::Error for DecodeError {}
