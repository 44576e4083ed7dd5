//! A distribution of numbers that may be negative.

use super::codec::{DecodeError, Reader};
use super::{rank, Histogram};

/// A signed histogram: one for the values from 0 up, and its mirror for those below, made when the first one comes.
///
/// Times are never negative, so the common Trend has no mirror and costs what a [`Histogram`] costs. All that holds
/// for a Histogram holds here; values are within ±[`MAX_VALUE`](super::MAX_VALUE), and the relative error is the same
/// on both sides of zero.
#[derive(Debug, Clone, Default)]
pub struct Trend {
    positive: Histogram,
    /// Of the absolute values.
    negative: Option<Box<Histogram>>,
}

impl PartialEq for Trend {
    fn eq(&self, other: &Trend) -> bool {
        self.positive == other.positive && self.mirror() == other.mirror()
    }
}

impl Eq for Trend {}

impl Trend {
    /// An empty Trend.
    pub const fn new() -> Trend {
        Trend { positive: Histogram::new(), negative: None }
    }

    /// Counts a value.
    #[inline]
    pub fn record(&mut self, value: i64) {
        if value >= 0 {
            self.positive.record(value as u64);
        } else {
            self.record_negative(value, 1);
        }
    }

    /// Counts a value n times.
    pub fn record_n(&mut self, value: i64, n: u64) {
        if value >= 0 {
            self.positive.record_n(value as u64, n);
        } else {
            self.record_negative(value, n);
        }
    }

    #[cold]
    fn record_negative(&mut self, value: i64, n: u64) {
        self.negative.get_or_insert_default().record_n(value.unsigned_abs(), n);
    }

    /// Counts everything that the other one has counted.
    pub fn add(&mut self, other: &Trend) {
        self.positive.add(&other.positive);
        if let Some(negative) = other.mirror() {
            self.negative.get_or_insert_default().add(negative);
        }
    }

    /// Empties the Trend; memory as in [`Histogram::clear`].
    pub fn clear(&mut self) {
        self.positive.clear();
        self.negative = self.negative.take().filter(|mirror| !mirror.is_empty());
        if let Some(negative) = &mut self.negative {
            negative.clear();
        }
    }

    /// Whether nothing has been counted.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// How many values have been counted.
    pub fn count(&self) -> u64 {
        self.positive.count() + self.below_zero()
    }

    /// Their exact sum.
    pub fn sum(&self) -> i128 {
        // Both are below 2¹²⁶.
        self.positive.sum() as i128 - self.mirror().map_or(0, |mirror| mirror.sum() as i128)
    }

    /// The smallest value, exactly; None while empty.
    pub fn min(&self) -> Option<i64> {
        self.mirror().and_then(Histogram::max).map(negated).or_else(|| self.positive.min().map(signed))
    }

    /// The largest value, exactly; None while empty.
    pub fn max(&self) -> Option<i64> {
        self.positive.max().map(signed).or_else(|| self.mirror().and_then(Histogram::min).map(negated))
    }

    /// sum / count; None while empty.
    pub fn mean(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.sum() as f64 / self.count() as f64)
    }

    /// The value of rank ⌈q·n⌉, at least 1, up to 0.1 % of its size too high; the ends as in [`Histogram::quantile`].
    pub fn quantile(&self, q: f64) -> Option<i64> {
        match rank(q, self.count())? {
            0 => self.min(),
            rank => self.value_at_rank(rank),
        }
    }

    /// The value of this rank, 1 being the smallest: the highest value of its bucket, but no higher than the maximum.
    pub fn value_at_rank(&self, rank: u64) -> Option<i64> {
        match (self.mirror(), self.below_zero()) {
            // The smallest value has the largest mirror image, and the highest value of a bucket its lowest one.
            (Some(mirror), below) if rank <= below => {
                let (lowest, _) = mirror.bucket_at_rank((below + 1).checked_sub(rank)?)?;
                Some(negated(lowest))
            }
            (_, below) => self.positive.value_at_rank(rank - below).map(signed),
        }
    }

    /// How many values are at most `value`, where all values of its bucket count as equal to it.
    pub fn count_at_or_below(&self, value: i64) -> u64 {
        if value >= 0 {
            return self.below_zero() + self.positive.count_at_or_below(value as u64);
        }
        self.mirror().map_or(0, |mirror| mirror.count_at_or_above(value.unsigned_abs()))
    }

    /// The buckets that are not empty, in order: (lowest value, highest value, count).
    pub fn iter(&self) -> impl Iterator<Item = (i64, i64, u64)> + '_ {
        let mut below: Vec<_> = self.mirror().into_iter().flat_map(Histogram::iter).collect();
        below.reverse();
        let below = below.into_iter().map(|(low, high, count)| (negated(high), negated(low), count));
        below.chain(self.positive.iter().map(|(low, high, count)| (signed(low), signed(high), count)))
    }

    /// Bytes that the Trend holds on the heap.
    pub fn heap(&self) -> usize {
        let mirror = |mirror: &Histogram| mirror.heap() + size_of::<Histogram>();
        self.positive.heap() + self.negative.as_deref().map_or(0, mirror)
    }

    /// Appends the Trend: 0 and the Histogram, or 1, the Histogram and its mirror.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.mirror().is_some()));
        self.positive.encode(out);
        if let Some(negative) = self.mirror() {
            negative.encode(out);
        }
    }

    /// Reads what `encode` wrote at the start of `bytes`; also says how many bytes that were.
    pub fn decode(bytes: &[u8]) -> Result<(Trend, usize), DecodeError> {
        let mut reader = Reader { bytes };
        let [tag] = reader.take()?;
        if tag > 1 {
            return Err(DecodeError::Tag(tag));
        }
        let mut next = || {
            let (histogram, length) = Histogram::decode(reader.bytes)?;
            reader.split(length)?;
            Ok(histogram)
        };
        let positive = next()?;
        let negative = if tag == 1 { Some(Box::new(next()?)) } else { None };
        // A mirror of nothing, or with a zero in it, would count zero on both sides.
        if negative.as_ref().is_some_and(|mirror| mirror.min().unwrap_or(0) == 0) {
            return Err(DecodeError::Inconsistent);
        }
        Ok((Trend { positive, negative }, bytes.len() - reader.bytes.len()))
    }

    /// The mirror, if there is anything in it.
    fn mirror(&self) -> Option<&Histogram> {
        self.negative.as_deref().filter(|mirror| !mirror.is_empty())
    }

    fn below_zero(&self) -> u64 {
        self.mirror().map_or(0, Histogram::count)
    }
}

/// A histogram's values are at most 2⁶³ - 1.
fn signed(value: u64) -> i64 {
    value as i64
}

fn negated(value: u64) -> i64 {
    -(value as i64)
}
