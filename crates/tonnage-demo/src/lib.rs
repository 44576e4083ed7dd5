//! The demo service: an HTTP server of known truth.
//!
//! Its service times, workers, stalls and errors are what [`Config`] says, so that whatever measures it can be held
//! against numbers known beforehand. It is one thread over epoll, fast enough not to be the bottleneck of a load test.
//!
//! ```text
//! config ─► service     the pure model in virtual time: arrival ─► departure
//!             ├ random    seeded numbers, service times
//!             ├ stall     windows in which nothing departs
//!             └ station   k workers, first come first served
//! http   ─► routes      bytes ─► request ─► what to answer
//! reactor               sockets, the timer of pending departures; the only place that reads a clock
//! ```
//!
//! It knows nothing of load generators, of Python and of what is done with the measurements.

mod alarm;
mod config;
mod connection;
mod counters;
mod http;
mod random;
mod reactor;
mod reply;
mod routes;
mod service;
mod stall;
mod station;

pub use config::{Config, ConfigError, Distribution, StallFrom};
pub use counters::{Counters, Stats};
pub use random::Rng;
pub use reactor::Server;
pub use service::{Fate, Service, Visit};
pub use station::Occupancy;

/// An instant or a length of time in nanoseconds; instants count from the start of the server.
pub type Nanos = u64;

/// Seconds as nanoseconds, rounded to the nearest; negative ones become 0, too large ones the largest.
pub(crate) fn nanos(seconds: f64) -> Nanos {
    (seconds * 1e9).round() as Nanos
}

/// Nanoseconds as seconds.
pub(crate) fn seconds(nanos: Nanos) -> f64 {
    nanos as f64 * 1e-9
}
