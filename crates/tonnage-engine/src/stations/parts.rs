//! What stations are made of, and what they count.

use crate::curve::Curve;
use crate::random::Lengths;

/// Which ready replica a request goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balancing {
    /// Any of them, whatever they hold: each one sees Poisson arrivals, and is M/G/c by itself.
    Random,
    /// The next one by number, after the highest the lowest.
    RoundRobin,
    /// The one with the fewest requests, the oldest of several.
    Least,
}

/// What does not change while the stations are there.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Arrival rate [1/s] over time.
    pub demand: Curve,
    /// Arrivals at equal areas under the demand, not at random ones.
    pub regular: bool,
    /// Service times.
    pub lengths: Lengths,
    /// Servers of a replica, at least 1.
    pub servers: u32,
    pub balancing: Balancing,
    /// How long a draining replica may finish what it holds [s].
    pub grace: f64,
    pub seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Warming,
    Ready,
    Draining,
    Gone,
}

/// What has happened until now. arrived = served + failed + in_service + queued + in_line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    pub arrived: u64,
    pub served: u64,
    /// Requests that were held by a replica which failed, or whose grace ended.
    pub failed: u64,
    pub in_service: u64,
    /// Requests that wait in a replica, and those that wait because none was ready.
    pub queued: u64,
    pub in_line: u64,
}

/// Integrals over the time until now: the mean over an interval is the difference by its length.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Integrals {
    /// Busy servers of ready replicas [server·s].
    pub busy: f64,
    /// Requests in service or waiting, wherever [request·s].
    pub held: f64,
    /// Requests that wait, wherever [request·s].
    pub waiting: f64,
}

/// A request that waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    pub arrived: f64,
    /// Service time [s], drawn on arrival: the n-th request asks the same, whoever serves it and whenever.
    pub length: f64,
}
