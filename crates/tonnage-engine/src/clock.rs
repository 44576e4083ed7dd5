//! One monotonic clock for every instant of a run.

use std::time::Instant;

/// Nanoseconds since an origin that is fixed once per engine; steps of the wall clock never show.
///
/// `now` costs one `clock_gettime` through the vDSO, 24 to 36 ns. Every instant that a sample carries is read
/// here, so differences are never negative.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock that reads zero now.
    #[allow(clippy::new_without_default)] // a default clock would hide that its origin is the moment of the call
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }

    /// Nanoseconds since the origin; 2⁶⁴ ns are 584 years, so the cast cannot lose anything.
    #[inline]
    pub fn now(&self) -> u64 {
        self.origin.elapsed().as_nanos() as u64
    }
}

/// Nanoseconds in a second.
pub const SECOND: u64 = 1_000_000_000;

/// Seconds as nanoseconds, rounded; negative and NaN become zero, the infinite the largest instant.
pub fn nanoseconds(seconds: f64) -> u64 {
    (seconds * 1e9).round() as u64
}
