//! What was measured: the distribution of a whole number (a time in nanoseconds, as a rule) at bounded memory.
//!
//! A [`Histogram`] counts values in buckets of at most 0.1 % relative width and keeps count, sum, minimum and maximum
//! exactly. Histograms add: commutative and associative, with the empty one as identity, so that the seconds of a run
//! and the generators of a fleet can be put together in any order. [`Trend`] is the same for numbers that may be
//! negative.
//!
//! Nothing here knows of metrics, tags, units or time.

mod bucket;
mod codec;
mod counters;
mod trend;

pub use bucket::MAX_VALUE;
pub use codec::DecodeError;
pub use trend::Trend;

use bucket::{index_of, range_of};
use counters::Counters;

/// No histogram says that it holds more values than this, nor a larger sum than these values can have. Far from
/// anything that can be counted one by one, it leaves room above, so that `record` needs no check.
const COUNT_LIMIT: u64 = i64::MAX as u64;
const SUM_LIMIT: u128 = COUNT_LIMIT as u128 * MAX_VALUE as u128;

/// An HDR histogram: lowest discernible value 1, three significant digits, values from 0 to [`MAX_VALUE`].
///
/// Invariant: count, sum, min and max are those of the recorded values, exactly; a counter holds how many of them lie
/// between its borders (both included). Two histograms are equal when they say the same, however they came to it. One
/// that never recorded anything holds no heap memory.
#[derive(Debug, Clone)]
pub struct Histogram {
    counters: Counters,
    count: u64,
    sum: u128,
    /// u64::MAX while empty, so that neither recording nor adding has to ask.
    min: u64,
    /// 0 while empty.
    max: u64,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram::new()
    }
}

impl PartialEq for Histogram {
    fn eq(&self, other: &Histogram) -> bool {
        let facts = |h: &Histogram| (h.count, h.sum, h.min, h.max);
        facts(self) == facts(other) && self.counters.iter().eq(other.counters.iter())
    }
}

impl Eq for Histogram {}

impl Histogram {
    /// An empty histogram.
    pub const fn new() -> Histogram {
        Histogram { counters: Counters::new(), count: 0, sum: 0, min: u64::MAX, max: 0 }
    }

    /// Counts a value; one above [`MAX_VALUE`] counts as [`MAX_VALUE`].
    ///
    /// The most frequent call of the whole engine, several times a request: 2 to 4 ns. The exact facts are kept here,
    /// and not derived from the counters later, because an exact sum cannot be; they cost an addition with carry and
    /// two conditional moves, and no branch. The rest is in `Counters::bump`.
    #[inline]
    pub fn record(&mut self, value: u64) {
        let value = value.min(MAX_VALUE);
        self.counters.bump(index_of(value));
        self.count += 1;
        self.sum += u128::from(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// Counts a value n times.
    pub fn record_n(&mut self, value: u64, n: u64) {
        if n == 0 {
            return;
        }
        let value = value.min(MAX_VALUE);
        self.counters.count(index_of(value), n);
        self.grow(n, u128::from(value) * u128::from(n), value, value);
    }

    /// Counts everything that the other one has counted.
    pub fn add(&mut self, other: &Histogram) {
        self.counters.add(&other.counters);
        self.grow(other.count, other.sum, other.min, other.max);
    }

    fn grow(&mut self, count: u64, sum: u128, min: u64, max: u64) {
        self.count = self.count.saturating_add(count).min(COUNT_LIMIT);
        self.sum = (self.sum + sum).min(SUM_LIMIT);
        self.min = self.min.min(min);
        self.max = self.max.max(max);
    }

    /// Empties the histogram. Memory that was used since the last clear stays, the rest is freed: a steady load
    /// allocates nothing from its second window on, and a series that ended costs nothing.
    pub fn clear(&mut self) {
        self.counters.clear();
        (self.count, self.sum, self.min, self.max) = (0, 0, u64::MAX, 0);
    }

    /// Whether nothing has been counted.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many values have been counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their exact sum.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// The smallest one, exactly; None while empty.
    pub fn min(&self) -> Option<u64> {
        (!self.is_empty()).then_some(self.min)
    }

    /// The largest one, exactly; None while empty.
    pub fn max(&self) -> Option<u64> {
        (!self.is_empty()).then_some(self.max)
    }

    /// sum / count; None while empty.
    pub fn mean(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.sum as f64 / self.count as f64)
    }

    /// The value that a share q of the values do not exceed: the one of rank ⌈q·n⌉, at least 1, up to 0.1 % too high.
    ///
    /// q <= 0 is the exact minimum, q >= 1 the exact maximum; None while empty and where q is not a number.
    pub fn quantile(&self, q: f64) -> Option<u64> {
        match rank(q, self.count)? {
            0 => self.min(),
            rank => self.value_at_rank(rank),
        }
    }

    /// The value of this rank, 1 being the smallest: the highest value of its bucket, but no higher than the maximum.
    /// None outside of 1 to count.
    pub fn value_at_rank(&self, rank: u64) -> Option<u64> {
        Some(self.bucket_at_rank(rank)?.1)
    }

    /// The bucket of a rank, cut to the exact minimum and maximum.
    fn bucket_at_rank(&self, rank: u64) -> Option<(u64, u64)> {
        let mut before = 0u64;
        let mut reaches = |count: u64| {
            before = before.saturating_add(count);
            before >= rank
        };
        let found = self.counters.iter().find(|(_, count)| rank > 0 && reaches(*count));
        let (lowest, highest) = range_of(found?.0);
        Some((lowest.max(self.min), highest.min(self.max)))
    }

    /// How many values are at most `value`, where all values of its bucket count as equal to it.
    pub fn count_at_or_below(&self, value: u64) -> u64 {
        if value >= self.max {
            return self.count;
        }
        if value < self.min {
            return 0;
        }
        let last = index_of(value);
        self.counters.iter().take_while(|(index, _)| *index <= last).map(|(_, count)| count).sum()
    }

    /// How many values are at least `value`, where all values of its bucket count as equal to it.
    pub fn count_at_or_above(&self, value: u64) -> u64 {
        let value = value.min(MAX_VALUE);
        if value <= self.min {
            return self.count;
        }
        if value > self.max {
            return 0;
        }
        let first = index_of(value);
        self.counters.iter().skip_while(|(index, _)| *index < first).map(|(_, count)| count).sum()
    }

    /// The buckets that are not empty, in order: (lowest value, highest value, count).
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        self.counters.iter().map(|(index, count)| {
            let (lowest, highest) = range_of(index);
            (lowest, highest, count)
        })
    }

    /// Bytes that the histogram holds on the heap.
    pub fn heap(&self) -> usize {
        self.counters.heap()
    }
}

/// The rank of a quantile among n values, ⌈q·n⌉ within 1 to n; 0 stands for the minimum. None where there is none.
///
/// The product is lowered by some units in its last place: 0.07·100 is 7.000000000000001 in binary, and means 7.
fn rank(q: f64, n: u64) -> Option<u64> {
    if q.is_nan() || n == 0 {
        return None;
    }
    Some(match q {
        q if q <= 0.0 => 0,
        q if q >= 1.0 => n,
        q => ((q * n as f64 * (1.0 - 2.0 * f64::EPSILON)).ceil() as u64).clamp(1, n),
    })
}
