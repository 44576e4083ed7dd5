//! The laws of Histogram and Trend: a monoid, exact facts, quantiles within 0.1 %, memory that follows use.

use proptest::prelude::*;
use tonnage_engine::histogram::{Histogram, Trend, MAX_VALUE};

/// Values of every size, with ties.
fn value() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..50, 1_000u64..100_000_000, (0u32..64, any::<u64>()).prop_map(|(shift, bits)| bits >> shift)]
}

fn values() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(value(), 0..200)
}

fn signed_values() -> impl Strategy<Value = Vec<i64>> {
    let one = (value(), any::<bool>()).prop_map(|(size, below)| {
        let size = size.min(MAX_VALUE) as i64;
        if below {
            -size
        } else {
            size
        }
    });
    prop::collection::vec(one, 0..200)
}

fn of(values: &[u64]) -> Histogram {
    let mut histogram = Histogram::new();
    values.iter().for_each(|value| histogram.record(*value));
    histogram
}

fn trend(values: &[i64]) -> Trend {
    let mut trend = Trend::new();
    values.iter().for_each(|value| trend.record(*value));
    trend
}

fn sum(parts: &[&Histogram]) -> Histogram {
    parts.iter().fold(Histogram::new(), |mut sum, part| {
        sum.add(part);
        sum
    })
}

/// ⌈q·n⌉ in whole numbers, q in thousandths, at least 1.
fn exact_rank(thousandths: u64, n: usize) -> usize {
    (thousandths as usize * n).div_ceil(1000).max(1)
}

proptest! {
    #[test]
    fn adding_is_commutative_and_associative_with_the_empty_one_as_identity(
        a in values(), b in values(), c in values(),
    ) {
        let all = of(&[a.clone(), b.clone(), c.clone()].concat());
        let (a, b, c) = (of(&a), of(&b), of(&c));
        prop_assert_eq!(sum(&[&a, &b]), sum(&[&b, &a]));
        prop_assert_eq!(sum(&[&sum(&[&a, &b]), &c]), sum(&[&a, &sum(&[&b, &c])]));
        prop_assert_eq!(sum(&[&a, &b, &c]), all);
        prop_assert_eq!(&sum(&[&a, &Histogram::new()]), &a);
    }

    #[test]
    fn counting_n_times_is_counting_n_times(value in value(), n in 0u64..100) {
        let mut at_once = Histogram::new();
        at_once.record_n(value, n);
        prop_assert_eq!(at_once, of(&vec![value; n as usize]));
    }

    #[test]
    fn the_facts_are_exact(values in values()) {
        let histogram = of(&values);
        let clamped: Vec<u64> = values.iter().map(|value| *value.min(&MAX_VALUE)).collect();
        prop_assert_eq!(histogram.count(), values.len() as u64);
        prop_assert_eq!(histogram.sum(), clamped.iter().map(|value| u128::from(*value)).sum());
        prop_assert_eq!(histogram.min(), clamped.iter().min().copied());
        prop_assert_eq!(histogram.max(), clamped.iter().max().copied());
        prop_assert_eq!(histogram.iter().map(|(_, _, count)| count).sum::<u64>(), histogram.count());
    }

    #[test]
    fn a_quantile_is_its_sample_within_a_thousandth(values in values(), q in 0u64..=1000) {
        let histogram = of(&values);
        let mut sorted: Vec<u64> = values.iter().map(|value| *value.min(&MAX_VALUE)).collect();
        sorted.sort_unstable();
        let quantile = histogram.quantile(q as f64 / 1000.0);
        prop_assert_eq!(quantile.is_none(), values.is_empty());
        if let Some(quantile) = quantile {
            let sample = sorted[exact_rank(q, sorted.len()) - 1];
            prop_assert!(sample <= quantile && quantile - sample <= sample / 1000, "{quantile} for {sample}");
        }
    }

    #[test]
    fn quantiles_rise_with_q(values in values(), a in -0.1..1.1, b in -0.1..1.1f64) {
        let histogram = of(&values);
        prop_assert!(histogram.quantile(f64::min(a, b)) <= histogram.quantile(f64::max(a, b)));
        prop_assert_eq!(histogram.quantile(0.0), histogram.min());
        prop_assert_eq!(histogram.quantile(1.0), histogram.max());
    }

    #[test]
    fn counts_up_to_a_value_are_those_of_its_bucket(values in values(), value in value()) {
        let histogram = of(&values);
        let count = histogram.count_at_or_below(value);
        let lenient = values.iter().filter(|sample| **sample <= value + value / 1000).count() as u64;
        let exact = values.iter().filter(|sample| **sample <= value).count() as u64;
        prop_assert!(value > MAX_VALUE / 2 || (exact <= count && count <= lenient));
        if let Some(reached) = histogram.value_at_rank(count.max(1)) {
            prop_assert!(count == 0 || histogram.count_at_or_below(reached) == count);
        }
    }

    #[test]
    fn a_cleared_histogram_is_a_fresh_one(before in values(), after in values()) {
        let mut histogram = of(&before);
        histogram.clear();
        prop_assert_eq!(&histogram, &Histogram::new());
        after.iter().for_each(|value| histogram.record(*value));
        prop_assert_eq!(histogram, of(&after));
    }

    #[test]
    fn a_steady_load_allocates_nothing(values in values()) {
        let mut histogram = of(&values);
        histogram.clear();
        let steady = histogram.heap();
        for _ in 0..3 {
            values.iter().for_each(|value| histogram.record(*value));
            prop_assert_eq!(histogram.heap(), steady);
            histogram.clear();
        }
        histogram.clear();
        prop_assert_eq!(histogram.heap(), 0);
    }

    #[test]
    fn a_trend_is_exact_and_ordered_across_zero(values in signed_values(), q in 0u64..=1000) {
        let ours = trend(&values);
        let mut sorted = values.clone();
        sorted.sort_unstable();
        prop_assert_eq!(ours.count(), values.len() as u64);
        prop_assert_eq!(ours.sum(), values.iter().map(|value| i128::from(*value)).sum());
        prop_assert_eq!([ours.min(), ours.max()], [sorted.first().copied(), sorted.last().copied()]);
        if let Some(quantile) = ours.quantile(q as f64 / 1000.0) {
            let sample = if q == 0 { sorted[0] } else { sorted[exact_rank(q, sorted.len()) - 1] };
            prop_assert!(sample <= quantile && quantile.abs_diff(sample) <= sample.unsigned_abs() / 1000);
        }
        let buckets: Vec<_> = ours.iter().collect();
        prop_assert!(buckets.windows(2).all(|pair| pair[0].0 <= pair[0].1 && pair[0].1 < pair[1].0));
    }

    #[test]
    fn a_trend_counts_up_to_a_value(values in signed_values(), at in any::<prop::sample::Index>()) {
        prop_assume!(!values.is_empty());
        let value = values[at.index(values.len())];
        let near = |sample: &&i64| **sample <= value || sample.abs_diff(value) <= value.unsigned_abs() / 1000;
        let count = trend(&values).count_at_or_below(value);
        prop_assert!(values.iter().filter(|sample| **sample <= value).count() as u64 <= count);
        prop_assert!(count <= values.iter().filter(near).count() as u64);
    }

    #[test]
    fn trends_add_and_clear_like_histograms(a in signed_values(), b in signed_values()) {
        let all = trend(&[a.clone(), b.clone()].concat());
        let (mut left, mut right) = (trend(&a), trend(&b));
        left.add(&trend(&b));
        right.add(&trend(&a));
        prop_assert_eq!(&left, &all);
        prop_assert_eq!(&right, &all);
        left.clear();
        prop_assert_eq!(&left, &Trend::new());
        a.iter().for_each(|value| left.record(*value));
        prop_assert_eq!(left, trend(&a));
    }
}

#[test]
fn nothing_was_recorded_and_nothing_is_held() {
    let empty = Histogram::new();
    assert_eq!([empty.min(), empty.max(), empty.quantile(0.5), empty.value_at_rank(1)], [None; 4]);
    assert_eq!((empty.mean(), empty.count(), empty.sum(), empty.is_empty(), empty.heap()), (None, 0, 0, true, 0));
    let trend = Trend::new();
    assert_eq!([trend.min(), trend.max(), trend.quantile(0.5)], [None; 3]);
    assert_eq!((trend.mean(), trend.is_empty(), trend.heap()), (None, true, 0));
}

#[test]
fn a_rank_is_not_pushed_up_by_binary_fractions() {
    let hundred = of(&(1..=100).collect::<Vec<_>>());
    for percent in 1..=100u64 {
        assert_eq!(hundred.quantile(percent as f64 / 100.0), Some(percent));
    }
    assert_eq!(hundred.quantile(f64::NAN), None);
    assert_eq!([hundred.value_at_rank(0), hundred.value_at_rank(101)], [None; 2]);
    assert_eq!(hundred.mean(), Some(50.5));
}

#[test]
fn counters_do_not_wrap_at_32_bits() {
    let mut histogram = Histogram::new();
    histogram.record_n(7, u64::from(u32::MAX));
    histogram.record(7);
    histogram.record(9);
    assert_eq!(histogram.iter().collect::<Vec<_>>(), [(7, 7, 1 << 32), (9, 9, 1)]);
    let twice = sum(&[&histogram, &histogram]);
    assert_eq!(twice.iter().collect::<Vec<_>>(), [(7, 7, 1 << 33), (9, 9, 2)]);
    let mut almost = Histogram::new();
    almost.record_n(7, 0xffff_fff0);
    almost = sum(&[&almost, &almost]);
    assert_eq!(almost.iter().next(), Some((7, 7, 0x1_ffff_ffe0)));
    histogram.clear();
    histogram.record(7);
    assert_eq!(histogram, of(&[7]));
}

#[test]
fn absurd_counts_saturate() {
    let mut histogram = Histogram::new();
    for _ in 0..5 {
        histogram.record_n(u64::MAX, u64::MAX);
        histogram.record(u64::MAX);
        histogram = sum(&[&histogram, &histogram]);
    }
    assert_eq!(histogram.count(), i64::MAX as u64);
    assert_eq!(histogram.quantile(0.5), Some(MAX_VALUE));
}

#[test]
fn the_ends_of_the_range_are_values_like_others() {
    let mut trend = trend(&[i64::MIN, i64::MAX, 0]);
    assert_eq!([trend.min(), trend.quantile(0.5), trend.max()], [Some(-i64::MAX), Some(0), Some(i64::MAX)]);
    assert_eq!([i64::MIN, -1, 0, i64::MAX].map(|value| trend.count_at_or_below(value)), [1, 1, 2, 3]);
    trend.record_n(-5, 4);
    assert_eq!((trend.count(), trend.value_at_rank(5), trend.value_at_rank(0)), (7, Some(-5), None));
}

#[test]
fn pages_are_freed_when_they_are_no_longer_hit() {
    let wide: Vec<u64> = (0..60).map(|octave| 1 << octave).collect();
    let mut histogram = of(&wide);
    let all = histogram.heap();
    histogram.clear();
    histogram.record(1);
    histogram.clear();
    assert!(histogram.heap() < all / 4, "{} of {all}", histogram.heap());
    assert!(of(&[1_000_000]).heap() < 4096);
}

#[test]
fn few_counters_take_little_and_many_are_counted_alike() {
    for n in [1, 127, 128, 129, 130, 1000] {
        let values: Vec<u64> = (0..n).map(|i| 3000 + 4 * i).collect();
        let backwards: Vec<u64> = values.iter().rev().copied().collect();
        let histogram = of(&values);
        assert_eq!(histogram, of(&backwards));
        assert_eq!(histogram.iter().map(|(low, _, count)| low * count).sum::<u64>(), histogram.sum() as u64);
        for split in [0, 1, n / 2, n] {
            let (left, right) = values.split_at(split as usize);
            assert_eq!(sum(&[&of(left), &of(right)]), histogram, "{split} and {} of {n}", n - split);
        }
    }
    let scattered: Vec<u64> = (0..40).map(|i| 1_000_000 + 60_000 * i).collect();
    assert!(of(&scattered).heap() <= 512, "40 samples of a name take {} bytes", of(&scattered).heap());
}
