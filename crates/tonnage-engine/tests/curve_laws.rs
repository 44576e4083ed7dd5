//! The laws of Curve; the same ones as in the Python twin's tests.

use proptest::prelude::*;
use tonnage_engine::curve::{Curve, CurveError, Piece};

fn amount() -> impl Strategy<Value = f64> {
    prop_oneof![1 => Just(0.0), 9 => 1e-3..1e4]
}

fn stages() -> impl Strategy<Value = Vec<(f64, f64)>> {
    prop::collection::vec((1e-2..1e4, amount()), 1..=6)
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs()))
}

proptest! {
    #[test]
    fn the_instant_of_an_area_has_that_area(start in amount(), shape in stages(), share in 0.0..=1.0) {
        let curve = Curve::through(start, shape).unwrap();
        let area = share * curve.total();
        prop_assert!(close(curve.area(curve.when(area).unwrap()), area, 1e-9));
    }

    #[test]
    fn a_larger_area_never_comes_earlier(start in amount(), shape in stages(), a in 0.0..=1.0, b in 0.0..=1.0f64) {
        let curve = Curve::through(start, shape).unwrap();
        let (lesser, greater) = (f64::min(a, b) * curve.total(), f64::max(a, b) * curve.total());
        prop_assert!(curve.when(lesser) <= curve.when(greater));
    }

    #[test]
    fn it_is_never_negative(start in amount(), shape in stages(), t in -10.0..1e5) {
        prop_assert!(Curve::through(start, shape).unwrap().value(t) >= 0.0);
    }

    #[test]
    fn the_area_never_falls(start in amount(), shape in stages(), t in -10.0..1e5, step in 0.0..1e3) {
        let curve = Curve::through(start, shape).unwrap();
        prop_assert!(curve.area(t) <= curve.area(t + step) * (1.0 + 1e-12) + 1e-9);
    }

    #[test]
    fn json_gives_back_the_same_curve(start in amount(), shape in stages()) {
        let curve = Curve::through(start, shape).unwrap();
        let text = serde_json::to_string(&curve).unwrap();
        let back: Curve = serde_json::from_str(&text).unwrap();
        for (ours, theirs) in back.pieces().iter().zip(curve.pieces()) {
            prop_assert!(close(ours.length, theirs.length, 1e-15));
            prop_assert!(close(ours.begin, theirs.begin, 1e-15));
            prop_assert!(close(ours.end, theirs.end, 1e-15));
        }
        prop_assert_eq!(back.pieces().len(), curve.pieces().len());
    }
}

#[test]
fn an_arrival_beyond_the_total_is_refused() {
    let curve = Curve::through(0.0, [(4.0, 4.0)]).unwrap();
    assert_eq!(curve.when(8.0), Some(4.0));
    assert_eq!([curve.when(9.0), curve.when(-1.0), curve.when(f64::NAN)], [None; 3]);
}

#[test]
fn a_negative_or_endless_piece_is_refused() {
    let negative = Curve::through(1.0, [(1.0, -1.0)]).unwrap_err();
    assert!(negative.to_string().contains("piece 0"), "{negative}");
    let endless = Curve::through(1.0, [(1.0, 1.0), (f64::INFINITY, 1.0)]);
    assert!(matches!(endless, Err(CurveError::NotFinite { index: 1, .. })));
}

#[test]
fn a_jump_has_the_value_after_it() {
    let curve = Curve::through(1.0, [(2.0, 1.0), (0.0, 5.0), (2.0, 5.0)]).unwrap();
    assert_eq!([curve.value(1.9), curve.value(2.0), curve.value(4.0)], [1.0, 5.0, 0.0]);
    assert_eq!([curve.area(2.0), curve.total(), curve.length()], [2.0, 12.0, 4.0]);
    assert_eq!([curve.when(2.0), curve.when(7.0)], [Some(2.0), Some(3.0)]);
}

#[test]
fn no_pieces_are_a_curve_of_nothing() {
    let curve = Curve::new(vec![]).unwrap();
    assert_eq!([curve.value(0.0), curve.area(1.0), curve.total(), curve.length()], [0.0; 4]);
    assert_eq!(curve.when(0.0), Some(0.0));
}

#[test]
fn json_is_a_list_of_four_numbers_a_piece() {
    let curve: Curve = serde_json::from_str("[[0, 10, 0, 50], [10, 5, 50, 50]]").unwrap();
    assert_eq!(curve.pieces()[1], Piece { length: 5.0, begin: 50.0, end: 50.0 });
    assert_eq!(serde_json::to_string(&curve).unwrap(), "[[0.0,10.0,0.0,50.0],[10.0,5.0,50.0,50.0]]");
    for (text, complaint) in [
        ("[[0, 10, 0, 50], [11, 5, 50, 50]]", "ends at 10 s"),
        ("[[0, 10, 0, -50]]", "negative"),
        ("[[0, 10, 0]]", "invalid length"),
    ] {
        let error = serde_json::from_str::<Curve>(text).unwrap_err().to_string();
        assert!(error.contains(complaint), "{error}");
    }
}
