//! The arithmetic of executors: when an arrival is due, how many VUs run, and which of both belong to this generator.
//!
//! Nothing here reads a clock or starts anything: a schedule is a function of its configuration. Instants are integer
//! nanoseconds after the start of the scenario (so the names carry `_ns` where they are not plain durations), because
//! the engine compares them with a monotonic clock that counts nanoseconds.
//!
//! Source: k6.md 1.4 to 1.6, checked against the outputs of k6 v2.2.0 in tests/schedule_vectors.rs.

mod arrivals;
mod segment;
mod stripe;
mod vus;

pub use arrivals::{Arrivals, ArrivalsError};
pub use segment::{Fraction, Segment, SegmentError, Sequence};
pub use stripe::{Stripe, StripeError};
pub use vus::{Ramp, Stage, Step};
