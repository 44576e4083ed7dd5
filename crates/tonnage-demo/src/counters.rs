//! What the service has done: the truth that a load generator is held against.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{seconds, Nanos, Occupancy};

const STATUSES: usize = 600;

/// Counters that one thread writes and any thread reads.
#[derive(Debug)]
pub struct Counters {
    requests: Box<[AtomicU64]>,
    connections: AtomicU64,
    arrived: AtomicU64,
    ended: AtomicU64,
    queue: AtomicU64,
    busy: AtomicU64,
    services: AtomicU64,
    service_time: AtomicU64,
    stalls: AtomicU64,
}

/// A snapshot of [`Counters`].
#[derive(Debug, Clone, PartialEq)]
pub struct Stats {
    /// Requests ended, by status; 0 is no answer: dropped, reset, or the client had left.
    pub requests: BTreeMap<u16, u64>,
    /// Connections accepted.
    pub connections: u64,
    /// Requests that have arrived and not ended.
    pub in_flight: u64,
    /// Requests that wait for a worker.
    pub queue_length: u64,
    /// Workers that serve.
    pub busy_workers: u64,
    /// Sum of the finished services \[s\], without stalls and delays.
    pub service_time_sum: f64,
    /// Number of the finished services.
    pub service_time_count: u64,
    /// Stalls that have begun.
    pub stalls: u64,
}

/// Only one thread writes, so a load and a store do what a slower atomic addition would.
fn add(counter: &AtomicU64, amount: u64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Release);
}

impl Counters {
    pub(crate) fn new() -> Self {
        let zero = AtomicU64::default;
        Counters {
            requests: (0..STATUSES).map(|_| zero()).collect(),
            connections: zero(),
            arrived: zero(),
            ended: zero(),
            queue: zero(),
            busy: zero(),
            services: zero(),
            service_time: zero(),
            stalls: zero(),
        }
    }

    pub(crate) fn connected(&self) {
        add(&self.connections, 1);
    }

    pub(crate) fn arrived(&self) {
        add(&self.arrived, 1);
    }

    /// A request has ended with this status, 0 for none.
    pub(crate) fn ended(&self, status: u16) {
        add(&self.requests[usize::from(status).min(STATUSES - 1)], 1);
        add(&self.ended, 1);
    }

    /// A worker has done with a request.
    pub(crate) fn served(&self, service: Nanos) {
        add(&self.services, 1);
        add(&self.service_time, service);
    }

    pub(crate) fn observe(&self, occupancy: Occupancy, stalls: usize) {
        self.queue.store(occupancy.waiting as u64, Ordering::Release);
        self.busy.store(occupancy.busy as u64, Ordering::Release);
        self.stalls.store(stalls as u64, Ordering::Release);
    }

    /// All counters now. While the server runs, gauges may be 25 ms old.
    pub fn stats(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Acquire);
        // The end is read first: it never overtakes the arrivals, so the difference is never negative.
        let ended = read(&self.ended);
        Stats {
            requests: (0..).zip(&self.requests).map(|(s, n)| (s, read(n))).filter(|&(_, n)| n > 0).collect(),
            connections: read(&self.connections),
            in_flight: read(&self.arrived) - ended,
            queue_length: read(&self.queue),
            busy_workers: read(&self.busy),
            service_time_sum: seconds(read(&self.service_time)),
            service_time_count: read(&self.services),
            stalls: read(&self.stalls),
        }
    }
}

impl Stats {
    /// The text exposition format of Prometheus, version 0.0.4.
    pub fn prometheus(&self) -> String {
        let mut out = String::new();
        head(&mut out, "demo_requests_total", "counter", "Requests ended, by status; 0 is no answer.");
        for (status, count) in &self.requests {
            let _ = writeln!(out, "demo_requests_total{{status=\"{status}\"}} {count}");
        }
        for (name, kind, help, value) in [
            ("demo_connections_total", "counter", "Connections accepted.", self.connections),
            ("demo_in_flight", "gauge", "Requests arrived and not ended.", self.in_flight),
            ("demo_queue_length", "gauge", "Requests waiting for a worker.", self.queue_length),
            ("demo_busy_workers", "gauge", "Workers serving.", self.busy_workers),
            ("demo_stalls_total", "counter", "Stalls begun.", self.stalls),
        ] {
            head(&mut out, name, kind, help);
            let _ = writeln!(out, "{name} {value}");
        }
        head(&mut out, "demo_service_time_seconds", "summary", "Finished services, without stalls and delays.");
        let _ = writeln!(out, "demo_service_time_seconds_sum {}", self.service_time_sum);
        let _ = writeln!(out, "demo_service_time_seconds_count {}", self.service_time_count);
        out
    }
}

/// Writing to a string cannot fail.
fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arrived_is_ended_or_in_flight() {
        let counters = Counters::new();
        (0..3).for_each(|_| counters.arrived());
        counters.ended(200);
        counters.ended(0);
        counters.served(1_500_000_000);
        counters.observe(Occupancy { busy: 1, waiting: 2 }, 1);
        let stats = counters.stats();
        assert_eq!((stats.requests, stats.in_flight), (BTreeMap::from([(0, 1), (200, 1)]), 1));
        assert_eq!((stats.busy_workers, stats.queue_length, stats.stalls), (1, 2, 1));
        assert_eq!((stats.service_time_sum, stats.service_time_count), (1.5, 1));
    }

    #[test]
    fn the_exposition_names_every_counter() {
        let counters = Counters::new();
        counters.arrived();
        counters.ended(503);
        let text = counters.stats().prometheus();
        assert!(text.contains("demo_requests_total{status=\"503\"} 1\n"));
        assert!(text.contains("demo_service_time_seconds_sum 0\n"));
        assert!(text.lines().all(|line| line.starts_with("# ") || line.split(' ').count() == 2));
    }
}
