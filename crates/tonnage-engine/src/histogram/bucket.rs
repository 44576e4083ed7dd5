//! Which values share a counter: the HDR layout for three significant digits.
//!
//! ```text
//! values below 2048          one counter each                              b = 0
//! values from 2¹⁰⁺ᵇ to 2¹¹⁺ᵇ   1024 counters, each 2ᵇ values wide             b = 1 … 52
//! ```
//!
//! A counter is at most 1/1024 of its lowest value wide: that is the relative error, 0.098 %.
//!
//! Source: HdrHistogram's layout with lowest discernible value 1 and 2048 sub-buckets, so that its V2 form can be read
//! and written without a conversion.

/// The largest value that has a counter, 2⁶³ - 1: what HDR's signed form can hold. As nanoseconds, 292 years.
pub const MAX_VALUE: u64 = i64::MAX as u64;

/// log₂ of the counters in one octave.
const HALF_BITS: u32 = 10;
/// Values up to here have a counter each.
const FINE: u64 = (2 << HALF_BITS) - 1;
/// `leading_zeros` of every fine value, as if all had eleven bits.
const FINE_ZEROS: u32 = FINE.leading_zeros();

/// How many counters there are.
pub(super) const LENGTH: usize = index_of(MAX_VALUE) + 1;

/// The counter of a value up to MAX_VALUE. Four instructions and no branch: it runs for every sample.
#[inline]
pub(super) const fn index_of(value: u64) -> usize {
    let octave = FINE_ZEROS - (value | FINE).leading_zeros();
    ((octave as usize) << HALF_BITS) + (value >> octave) as usize
}

/// The lowest and the highest value of a counter.
pub(super) fn range_of(index: usize) -> (u64, u64) {
    let octave = (index >> HALF_BITS).saturating_sub(1);
    let lowest = ((index - (octave << HALF_BITS)) as u64) << octave;
    (lowest, lowest + ((1 << octave) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_holds_the_values_between_its_borders() {
        let mut next = 0;
        for index in 0..LENGTH {
            let (lowest, highest) = range_of(index);
            assert_eq!(lowest, next);
            assert_eq!([index_of(lowest), index_of(highest)], [index; 2]);
            assert!((highest - lowest) * 1024 <= lowest);
            next = highest + 1;
        }
        assert_eq!(next, MAX_VALUE + 1);
    }
}
