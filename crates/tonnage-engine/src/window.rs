//! What completed within one second, as bytes that cross to whoever adds windows up.
//!
//! ```text
//! window   = "TNW1" generator:u32 epoch:u64 start:i64 length:u32 counters gauges trends     (little endian)
//! counters = n:u32 { key value:i128 }           integers; other sums in 1e-9 fixed point
//! gauges   = n:u32 { key at:f64 last:f64 min:f64 max:f64 }
//! trends   = n:u32 { key size:u32 trend }       the envelope of histogram.rs around HDR V2
//! key      = size:u32 utf-8                     metric, then for each tag \x1f name \x1e value, tags sorted by name
//! ```
//! `start` and `length` are seconds after the released start; samples from before it (setup) form the window that
//! starts at -1. (generator, epoch, start) identifies a window, so duplicates can be recognised.

use crate::histogram::Trend;

const MAGIC: &[u8; 4] = b"TNW1";

/// Writes one window; the three parts are written in order and each counts its entries.
pub struct WindowWriter {
    bytes: Vec<u8>,
    entries_at: usize,
    entries: u32,
}

/// Identity and span of a window.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub generator: u32,
    pub epoch: u64,
    pub start: i64,
    pub length: u32,
}

impl WindowWriter {
    pub fn new(span: Span) -> Self {
        let mut bytes = Vec::with_capacity(4096);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&span.generator.to_le_bytes());
        bytes.extend_from_slice(&span.epoch.to_le_bytes());
        bytes.extend_from_slice(&span.start.to_le_bytes());
        bytes.extend_from_slice(&span.length.to_le_bytes());
        let mut writer = Self { bytes, entries_at: 0, entries: 0 };
        writer.open_part();
        writer
    }

    fn open_part(&mut self) {
        self.entries_at = self.bytes.len();
        self.entries = 0;
        self.bytes.extend_from_slice(&[0; 4]);
    }

    fn close_part(&mut self) {
        self.bytes[self.entries_at..self.entries_at + 4].copy_from_slice(&self.entries.to_le_bytes());
    }

    /// Ends the current part (counters, then gauges) and begins the next one.
    pub fn next_part(&mut self) {
        self.close_part();
        self.open_part();
    }

    fn key(&mut self, metric: &str, tags: &str) {
        self.bytes.extend_from_slice(&((metric.len() + tags.len()) as u32).to_le_bytes());
        self.bytes.extend_from_slice(metric.as_bytes());
        self.bytes.extend_from_slice(tags.as_bytes());
        self.entries += 1;
    }

    pub fn counter(&mut self, metric: &str, tags: &str, value: i128) {
        if value != 0 {
            self.key(metric, tags);
            self.bytes.extend_from_slice(&value.to_le_bytes());
        }
    }

    pub fn gauge(&mut self, metric: &str, tags: &str, [at, last, min, max]: [f64; 4]) {
        self.key(metric, tags);
        for value in [at, last, min, max] {
            self.bytes.extend_from_slice(&value.to_le_bytes());
        }
    }

    pub fn trend(&mut self, metric: &str, tags: &str, trend: &Trend) {
        if trend.is_empty() {
            return;
        }
        self.key(metric, tags);
        let size_at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        trend.encode(&mut self.bytes);
        let size = (self.bytes.len() - size_at - 4) as u32;
        self.bytes[size_at..size_at + 4].copy_from_slice(&size.to_le_bytes());
    }

    pub fn finish(mut self) -> Vec<u8> {
        self.close_part();
        self.bytes
    }
}

/// One window as read from its bytes.
pub struct DecodedWindow {
    pub span: Span,
    pub counters: Vec<(String, i128)>,
    pub gauges: Vec<(String, [f64; 4])>,
    pub trends: Vec<(String, Trend)>,
}

/// Reads the bytes of one window; hostile bytes give a message, never a panic.
pub fn decode(bytes: &[u8]) -> Result<DecodedWindow, String> {
    let mut reader = Reader { bytes };
    if reader.take(4)? != MAGIC {
        return Err("these bytes are not a window: they do not begin with TNW1; was the file or message cut?".into());
    }
    let span = Span {
        generator: u32::from_le_bytes(reader.array()?),
        epoch: u64::from_le_bytes(reader.array()?),
        start: i64::from_le_bytes(reader.array()?),
        length: u32::from_le_bytes(reader.array()?),
    };
    let counters = reader.part(|reader| Ok(i128::from_le_bytes(reader.array()?)))?;
    let gauges = reader.part(|reader| {
        let mut values = [0.0; 4];
        for value in &mut values {
            *value = f64::from_le_bytes(reader.array()?);
        }
        Ok(values)
    })?;
    let trends = reader.part(|reader| {
        let size = u32::from_le_bytes(reader.array()?) as usize;
        let bytes = reader.take(size)?;
        Trend::decode(bytes).map(|(trend, _)| trend).map_err(|error| error.to_string())
    })?;
    Ok(DecodedWindow { span, counters, gauges, trends })
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], String> {
        let (head, tail) = self.bytes.split_at_checked(n).ok_or("the window ends early: bytes are missing")?;
        self.bytes = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn part<T>(&mut self, mut value: impl FnMut(&mut Self) -> Result<T, String>) -> Result<Vec<(String, T)>, String> {
        let entries = u32::from_le_bytes(self.array()?) as usize;
        // The count is not trusted with memory: no entry is shorter than its four bytes of key length.
        let mut part = Vec::with_capacity(entries.min(self.bytes.len() / 4));
        for _ in 0..entries {
            let size = u32::from_le_bytes(self.array()?) as usize;
            let key = String::from_utf8(self.take(size)?.to_vec()).map_err(|_| "a series key is not UTF-8")?;
            part.push((key, value(self)?));
        }
        Ok(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut trend = Trend::new();
        [5, 1_000_000, -3].into_iter().for_each(|value| trend.record(value));
        let mut writer = WindowWriter::new(Span { generator: 1, epoch: 2, start: -1, length: 1 });
        writer.counter("http_reqs", "\x1fname\x1e/", 7);
        writer.counter("never", "", 0);
        writer.next_part();
        writer.gauge("vus", "", [0.5, 3.0, 1.0, 4.0]);
        writer.next_part();
        writer.trend("http_req_duration", "", &trend);
        writer.finish()
    }

    #[test]
    fn a_window_is_read_as_it_was_written() {
        let window = decode(&sample()).unwrap();
        assert_eq!((window.span.generator, window.span.epoch, window.span.start, window.span.length), (1, 2, -1, 1));
        assert_eq!(window.counters, [("http_reqs\x1fname\x1e/".to_string(), 7)]);
        assert_eq!(window.gauges, [("vus".to_string(), [0.5, 3.0, 1.0, 4.0])]);
        assert_eq!(window.trends[0].1.count(), 3);
    }

    #[test]
    fn a_window_that_was_cut_anywhere_is_refused() {
        let bytes = sample();
        for end in 0..bytes.len() {
            assert!(decode(&bytes[..end]).is_err(), "cut at {end}");
        }
    }
}
