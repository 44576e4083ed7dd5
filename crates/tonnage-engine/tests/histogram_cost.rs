//! What a record costs: `cargo test --release -p tonnage-engine --test histogram_cost -- --ignored --nocapture`.
//!
//! It only prints: a limit on a shared machine would fail for no reason.

use std::hint::black_box;
use std::time::Instant;

use tonnage_engine::histogram::{Histogram, Trend};

const SAMPLES: usize = 1 << 14;
const ROUNDS: usize = 200;

/// Latencies of about 200 µs to 2 ms, skewed, from a fixed xorshift sequence.
fn latencies() -> Vec<u64> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..SAMPLES).map(|_| 200_000 + (next() % 1_000) * (next() % 1_800)).collect()
}

fn best_of_rounds(mut round: impl FnMut()) -> f64 {
    let times = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        round();
        start.elapsed().as_nanos() as f64 / SAMPLES as f64
    });
    times.fold(f64::INFINITY, f64::min)
}

#[test]
#[ignore = "a measurement"]
fn the_cost_of_a_record() {
    let samples = latencies();
    let mut histogram = Histogram::new();
    let record = best_of_rounds(|| samples.iter().for_each(|value| histogram.record(black_box(*value))));
    let mut trend = Trend::new();
    let signed = best_of_rounds(|| samples.iter().for_each(|value| trend.record(black_box(*value as i64))));
    let mut crates = hdrhistogram::Histogram::<u64>::new_with_bounds(1, u64::MAX / 2, 3).unwrap();
    let other = best_of_rounds(|| samples.iter().for_each(|value| crates.record(black_box(*value)).unwrap()));
    let quantile = best_of_rounds(|| {
        (0..16).for_each(|_| assert!(histogram.quantile(black_box(0.99)).is_some()));
    }) * (SAMPLES as f64 / 16.0);
    println!(
        "record {record:.2} ns, trend {signed:.2} ns, hdrhistogram crate {other:.2} ns; quantile {quantile:.0} ns"
    );
    println!("{} bytes on the heap", histogram.heap());
    assert_eq!(histogram.count(), (SAMPLES * ROUNDS) as u64);
}
