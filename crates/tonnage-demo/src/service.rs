//! The model of the service, in virtual time: an arrival instant in, a departure instant out.
//!
//! It reads no clock and opens no socket: the server asks it when to answer, a test asks it what the truth is.

use crate::random::{Rng, ServiceTimes};
use crate::stall::Stalls;
use crate::station::{Occupancy, Station};
use crate::{Config, Nanos, StallFrom};

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Served.
    Served,
    /// Served, and answered by an error: the work was done in vain.
    Failed,
    /// Sent away at once because too many waited.
    Rejected,
}

/// One request's way through the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// When a worker took it up.
    pub start: Nanos,
    /// The work it needed; 0 for a rejected one.
    pub service: Nanos,
    /// When its answer leaves.
    pub departure: Nanos,
    /// What becomes of it.
    pub fate: Fate,
}

/// A station of k workers that stalls when it is told to.
#[derive(Debug)]
pub struct Service {
    station: Station,
    times: ServiceTimes,
    stalls: Stalls,
    /// The instant from which stalls count, once it is known.
    origin: Option<Nanos>,
    errors: f64,
    failures: Rng,
}

impl Service {
    /// The service that a valid configuration describes.
    pub fn new(config: &Config) -> Self {
        Service {
            station: Station::new(config.workers as usize, config.queue_limit.map(|limit| limit as usize)),
            times: ServiceTimes::new(config),
            stalls: Stalls::new(&config.stalls),
            origin: (config.stall_from == StallFrom::Start).then_some(0),
            errors: config.errors,
            failures: Rng::new(config.seed, 2),
        }
    }

    /// Let a request arrive, not before the one admitted last.
    ///
    /// `delay` passes after its service and engages no worker (a delay centre of queueing theory). It passes during
    /// a stall too, but its end is a departure and waits for the stall's end.
    pub fn admit(&mut self, arrival: Nanos, delay: Nanos) -> Visit {
        let origin = *self.origin.get_or_insert(arrival);
        let Some(start) = self.station.start(arrival) else {
            let departure = origin + self.stalls.release(arrival - origin);
            return Visit { start: arrival, service: 0, departure, fate: Fate::Rejected };
        };
        let service = self.times.draw();
        let end = self.stalls.finish(start - origin, service).saturating_add(origin);
        self.station.book(arrival, start, end);
        let departure = match delay {
            0 => end,
            _ => self.stalls.release(end.saturating_add(delay) - origin).saturating_add(origin),
        };
        let failed = self.errors > 0.0 && self.failures.chance(self.errors);
        Visit { start, service, departure, fate: if failed { Fate::Failed } else { Fate::Served } }
    }

    /// Who is in service and who waits at `now`, which must not lie before the last arrival.
    pub fn occupancy(&mut self, now: Nanos) -> Occupancy {
        self.station.occupancy(now)
    }

    /// How many stalls have begun by `now`.
    pub fn stalls(&self, now: Nanos) -> usize {
        self.origin.map_or(0, |origin| self.stalls.begun(now.saturating_sub(origin)))
    }
}

#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;
