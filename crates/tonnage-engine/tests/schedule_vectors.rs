//! The schedules that k6 v2.2.0 printed (shared/k6/executor_vectors.json), within a microsecond.
//!
//! The file lies outside of the package: `TONNAGE_SHARED` names its folder. Where it is absent the tests say so and
//! pass, so that the crate can be tested alone.

use std::path::PathBuf;

use serde_json::Value;
use tonnage_engine::curve::Curve;
use tonnage_engine::schedule::{Arrivals, Ramp, Segment, Sequence, Stage, Step, Stripe};

const TOLERANCE_NS: u64 = 1_000;

fn vectors(kind: &str) -> Vec<Value> {
    let shared = std::env::var_os("TONNAGE_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let path = shared.join("k6/executor_vectors.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is not here; set TONNAGE_SHARED", path.display());
        return vec![];
    };
    let all: Value = serde_json::from_str(&text).unwrap();
    let cases = all[kind].as_array().unwrap().clone();
    assert!(!cases.is_empty(), "no {kind} in {}", path.display());
    cases
}

fn stripe(case: &Value) -> Stripe {
    let segment: Segment = text(case, "segment").parse().unwrap();
    let sequence: Sequence = text(case, "sequence").parse().unwrap();
    Stripe::of(segment, &sequence).unwrap()
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap()
}

fn name(case: &Value) -> String {
    format!("{} {}", case["name"], case["segment"])
}

fn stages(case: &Value) -> Vec<(f64, f64)> {
    let stage = |s: &Value| (s["duration_s"].as_f64().unwrap(), s["target"].as_f64().unwrap());
    case["stages"].as_array().unwrap().iter().map(stage).collect()
}

fn ns(seconds: &Value) -> u64 {
    (seconds.as_f64().unwrap() * 1e9).round() as u64
}

/// `30s`, `500ms`, `1m30s`.
fn duration_ns(text: &str) -> u64 {
    let (mut total, mut rest) = (0.0, text);
    while !rest.is_empty() {
        let number = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap();
        let unit = rest[number..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |n| number + n);
        let scale = match &rest[number..unit] {
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            other => panic!("unit {other}"),
        };
        total += rest[..number].parse::<f64>().unwrap() * scale;
        rest = &rest[unit..];
    }
    total as u64
}

fn near(ours: u64, theirs: u64) -> bool {
    ours.abs_diff(theirs) <= TOLERANCE_NS
}

fn assert_steps(ours: &[Step], theirs: &Value, what: &str) {
    let theirs: Vec<Step> = theirs
        .as_array()
        .unwrap()
        .iter()
        .map(|s| Step { at_ns: ns(&s["t"]), vus: s["vus"].as_u64().unwrap() })
        .collect();
    assert_eq!(ours.len(), theirs.len(), "{what}: {ours:?} is not {theirs:?}");
    for (a, b) in ours.iter().zip(&theirs) {
        assert!(a.vus == b.vus && near(a.at_ns, b.at_ns), "{what}: {a:?} is not {b:?}");
    }
}

#[test]
fn arrivals_fall_where_k6_lets_them_fall() {
    for case in vectors("ramping_arrival_rate") {
        let unit = duration_ns(text(&case, "timeUnit")) as f64 / 1e9;
        let start = case["startRate"].as_f64().unwrap() / unit;
        let shape = stages(&case).into_iter().map(|(length, target)| (length, target / unit));
        let arrivals = Arrivals::ramping(Curve::through(start, shape).unwrap(), stripe(&case));
        let theirs: Vec<u64> = case["t"].as_array().unwrap().iter().map(ns).collect();
        let ours: Vec<u64> = arrivals.collect();
        assert_eq!(ours.len(), theirs.len(), "{}: {ours:?} is not {theirs:?}", name(&case));
        for (a, b) in ours.iter().zip(&theirs) {
            assert!(near(*a, *b), "{}: {a} is not {b}", name(&case));
        }
    }
}

#[test]
fn vus_rise_and_fall_when_k6_lets_them() {
    for case in vectors("ramping_vus") {
        let stage =
            |(length, target): (f64, f64)| Stage { duration_ns: (length * 1e9).round() as u64, target: target as u64 };
        let shape: Vec<Stage> = stages(&case).into_iter().map(stage).collect();
        let ramp = Ramp::new(case["startVUs"].as_u64().unwrap(), &shape, &stripe(&case));
        assert_steps(&ramp.steps(), &case["raw"], &format!("raw {}", name(&case)));
        let (down, stop) = (duration_ns(text(&case, "gracefulRampDown")), duration_ns(text(&case, "gracefulStop")));
        assert_steps(&ramp.reserved(down, stop), &case["graceful"], &format!("graceful {}", name(&case)));
    }
}

#[test]
fn segments_get_the_members_that_k6_gives_them() {
    for case in vectors("segments") {
        let ours = stripe(&case);
        let form = serde_json::to_value(&ours).unwrap();
        for key in ["start", "offsets", "lcd"] {
            assert_eq!(form[key], case[key], "{key} of {}", case["segment"]);
        }
        assert_eq!(serde_json::from_value::<Stripe>(form).unwrap(), ours);
        for (n, share) in case["scale"].as_object().unwrap() {
            assert_eq!(ours.scale(n.parse().unwrap()), share.as_u64().unwrap(), "{n} by {}", case["segment"]);
        }
    }
}
