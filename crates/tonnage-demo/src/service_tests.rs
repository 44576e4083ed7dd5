//! Laws and known truths of the service model.

use proptest::prelude::*;

use super::*;
use crate::{nanos, seconds, Distribution, Rng};

fn visits(config: &Config, arrivals: impl IntoIterator<Item = Nanos>) -> Vec<(Nanos, Visit)> {
    let mut service = Service::new(config);
    arrivals.into_iter().map(|arrival| (arrival, service.admit(arrival, 0))).collect()
}

/// Mean response time [s] under Poisson arrivals of `rate` [1/s].
fn mean_response(config: &Config, rate: f64, arrivals: usize) -> f64 {
    let (mut service, mut rng, mut now) = (Service::new(config), Rng::new(11, 9), 0.0);
    let mut total = 0.0;
    for _ in 0..arrivals {
        now += rng.exponential() / rate;
        let arrival = nanos(now);
        total += seconds(service.admit(arrival, 0).departure - arrival);
    }
    total / arrivals as f64
}

fn exponential(workers: u32, mean: f64) -> Config {
    Config { workers, service_time: mean, distribution: Distribution::Exponential, ..Config::default() }
}

#[test]
fn m_m_1_at_half_load_doubles_the_service_time() {
    let response = mean_response(&exponential(1, 0.02), 25.0, 1_000_000); // R = S / (1 − ρ)
    assert!((response / 0.04 - 1.0).abs() < 0.02, "{response}");
}

#[test]
fn m_m_2_agrees_with_erlang_c() {
    let response = mean_response(&exponential(2, 0.02), 75.0, 1_000_000); // R = S / (1 − ρ²), ρ = 0.75
    assert!((response / (0.02 / (1.0 - 0.5625)) - 1.0).abs() < 0.02, "{response}");
}

#[test]
fn m_d_1_waits_half_as_long_as_m_m_1() {
    let config = Config { workers: 1, service_time: 0.02, ..Config::default() };
    let response = mean_response(&config, 40.0, 1_000_000); // Pollaczek–Khinchine: R = S + ρS / 2(1 − ρ), ρ = 0.8
    assert!((response / 0.06 - 1.0).abs() < 0.02, "{response}");
}

#[test]
fn infinitely_many_workers_keep_nobody_waiting() {
    let response = mean_response(&exponential(0, 0.02), 1_000.0, 400_000);
    assert!((response / 0.02 - 1.0).abs() < 0.01, "{response}");
}

#[test]
fn a_stall_of_three_seconds_gives_the_known_95th_percentile() {
    // engine.md 1: 100 arrivals/s for 15 s, frozen from second 5 to 8: p95 = 2.25 s, rank ceil(q·n).
    let config = Config { stalls: vec![(5.0, 8.0)], service_time: 1e-6, ..Config::default() };
    let begin = 123_456_789; // stalls count from the first request, whenever it comes
    let all = visits(&config, (0..1_500).map(|n| begin + n * 10_000_000));
    let mut responses: Vec<_> = all.iter().map(|&(arrival, visit)| visit.departure - arrival).collect();
    responses.sort_unstable();
    let p95 = seconds(responses[(0.95f64 * 1_500.0).ceil() as usize - 1]);
    assert!((p95 / 2.25 - 1.0).abs() < 0.01, "{p95}");
    assert_eq!(responses.iter().filter(|&&response| response > 1_000).count(), 300);
}

#[test]
fn stalls_may_count_from_the_start_of_the_server() {
    let config = Config { stalls: vec![(1.0, 2.0)], stall_from: StallFrom::Start, ..Config::default() };
    let mut service = Service::new(&config);
    assert_eq!(service.admit(nanos(1.5), 0).departure, nanos(2.0));
    assert_eq!(service.stalls(nanos(1.5)), 1);
}

#[test]
fn a_delay_engages_no_worker_and_is_exact() {
    let config = Config { workers: 1, service_time: 0.01, ..Config::default() };
    let mut service = Service::new(&config);
    assert_eq!(service.admit(0, nanos(1.0)).departure, nanos(1.01));
    assert_eq!(service.admit(0, 0).departure, nanos(0.02));
}

#[test]
fn a_full_queue_rejects_at_once_but_not_during_a_stall() {
    let config = Config { workers: 1, queue_limit: Some(1), service_time: 10.0, ..Config::default() };
    let mut service = Service::new(&Config { stalls: vec![(1.0, 2.0)], ..config });
    let fates = [0.0, 0.1, 0.2, 1.5].map(|t| service.admit(nanos(t), 0));
    assert_eq!(fates.map(|visit| visit.fate), [Fate::Served, Fate::Served, Fate::Rejected, Fate::Rejected]);
    assert_eq!(fates[2].departure, nanos(0.2));
    assert_eq!(fates[3].departure, nanos(2.0));
}

#[test]
fn the_share_of_errors_is_what_it_was_told() {
    let all = visits(&Config { errors: 0.3, ..Config::default() }, 0..100_000);
    let failed = all.iter().filter(|(_, visit)| visit.fate == Fate::Failed).count();
    assert!((29_000..31_000).contains(&failed), "{failed}");
}

fn any_config() -> impl Strategy<Value = Config> {
    let distribution =
        prop_oneof![Just(Distribution::Fixed), Just(Distribution::Exponential), Just(Distribution::Pareto)];
    let limit = prop::option::of(0u32..5);
    (1u32..5, 0.0..0.1f64, distribution, limit, any::<bool>(), any::<u64>()).prop_map(
        |(workers, service_time, distribution, queue_limit, stalled, seed)| Config {
            workers,
            service_time,
            distribution,
            queue_limit,
            seed,
            stalls: if stalled { vec![(0.05, 0.2), (0.4, 0.5)] } else { vec![] },
            ..Config::default()
        },
    )
}

fn any_arrivals() -> impl Strategy<Value = Vec<Nanos>> {
    prop::collection::vec(0u64..50_000_000, 1..80).prop_map(|gaps| {
        let sum = |total: &mut Nanos, gap| {
            *total += gap;
            Some(*total)
        };
        gaps.into_iter().scan(0, sum).collect()
    })
}

proptest! {
    #[test]
    fn whoever_comes_first_is_served_first(config in any_config(), arrivals in any_arrivals()) {
        let all = visits(&config, arrivals);
        let served: Vec<_> = all.iter().filter(|(_, visit)| visit.fate != Fate::Rejected).collect();
        prop_assert!(served.windows(2).all(|pair| pair[0].1.start <= pair[1].1.start));
        for (arrival, visit) in served {
            prop_assert!(visit.start >= *arrival && visit.departure >= visit.start + visit.service);
        }
    }

    #[test]
    fn arrived_is_departed_and_in_service_and_waiting(
        config in any_config(), arrivals in any_arrivals(), later in 0u64..100_000_000,
    ) {
        let mut service = Service::new(&config);
        let all: Vec<_> = arrivals.iter().map(|&arrival| (arrival, service.admit(arrival, 0))).collect();
        let now = arrivals[arrivals.len() - 1] + later;
        let Occupancy { busy, waiting } = service.occupancy(now);
        let inside = all.iter().filter(|(_, v)| v.fate != Fate::Rejected && v.departure > now);
        prop_assert_eq!(inside.clone().filter(|(_, v)| v.start <= now).count(), busy);
        prop_assert_eq!(inside.filter(|(_, v)| v.start > now).count(), waiting);
        prop_assert!(busy <= config.workers as usize);
        prop_assert!(config.queue_limit.is_none_or(|limit| waiting <= limit as usize));
    }

    #[test]
    fn nobody_waits_while_a_worker_is_idle(config in any_config(), arrivals in any_arrivals()) {
        let all = visits(&config, arrivals);
        for (n, &(arrival, visit)) in all.iter().enumerate().filter(|(_, (arrival, v))| v.start > *arrival) {
            let busy = all[..n].iter().filter(|(_, v)| v.start <= arrival && v.departure > arrival).count();
            prop_assert_eq!(busy, config.workers as usize, "waited until {}", visit.start);
        }
    }

    #[test]
    fn equal_seeds_give_equal_services(config in any_config(), arrivals in any_arrivals()) {
        prop_assert_eq!(visits(&config, arrivals.clone()), visits(&config, arrivals));
    }
}
