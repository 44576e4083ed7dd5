use super::*;
use crate::curve::{Curve, Piece};
use crate::random::Lengths;

fn settings(rate: f64, length: f64, lengths: Lengths) -> Settings {
    Settings {
        demand: Curve::new(vec![Piece { length, begin: rate, end: rate }]).unwrap(),
        regular: false,
        lengths,
        per_worker: 5,
        routing: Routing::Weighted,
        retry: 0.0,
        retry_delay: 10.0,
        grace: 600.0,
        seed: 1,
    }
}

fn pool_of(workers: usize, settings: Settings) -> Pool {
    let mut pool = Pool::new(settings);
    (0..workers).for_each(|_| {
        pool.add_worker(0.0, 0.0);
    });
    pool
}

fn erlang_b(servers: u32, offered: f64) -> f64 {
    (1..=servers).fold(1.0, |b, n| offered * b / (f64::from(n) + offered * b))
}

fn holds(counters: Counters) -> bool {
    counters.arrived == counters.started + counters.lost + counters.retrying
        && counters.started == counters.finished + counters.cut + counters.failed + counters.active + counters.draining
}

#[test]
fn blocking_is_erlang_b_whatever_the_law_and_the_routing() {
    for (law, scv) in [("", 0.0), ("", 1.0), ("", 4.0)] {
        for routing in [Routing::Weighted, Routing::Least, Routing::Pack] {
            let lengths = Lengths::of(law, 10.0, scv).unwrap();
            let mut pool = pool_of(2, Settings { routing, ..settings(0.8, 400_000.0, lengths) });
            pool.advance(400_000.0);
            let found = pool.counters();
            let blocking = found.lost as f64 / found.arrived as f64;
            assert!((blocking - erlang_b(10, 8.0)).abs() < 0.006, "{scv} {routing:?}: {blocking}");
            assert!(holds(found), "{found:?}");
        }
    }
}

#[test]
fn packing_fills_one_worker_after_the_other_and_least_spreads() {
    for (routing, expected) in [(Routing::Pack, [5, 1, 0]), (Routing::Least, [2, 2, 2])] {
        let lengths = Lengths::Fixed { mean: 1e6 };
        let mut pool = pool_of(3, Settings { regular: true, routing, ..settings(1.0, 6.0, lengths) });
        pool.advance(10.0);
        assert_eq!(pool.workers().map(|(_, _, sessions)| sessions).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn victims_are_idle_first_then_emptiest_then_newest() {
    let lengths = Lengths::Fixed { mean: 1e6 };
    let mut pool = pool_of(4, Settings { regular: true, routing: Routing::Pack, ..settings(1.0, 7.0, lengths) });
    pool.advance(10.0);
    pool.add_worker(20.0, 30.0);
    assert_eq!(pool.drain(4), [4, 3, 2, 1]);
    assert_eq!(pool.workers().map(|(id, ..)| id).collect::<Vec<_>>(), [0, 1]);
    assert_eq!((pool.counters().active, pool.counters().draining), (5, 2));
}

#[test]
fn a_draining_worker_keeps_its_sessions_until_they_end_or_its_grace_does() {
    for (length, (finished, cut)) in [(100.0, (5, 0)), (1000.0, (0, 5))] {
        let lengths = Lengths::Fixed { mean: length };
        let mut pool = pool_of(1, Settings { regular: true, ..settings(1.0, 5.0, lengths) });
        pool.advance(10.0);
        pool.drain(1);
        pool.advance(2000.0);
        assert_eq!((pool.counters().finished, pool.counters().cut), (finished, cut));
        let ended = if cut > 0 { 610.0 } else { 105.0 };
        assert_eq!(pool.take_gone(), [(0, ended, cut as u32)]);
    }
}

#[test]
fn a_failed_worker_takes_its_sessions_with_it_and_their_ends_mean_nothing() {
    let mut pool = pool_of(1, Settings { regular: true, ..settings(1.0, 5.0, Lengths::Fixed { mean: 50.0 }) });
    pool.advance(10.0);
    pool.fail_worker(0);
    pool.advance(100.0);
    assert_eq!((pool.counters().failed, pool.counters().finished, pool.counters().active), (5, 0, 0));
    assert!(holds(pool.counters()));
}

#[test]
fn rejected_callers_who_try_again_find_the_worker_that_came() {
    let lengths = Lengths::Fixed { mean: 1000.0 };
    let mut pool = Pool::new(Settings { regular: true, retry: 1.0, ..settings(1.0, 3.0, lengths) });
    pool.add_worker(5.0, 8.0);
    pool.advance(30.0);
    let found = pool.counters();
    assert_eq!((found.arrived, found.rejected, found.started, found.lost, found.retrying), (3, 3, 3, 0, 0));
}

#[test]
fn averages_look_back_over_their_window() {
    let lengths = Lengths::Fixed { mean: 1000.0 };
    let mut pool = pool_of(1, Settings { regular: true, ..settings(1.0, 4.0, lengths) });
    pool.add_worker(50.0, 60.0);
    for at in (0..=100).step_by(10) {
        pool.advance(f64::from(at));
        pool.sample();
    }
    assert_eq!(pool.averages(80.0, 60.0), [(0, 4000), (1, 0)]);
    assert_eq!(pool.averages(40.0, 20.0), [(0, 4000)]);
    assert_eq!(pool.averages(10.0, 10.0), [(0, 3000)]);
}

#[test]
fn the_same_seed_gives_the_same_and_another_one_does_not() {
    let run = |seed| {
        let lengths = Lengths::Exponential { mean: 20.0 };
        let mut pool = pool_of(3, Settings { seed, ..settings(1.0, 1000.0, lengths) });
        pool.advance(1000.0);
        pool.counters()
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}
