//! Partitions, counts and exactness of schedules.

use proptest::prelude::*;
use tonnage_engine::curve::Curve;
use tonnage_engine::schedule::{Arrivals, Fraction, Ramp, Segment, SegmentError, Sequence, Stage, Stripe};

/// Borders of up to five segments in parts of a small denominator.
fn sequence() -> impl Strategy<Value = Sequence> {
    (2u64..40).prop_flat_map(|denominator| {
        prop::collection::btree_set(1..denominator, 0..12).prop_map(move |cuts| {
            let borders: Vec<String> = cuts.iter().map(|cut| format!("{cut}/{denominator}")).collect();
            format!("0,{}", borders.join(",")).parse().unwrap()
        })
    })
}

fn stripes(sequence: &Sequence) -> Vec<Stripe> {
    sequence.segments().map(|segment| Stripe::of(segment, sequence).unwrap()).collect()
}

fn shape() -> impl Strategy<Value = Vec<(f64, f64)>> {
    prop::collection::vec((0.0..5.0, 0.0..40.0), 1..5)
}

fn vu_stages() -> impl Strategy<Value = Vec<Stage>> {
    let stage = (prop_oneof![1 => Just(0), 4 => 0u64..10_000_000_000], 0u64..40);
    prop::collection::vec(stage.prop_map(|(duration_ns, target)| Stage { duration_ns, target }), 1..6)
}

/// VUs at t, of steps in order of time.
fn vus_at(steps: &[tonnage_engine::schedule::Step], t: u64) -> u64 {
    steps.iter().take_while(|step| step.at_ns <= t).last().unwrap().vus
}

proptest! {
    #[test]
    fn segments_share_every_member_once(sequence in sequence(), n in 0u64..500) {
        let stripes = stripes(&sequence);
        let mut members: Vec<u64> = stripes
            .iter()
            .flat_map(|stripe| (0..stripe.scale(n)).map(|k| stripe.member(k).unwrap()))
            .collect();
        members.sort_unstable();
        prop_assert_eq!(members, (0..n).collect::<Vec<_>>());
    }

    #[test]
    fn a_segment_has_its_share_of_every_prefix(sequence in sequence(), n in 0u64..500) {
        for (segment, stripe) in sequence.segments().zip(stripes(&sequence)) {
            let size = |f: Fraction| f.numerator() as f64 / f.denominator() as f64;
            let share = (size(segment.to()) - size(segment.from())) * n as f64;
            prop_assert!((stripe.scale(n) as f64 - share).abs() < 1.0, "{segment} of {sequence}: {n}");
        }
    }

    #[test]
    fn offsets_give_back_the_stripe(sequence in sequence()) {
        for stripe in stripes(&sequence) {
            prop_assert_eq!(Stripe::new(stripe.start(), &stripe.offsets(), stripe.lcd()).unwrap(), stripe);
        }
    }

    #[test]
    fn generators_together_make_the_arrivals_of_one(shape in shape(), count in 1u64..6) {
        let curve = Curve::through(3.0, shape).unwrap();
        let alone: Vec<u64> = Arrivals::ramping(curve.clone(), Stripe::whole()).collect();
        let mut together: Vec<u64> = (0..count)
            .flat_map(|i| Arrivals::ramping(curve.clone(), Stripe::equal(i, count).unwrap()))
            .collect();
        together.sort_unstable();
        prop_assert_eq!(together, alone);
    }

    #[test]
    fn due_counts_the_arrivals_up_to_t(shape in shape(), index in 0u64..3, t in 0u64..25_000_000_000) {
        let curve = Curve::through(3.0, shape).unwrap();
        let constant = Arrivals::constant(7.3, 1.0, 11.0, Stripe::equal(index, 3).unwrap()).unwrap();
        for arrivals in [Arrivals::ramping(curve, Stripe::equal(index, 3).unwrap()), constant] {
            let all: Vec<u64> = arrivals.clone().collect();
            prop_assert_eq!(all.len() as u64, arrivals.total());
            prop_assert!(all.is_sorted());
            prop_assert_eq!(arrivals.due(t), all.iter().filter(|at| **at <= t).count() as u64);
            for (k, at) in all.iter().enumerate() {
                prop_assert!(arrivals.due(*at) > k as u64);
                prop_assert!(*at == 0 || arrivals.due(*at - 1) <= k as u64);
            }
        }
    }

    #[test]
    fn segments_of_a_ramp_add_up_at_every_instant(
        sequence in sequence(), start in 0u64..40, stages in vu_stages(), t in 0u64..60_000_000_000,
    ) {
        let alone = Ramp::new(start, &stages, &Stripe::whole());
        let parts: Vec<Ramp> = stripes(&sequence).iter().map(|stripe| Ramp::new(start, &stages, stripe)).collect();
        let sum: u64 = parts.iter().map(|ramp| vus_at(&ramp.steps(), t)).sum();
        prop_assert_eq!(sum, vus_at(&alone.steps(), t));
    }

    #[test]
    fn what_is_reserved_is_the_highest_count_of_the_last_ramp_down(
        start in 0u64..40, stages in vu_stages(), down in 1u64..20_000_000_000, stop in 0u64..20_000_000_000,
        t in 0u64..60_000_000_000,
    ) {
        let ramp = Ramp::new(start, &stages, &Stripe::whole());
        let reserved = vus_at(&ramp.reserved(down, stop), t);
        if t >= ramp.length() + stop {
            prop_assert_eq!(reserved, 0);
            return Ok(());
        }
        // The end of the last stage takes no VU away before `stop` is over, so its step does not count here.
        let mut steps = ramp.steps();
        if stages.last().unwrap().target > 0 {
            steps.pop();
        }
        let from = t.checked_sub(down);
        let since = steps.iter().filter(|step| from < Some(step.at_ns) && step.at_ns <= t).map(|step| step.vus);
        prop_assert_eq!(reserved, since.chain(from.map(|from| vus_at(&steps, from))).max().unwrap());
    }

    #[test]
    fn no_text_makes_a_segment_panic(text in "[0-9./:%, e-]{0,24}") {
        if let (Ok(segment), Ok(sequence)) = (text.parse::<Segment>(), text.parse::<Sequence>()) {
            let _ = Stripe::of(segment, &sequence);
            let _ = Stripe::of(segment, &Sequence::around(segment));
        }
    }
}

#[test]
fn four_a_second_for_two_seconds_are_eight() {
    let arrivals = Arrivals::constant(4.0, 1.0, 2.0, Stripe::whole()).unwrap();
    let all: Vec<u64> = arrivals.clone().collect();
    assert_eq!(all, (0..8).map(|i| i * 250_000_000).collect::<Vec<u64>>());
    assert_eq!([arrivals.due(0), arrivals.due(249_999_999), arrivals.due(250_000_000)], [1, 1, 2]);
    assert_eq!(arrivals.due(u64::MAX), 8);
    let tenths = Arrivals::constant(10.0, 1.0, 0.3, Stripe::whole()).unwrap();
    assert_eq!(tenths.total(), 3);
}

#[test]
fn the_ten_millionth_arrival_is_exact() {
    // 7 arrivals each 3 s for 12 days: arrival 7m is at 3m s exactly.
    let mut arrivals = Arrivals::constant(7.0, 3.0, 1e6 * 3600.0, Stripe::equal(0, 7).unwrap()).unwrap();
    for m in [0, 1, 1_000_000, 10_000_000u64] {
        assert_eq!(arrivals.nth((m - arrivals.taken()) as usize), Some(m * 3_000_000_000));
    }
}

#[test]
fn peek_is_what_next_gives() {
    let mut arrivals = Arrivals::constant(5.0, 60.0, 30.0, Stripe::equal(1, 2).unwrap()).unwrap();
    assert_eq!(arrivals.peek(), Some(12_000_000_000));
    assert_eq!([arrivals.next(), arrivals.peek(), arrivals.next()], [Some(12_000_000_000), None, None]);
    assert_eq!([arrivals.taken(), arrivals.due(u64::MAX)], [1, 1]);
}

#[test]
fn rates_that_make_no_schedule_are_refused() {
    for (rate, unit, duration) in
        [(0.0, 1.0, 1.0), (f64::NAN, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, -1.0), (1.0, 1.0, 1e300)]
    {
        assert!(Arrivals::constant(rate, unit, duration, Stripe::whole()).is_err());
    }
    let none = Arrivals::constant(1.0, 1.0, 0.0, Stripe::whole()).unwrap();
    assert_eq!([none.total(), none.due(0)], [0, 0]);
}

#[test]
fn segments_are_written_in_four_ways() {
    for (text, same) in [
        ("20%", "0:1/5"),
        ("0.2", "0:1/5"),
        ("1/5", "0:1/5"),
        ("1/2:3/4", "1/2:3/4"),
        ("0.2:2/3", "1/5:2/3"),
        ("12.5%:50%", "1/8:1/2"),
        ("", "0:1"),
        ("1", "0:1"),
    ] {
        assert_eq!(text.parse::<Segment>().unwrap().to_string(), same, "{text}");
    }
    assert_eq!("0,1/4,2/4,3/4,1".parse::<Sequence>().unwrap().to_string(), "0,1/4,1/2,3/4,1");
    assert_eq!("1/4".parse::<Sequence>().unwrap().to_string(), "0,1/4,1");
}

#[test]
fn segments_that_make_no_sense_are_refused_with_the_remedy() {
    for text in ["1/0", "-1/2", "3/2", "120%", "0.1.2", "a", "1/2:", ".", "%", "1/2:1/3", "0", "1/99999999999999"] {
        let error = text.parse::<Segment>().unwrap_err().to_string();
        assert!(error.contains("write"), "{text}: {error}");
    }
    assert!(matches!("0,1/2,1/4".parse::<Sequence>(), Err(SegmentError::NotRising(_))));
    let quarter: Segment = "1/4".parse().unwrap();
    let thirds: Sequence = "0,1/3,2/3,1".parse().unwrap();
    assert!(matches!(Stripe::of(quarter, &thirds), Err(SegmentError::NotInSequence(..))));
    let fine: Segment = "0.333333333".parse().unwrap();
    assert!(matches!(Stripe::of(fine, &Sequence::around(fine)), Err(SegmentError::TooFine(_))));
    for (start, offsets, lcd) in
        [(0, vec![], 1), (0, vec![0, 2], 2), (2, vec![2], 2), (1, vec![1, 1], 2), (0, vec![2], 3)]
    {
        assert!(Stripe::new(start, &offsets, lcd).is_err());
    }
}
