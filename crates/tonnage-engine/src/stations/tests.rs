use super::*;
use crate::curve::{Curve, Piece};
use crate::random::Lengths;

fn settings(rate: f64, length: f64, lengths: Lengths) -> Settings {
    Settings {
        demand: Curve::new(vec![Piece { length, begin: rate, end: rate }]).unwrap(),
        regular: false,
        lengths,
        servers: 1,
        balancing: Balancing::Random,
        grace: 30.0,
        seed: 1,
    }
}

fn stations_of(replicas: usize, settings: Settings) -> Stations {
    let mut stations = Stations::new(settings);
    (0..replicas).for_each(|_| {
        stations.add_replica(-1e6, 0.0);
    });
    stations
}

fn mean_response(stations: &mut Stations) -> f64 {
    stations.take_responses()[0].mean().unwrap() / 1e9
}

fn holds(counters: Counters) -> bool {
    let there = counters.in_service + counters.queued + counters.in_line;
    counters.arrived == counters.served + counters.failed + there
}

#[test]
fn the_mean_wait_is_that_of_pollaczek_and_khinchine_whatever_the_law() {
    for scv in [0.0, 0.5, 1.0, 2.0] {
        let lengths = Lengths::of("", 0.01, scv).unwrap();
        let mut stations = stations_of(3, settings(210.0, 20_000.0, lengths));
        stations.advance(20_000.0);
        // W = ρ S (1 + scv) / (2 (1 - ρ)), ρ = 0.7
        let expected = 0.01 + 0.7 * 0.01 * (1.0 + scv) / (2.0 * 0.3);
        let found = mean_response(&mut stations);
        assert!((found / expected - 1.0).abs() < 0.03, "{scv}: {found} {expected}");
        assert!(holds(stations.counters()));
    }
}

#[test]
fn requests_take_turns_and_least_goes_where_the_fewest_are() {
    for (balancing, expected) in [(Balancing::RoundRobin, [3, 2, 2]), (Balancing::Least, [3, 2, 2])] {
        let forever = Lengths::Fixed { mean: 1e6 };
        let mut stations = stations_of(3, Settings { regular: true, balancing, ..settings(1.0, 7.0, forever) });
        stations.advance(10.0);
        assert_eq!(stations.replicas().map(|(_, _, requests)| requests).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn turns_go_on_past_a_replica_that_left() {
    let forever = Lengths::Fixed { mean: 1e6 };
    let settings = Settings { regular: true, balancing: Balancing::RoundRobin, ..settings(1.0, 9.0, forever) };
    let mut stations = stations_of(4, settings);
    stations.advance(2.5);
    stations.drain_replica(1);
    stations.advance(4.5);
    // 0, 1, then 2, 3, then 0 again.
    assert_eq!(stations.replicas().map(|(_, _, requests)| requests).collect::<Vec<_>>(), [1, 1, 1, 1]);
    stations.advance(6.5);
    assert_eq!(stations.replicas().map(|(_, _, requests)| requests).collect::<Vec<_>>(), [2, 1, 2, 1]);
}

#[test]
fn without_a_ready_replica_requests_wait_in_order_and_free_servers_take_them() {
    let mut stations =
        Stations::new(Settings { regular: true, servers: 2, ..settings(1.0, 4.0, Lengths::Fixed { mean: 3.0 }) });
    stations.add_replica(5.0, 10.0);
    stations.advance(9.0);
    assert_eq!((stations.counters().in_line, stations.oldest_waiting()), (4, Some(1.0)));
    stations.advance(30.0);
    // Two start at 10 and end at 13, the other two at 16: 13 - 1, 13 - 2, 16 - 3, 16 - 4.
    assert_eq!(stations.counters().served, 4);
    assert_eq!(mean_response(&mut stations), 12.0);
    let sums = stations.integrals();
    assert_eq!((sums.busy, sums.held, sums.waiting), (12.0, 48.0, 36.0));
}

#[test]
fn a_draining_replica_finishes_what_it_holds_until_its_grace_ends() {
    for (length, (served, failed, ended)) in [(5.0, (3, 0, 16.0)), (14.0, (2, 1, 33.0))] {
        let lengths = Lengths::Fixed { mean: length };
        let mut stations = stations_of(1, Settings { regular: true, ..settings(1.0, 3.0, lengths) });
        stations.advance(3.0);
        stations.drain_replica(0);
        stations.advance(100.0);
        let found = stations.counters();
        assert_eq!((found.served, found.failed, found.in_service), (served, failed, 0));
        assert_eq!(stations.take_gone(), [(0, ended, failed as u32)]);
        assert!(holds(found));
    }
}

#[test]
fn a_failed_replica_takes_its_requests_with_it_and_those_of_others_end() {
    let mut stations = stations_of(
        2,
        Settings {
            balancing: Balancing::RoundRobin,
            regular: true,
            ..settings(1.0, 6.0, Lengths::Fixed { mean: 10.0 })
        },
    );
    stations.advance(7.0);
    stations.fail_replica(1);
    stations.fail_replica(1);
    stations.advance(100.0);
    assert_eq!((stations.counters().failed, stations.counters().served), (3, 3));
    assert_eq!(stations.take_gone(), [(1, 7.0, 3)]);
    assert!(holds(stations.counters()));
}

#[test]
fn a_replica_that_leaves_before_it_was_ready_was_never_given_anything() {
    let mut stations = Stations::new(Settings { regular: true, ..settings(1.0, 5.0, Lengths::Fixed { mean: 1.0 }) });
    stations.add_replica(1.0, 8.0);
    stations.drain_replica(0);
    stations.advance(20.0);
    assert_eq!((stations.counters().in_line, stations.take_gone()), (5, vec![(0, 0.0, 0)]));
}

#[test]
fn what_never_ended_is_known_from_below() {
    let lengths = Lengths::Fixed { mean: 1e6 };
    let mut stations = stations_of(1, Settings { regular: true, ..settings(1.0, 3.0, lengths) });
    stations.advance(10.0);
    stations.note_unfinished();
    let [times, late] = stations.take_responses();
    assert!(times.is_empty());
    assert_eq!((late.count(), late.max(), late.min()), (3, Some(9_000_000_000), Some(7_000_000_000)));
    assert_eq!(stations.responses()[1].count(), 3);
}

#[test]
fn averages_look_back_over_their_window_and_before_the_beginning() {
    let lengths = Lengths::Fixed { mean: 0.5 };
    let settings =
        Settings { regular: true, balancing: Balancing::RoundRobin, servers: 2, ..settings(2.0, 100.0, lengths) };
    let mut stations = stations_of(2, settings);
    stations.add_replica(50.0, 70.0);
    for at in (10..=100).step_by(10) {
        stations.advance(f64::from(at) + 0.25);
        stations.sample();
    }
    // Two requests a second for two replicas, and half a second each: half a server busy.
    for (at, window) in [(40.25, 20.0), (20.25, 60.0)] {
        let found = stations.averages(at, window);
        assert_eq!(found.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [0, 1]);
        for (_, carried) in found {
            carried.iter().zip([0.5, 0.5, 1.0]).for_each(|(x, y)| assert!((x - y).abs() < 0.05, "{carried:?}"));
        }
    }
    assert_eq!(stations.averages(60.25, 30.0)[2], (2, [0.0; 3]));
    assert!(stations.averages(100.25, 20.0)[2].1[0] > 0.3);
}

#[test]
fn the_same_seed_gives_the_same_and_another_one_does_not() {
    let run = |seed| {
        let lengths = Lengths::Exponential { mean: 0.02 };
        let mut stations = stations_of(3, Settings { seed, ..settings(100.0, 100.0, lengths) });
        stations.advance(100.0);
        (stations.counters(), stations.take_responses())
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}
