//! The instants at which an open model's iterations are due.

use std::fmt;

use super::Stripe;
use crate::curve::Curve;

const NS: f64 = 1e9;

/// An area this close below a whole number has reached it: what summing the pieces of a Curve leaves behind.
const AREA_TOLERANCE: f64 = 1e-12;

/// The arrivals of one generator in order: an iterator of instants, in ns after the start of the scenario.
///
/// Every instant is computed from the arrival's number, never from the one before it, so that nothing drifts: the
/// ten-millionth is as exact as the first.
#[derive(Debug, Clone)]
pub struct Arrivals {
    law: Law,
    /// Arrivals of all generators together.
    total: u64,
    stripe: Stripe,
    /// Arrivals of this generator that `next` has given.
    given: u64,
}

#[derive(Debug, Clone)]
enum Law {
    /// Arrival i, from 0, at i·unit/rate; unit in ns.
    Constant { rate: f64, unit: f64 },
    /// Arrival n, from 1, at F⁻¹(n).
    Ramping(Curve),
}

impl Law {
    /// The instant of the arrival with this number, from 0, in ns.
    fn at(&self, index: u64) -> u64 {
        match self {
            // One product and one quotient: the error stays below a nanosecond for 10¹⁵ arrivals and 50 days.
            Law::Constant { rate, unit } => (index as f64 * unit / rate).round() as u64,
            Law::Ramping(curve) => {
                let seconds = curve.when((index as f64 + 1.0).min(curve.total())).unwrap_or(curve.length());
                (seconds * NS).round() as u64
            }
        }
    }

    /// How many arrivals are due by t, up to rounding: where to look for the exact number.
    fn guess(&self, t: u64) -> u64 {
        match self {
            Law::Constant { rate, unit } => (t as f64 * rate / unit) as u64,
            Law::Ramping(curve) => curve.area(t as f64 / NS) as u64,
        }
    }

    /// The exact number of arrivals, out of `total`, that are due by t: at(n - 1) <= t < at(n).
    fn due(&self, t: u64, total: u64) -> u64 {
        let guess = self.guess(t).min(total);
        let (mut low, mut high, mut reach) = (guess, guess, 1);
        // The guess is off by rounding only, so a bracket that grows from it closes at once.
        while low > 0 && self.at(low - 1) > t {
            low = low.saturating_sub(reach);
            reach *= 2;
        }
        reach = 1;
        while high < total && self.at(high) <= t {
            high = high.saturating_add(reach).min(total);
            reach *= 2;
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if self.at(middle) <= t {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

impl Arrivals {
    /// `rate` arrivals each `time_unit` seconds for `duration` seconds, the first at once.
    ///
    /// ```text
    /// tᵢ = i · time_unit / rate,   i = 0, 1, …   while tᵢ < duration
    /// ```
    ///
    /// An arrival at t = duration is excluded, so that 4/s for 2 s are 8 arrivals (k6 often starts a ninth).
    pub fn constant(rate: f64, time_unit: f64, duration: f64, stripe: Stripe) -> Result<Arrivals, ArrivalsError> {
        for (name, value) in [("rate", rate), ("time unit", time_unit)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(ArrivalsError { name, value });
            }
        }
        let end = (duration * NS).round();
        if !(0.0..=i64::MAX as f64).contains(&end) {
            return Err(ArrivalsError { name: "duration", value: duration });
        }
        let law = Law::Constant { rate, unit: time_unit * NS };
        let total = match end as u64 {
            0 => 0,
            end => law.due(end - 1, u64::MAX),
        };
        Ok(Arrivals { law, total, stripe, given: 0 })
    }

    /// Arrivals at the rate of a Curve (1/s): the n-th, n = 1, 2, …, when the area under it reaches n.
    pub fn ramping(curve: Curve, stripe: Stripe) -> Arrivals {
        let total = (curve.total() * (1.0 + AREA_TOLERANCE) + AREA_TOLERANCE) as u64;
        Arrivals { law: Law::Ramping(curve), total, stripe, given: 0 }
    }

    /// The next arrival, without taking it.
    pub fn peek(&self) -> Option<u64> {
        let index = self.stripe.member(self.given)?;
        (index < self.total).then(|| self.law.at(index))
    }

    /// How many of this generator's arrivals are due by `t` (ns), those at `t` included. Does not depend on what has
    /// been taken.
    pub fn due(&self, t: u64) -> u64 {
        self.stripe.scale(self.law.due(t, self.total))
    }

    /// How many arrivals this generator has over the whole duration.
    pub fn total(&self) -> u64 {
        self.stripe.scale(self.total)
    }

    /// How many have been taken.
    pub fn taken(&self) -> u64 {
        self.given
    }
}

impl Iterator for Arrivals {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let at = self.peek()?;
        self.given += 1;
        Some(at)
    }
}

/// A rate, time unit or duration that makes no schedule. Rates and time units are above 0, a duration is from 0 to 292
/// years; all are finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArrivalsError {
    /// Which one.
    pub name: &'static str,
    /// What was given.
    pub value: f64,
}

impl fmt::Display for ArrivalsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {} of {} makes no schedule; give a finite number above 0", self.name, self.value)
    }
}

impl std::error::Error for ArrivalsError {}
