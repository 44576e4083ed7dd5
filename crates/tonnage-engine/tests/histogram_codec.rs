//! Histograms as bytes: round trips, other HDR tools, and bytes that are no histogram.

use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};
use proptest::prelude::*;
use tonnage_engine::histogram::{DecodeError, Histogram, Trend, MAX_VALUE};

type Theirs = hdrhistogram::Histogram<u64>;

fn counts() -> impl Strategy<Value = Vec<(u64, u64)>> {
    let value = (1u32..64, any::<u64>()).prop_map(|(shift, bits)| bits >> shift);
    let count = (0u32..62, any::<u64>()).prop_map(|(shift, bits)| (bits >> 8) >> shift);
    prop::collection::vec((value, count), 0..60)
}

fn ours(counts: &[(u64, u64)]) -> Histogram {
    let mut histogram = Histogram::new();
    counts.iter().for_each(|(value, n)| histogram.record_n(*value, *n));
    histogram
}

fn theirs(counts: &[(u64, u64)]) -> Theirs {
    let mut histogram = Theirs::new_with_bounds(1, MAX_VALUE, 3).unwrap();
    // For the crate, zero times a value is still its maximum.
    counts.iter().filter(|(_, n)| *n > 0).for_each(|(value, n)| histogram.record_n(*value, *n).unwrap());
    histogram
}

fn encoded(histogram: &Histogram) -> Vec<u8> {
    let mut bytes = vec![];
    histogram.encode(&mut bytes);
    bytes
}

fn encoded_v2(histogram: &Histogram) -> Vec<u8> {
    let mut bytes = vec![];
    histogram.encode_v2(&mut bytes);
    bytes
}

fn signed(counts: &[(u64, u64)]) -> Trend {
    let mut trend = Trend::new();
    for (i, (value, n)) in counts.iter().enumerate() {
        trend.record_n(*value as i64 * if i % 3 == 0 { -1 } else { 1 }, *n);
    }
    trend
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded(counts in counts(), tail in prop::collection::vec(any::<u8>(), 0..9)) {
        let histogram = ours(&counts);
        let mut bytes = encoded(&histogram);
        let length = bytes.len();
        bytes.extend(tail);
        prop_assert_eq!(Histogram::decode(&bytes), Ok((histogram, length)));
    }

    #[test]
    fn a_trend_is_decoded_too(counts in counts(), tail in prop::collection::vec(any::<u8>(), 0..9)) {
        let trend = signed(&counts);
        let mut bytes = vec![];
        trend.encode(&mut bytes);
        let length = bytes.len();
        bytes.extend(tail);
        prop_assert_eq!(Trend::decode(&bytes), Ok((trend, length)));
    }

    #[test]
    fn the_hdrhistogram_crate_reads_ours(counts in counts()) {
        let bytes = encoded_v2(&ours(&counts));
        let read: Theirs = Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
        prop_assert!(read == theirs(&counts));
    }

    #[test]
    fn we_read_the_hdrhistogram_crates(counts in counts()) {
        let (histogram, theirs) = (ours(&counts), theirs(&counts));
        let mut bytes = vec![];
        V2Serializer::new().serialize(&theirs, &mut bytes).unwrap();
        let (read, length) = Histogram::decode_v2(&bytes).unwrap();
        prop_assert_eq!(length, bytes.len());
        prop_assert!(read.iter().eq(histogram.iter()));
        prop_assert!(histogram.is_empty() || bytes == encoded_v2(&histogram));
        for q in [0.01, 0.5, 0.95, 0.999] {
            let value = if histogram.is_empty() { 0 } else { histogram.quantile(q).unwrap() };
            prop_assert!(theirs.equivalent(value, theirs.value_at_quantile(q)) || histogram.count() > 1 << 50);
        }
    }

    #[test]
    fn random_bytes_are_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = (Histogram::decode(&bytes), Histogram::decode_v2(&bytes), Trend::decode(&bytes));
    }

    #[test]
    fn a_random_payload_is_refused_or_read(payload in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut bytes = encoded_v2(&Histogram::new());
        bytes[4..8].copy_from_slice(&(payload.len() as u32).to_be_bytes());
        bytes.extend(payload);
        if let Ok((mut histogram, _)) = Histogram::decode_v2(&bytes) {
            prop_assert!(histogram.heap() < 1 << 20);
            histogram.record(1);
            let exact = encoded(&histogram);
            prop_assert_eq!(Histogram::decode(&exact).map(|(read, _)| read), Ok(histogram));
        }
    }

    #[test]
    fn a_damaged_byte_is_refused_or_read(counts in counts(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = encoded(&ours(&counts));
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok((mut read, _)) = Histogram::decode(&bytes) {
            read.record(1);
            prop_assert!(read.quantile(0.5) <= read.max());
        }
    }
}

#[test]
fn every_refusal_says_why() {
    let whole = encoded(&ours(&[(5, 2), (7, 1)]));
    let damaged = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        Histogram::decode(&bytes).map(|(read, _)| read)
    };
    assert_eq!(damaged(32, 0), Err(DecodeError::Cookie(0x0084_9313)));
    assert!(matches!(damaged(43, 1), Err(DecodeError::Layout(_))));
    assert!(matches!(damaged(47, 2), Err(DecodeError::Layout(_))));
    assert!(matches!(damaged(55, 2), Err(DecodeError::Layout(_))));
    assert!(matches!(damaged(64, 0), Err(DecodeError::Layout(_))));
    for at in [0, 16, 24] {
        assert_eq!(damaged(at, 99), Err(DecodeError::Inconsistent));
    }
    for length in 0..whole.len() {
        assert!(matches!(Histogram::decode(&whole[..length]), Err(DecodeError::Truncated { .. })), "{length}");
    }
    assert_eq!(Trend::decode(&[2]), Err(DecodeError::Tag(2)));
}

#[test]
fn a_payload_that_leaves_the_range_is_refused() {
    let with = |payload: &[u8]| {
        let mut bytes = encoded_v2(&Histogram::new());
        bytes[4..8].copy_from_slice(&(payload.len() as u32).to_be_bytes());
        bytes.extend(payload);
        Histogram::decode_v2(&bytes).map(|(read, _)| read)
    };
    let largest = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(with(&largest).unwrap().count(), i64::MAX as u64);
    assert_eq!(with(&[&largest[..], &[2]].concat()), Err(DecodeError::Overflow));
    // The smallest number of all, i64::MIN: a run of 2⁶³ zeros.
    assert_eq!(with(&[0xff; 9]), Err(DecodeError::TooManyCounters));
    assert!(matches!(with(&[0x80]), Err(DecodeError::Truncated { .. })));
    assert_eq!(with(&vec![0; 55_296]), Ok(Histogram::new()));
    assert_eq!(with(&vec![0; 55_297]), Err(DecodeError::TooManyCounters));
}

#[test]
fn a_mirror_holds_no_zero() {
    let mut bytes = vec![1];
    Histogram::new().encode(&mut bytes);
    ours(&[(0, 1), (3, 1)]).encode(&mut bytes);
    assert_eq!(Trend::decode(&bytes), Err(DecodeError::Inconsistent));
}
