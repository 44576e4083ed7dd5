//! What a pool is made of, and what it counts.

use crate::curve::Curve;
use crate::random::Lengths;

/// Which worker with a free slot takes a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// At random, by the share of its slots that is free, as LiveKit's server does.
    Weighted,
    /// The one with the fewest sessions, the oldest of several.
    Least,
    /// The one with the most sessions, the oldest of several.
    Pack,
}

/// What does not change while a pool lives.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Arrival rate [1/s] over time.
    pub demand: Curve,
    /// Arrivals at equal areas under the demand, not at random ones.
    pub regular: bool,
    pub lengths: Lengths,
    /// Slots of a worker.
    pub per_worker: u32,
    pub routing: Routing,
    /// The share of rejected callers who try again, each time, and after how long [s].
    pub retry: f64,
    pub retry_delay: f64,
    /// How long a draining worker may finish its sessions [s].
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

/// What has happened until now. arrived = started + lost + retrying; started = finished + cut + active + draining.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Callers, each once.
    pub arrived: u64,
    pub started: u64,
    /// Tries that found no free slot.
    pub rejected: u64,
    /// Callers who gave up.
    pub lost: u64,
    /// Callers who will try again.
    pub retrying: u64,
    pub finished: u64,
    /// Sessions that ended with the grace of their worker, and with a worker that failed.
    pub cut: u64,
    pub failed: u64,
    /// Sessions on workers that are ready, and on those that are draining.
    pub active: u64,
    pub draining: u64,
}
