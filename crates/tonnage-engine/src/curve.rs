//! Demand as a function of time: a rate of arrivals, or a number of VUs.
//!
//! A Curve knows nothing of clocks, scenarios or requests. It answers three questions about a piecewise-linear
//! function f(t) that is never negative:
//!
//! ```text
//! value(t)   f(t)
//! area(t)    F(t) = ∫₀ᵗ f(u) du          arrivals due until t, when f is a rate
//! when(a)    the first t with F(t) = a   the instant of the a-th arrival
//! ```
//!
//! Times are seconds, rates 1/s; a Curve of VUs is dimensionless. The Python twin is `tonnage.load.curve`: the sums are
//! taken in the same order here, so that both give the same bits.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Two borders closer than this share of their size are the same instant: what is left of writing decimals.
const BORDER_TOLERANCE: f64 = 1e-9;

/// A straight line from `begin` to `end` over `length` seconds; length zero is a jump.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    /// Seconds.
    pub length: f64,
    /// f at the start of the piece.
    pub begin: f64,
    /// f at the end of the piece.
    pub end: f64,
}

impl Piece {
    /// ∫ over the whole piece.
    pub fn area(&self) -> f64 {
        self.length * (self.begin + self.end) / 2.0
    }

    /// ∫ from the start of the piece to `t` seconds into it.
    pub fn area_until(&self, t: f64) -> f64 {
        t * (self.begin + self.value(t)) / 2.0
    }

    /// f at `t` seconds into the piece, which must not be a jump.
    pub fn value(&self, t: f64) -> f64 {
        self.begin + (self.end - self.begin) * (t / self.length)
    }

    /// Seconds into the piece until `area` has been collected, 0 < area <= self.area().
    ///
    /// ```text
    /// t = 2a / (r + √(r² + 2sa)),   r = begin, s = (end - begin) / length
    /// ```
    ///
    /// One form for flat, rising and falling pieces: the quadratic's root is taken on the side that neither divides by
    /// the slope s nor subtracts nearly equal numbers. Rounding can push the radicand below zero at the very end of a
    /// ramp to zero.
    pub fn when(&self, area: f64) -> f64 {
        let slope = (self.end - self.begin) / self.length;
        let radicand = self.begin * self.begin + 2.0 * slope * area;
        (2.0 * area / (self.begin + radicand.max(0.0).sqrt())).min(self.length)
    }
}

/// Pieces end to end from t = 0; zero before and after. Invariant: finite and never negative.
///
/// As JSON it is a list of four numbers a piece, `[start, length, begin, end]`, the form in which Python hands it over.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    pieces: Vec<Piece>,
    starts: Vec<f64>,
    areas: Vec<f64>,
}

impl Curve {
    /// The Curve of these pieces, end to end.
    pub fn new(pieces: Vec<Piece>) -> Result<Curve, CurveError> {
        for (index, piece) in pieces.iter().enumerate() {
            let numbers = [piece.length, piece.begin, piece.end];
            if numbers.iter().any(|x| !x.is_finite()) {
                return Err(CurveError::NotFinite { index, piece: *piece });
            }
            if numbers.iter().any(|x| *x < 0.0) {
                return Err(CurveError::Negative { index, piece: *piece });
            }
        }
        let (starts, areas) = (running(pieces.iter().map(|p| p.length)), running(pieces.iter().map(Piece::area)));
        Ok(Curve { pieces, starts, areas })
    }

    /// The Curve that starts at `start` and reaches each (seconds, target) in turn, as k6's stages do.
    pub fn through(start: f64, stages: impl IntoIterator<Item = (f64, f64)>) -> Result<Curve, CurveError> {
        let mut begin = start;
        let pieces =
            stages.into_iter().map(|(length, end)| Piece { length, begin: std::mem::replace(&mut begin, end), end });
        Curve::new(pieces.collect())
    }

    /// The pieces in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Seconds from the first piece's start to the last one's end.
    pub fn length(&self) -> f64 {
        self.starts[self.pieces.len()]
    }

    /// The area under the whole Curve.
    pub fn total(&self) -> f64 {
        self.areas[self.pieces.len()]
    }

    /// f(t); at a jump, the value after it.
    pub fn value(&self, t: f64) -> f64 {
        match self.piece_at(t) {
            Some(i) => self.pieces[i].value(t - self.starts[i]),
            None => 0.0,
        }
    }

    /// F(t), the area from 0 to t.
    pub fn area(&self, t: f64) -> f64 {
        match self.piece_at(t) {
            Some(i) => self.areas[i] + self.pieces[i].area_until(t - self.starts[i]),
            None if t >= self.length() => self.total(),
            None => 0.0,
        }
    }

    /// The first instant at which `area` has been collected; None where the Curve never gets there: an area that is
    /// negative, NaN or more than `total`.
    ///
    /// Source: the n-th arrival of a non-homogeneous schedule is F⁻¹(n) (Çinlar 1975). Checked against k6's start times
    /// in tests/schedule_vectors.rs.
    pub fn when(&self, area: f64) -> Option<f64> {
        if !(0.0..=self.total()).contains(&area) {
            return None;
        }
        // The first border with at least this area; the piece before it is the one that collects the rest, so it has
        // an area and is no jump.
        match self.areas.partition_point(|a| *a < area) {
            0 => Some(0.0),
            next => Some(self.starts[next - 1] + self.pieces[next - 1].when(area - self.areas[next - 1])),
        }
    }

    /// The piece that holds t, the last one where several start together: jumps have no inside.
    fn piece_at(&self, t: f64) -> Option<usize> {
        (0.0..self.length()).contains(&t).then(|| self.starts.partition_point(|s| *s <= t) - 1)
    }
}

/// 0, x₀, x₀ + x₁, …: one longer than its input.
fn running(terms: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sums = vec![0.0];
    let mut sum = 0.0;
    sums.extend(terms.map(|x| {
        sum += x;
        sum
    }));
    sums
}

/// Why a list of pieces is not a Curve.
#[derive(Debug, Clone, PartialEq)]
pub enum CurveError {
    /// A length or a value is below zero. Lengths and values start at 0: correct the stage with this index.
    Negative {
        /// Position of the piece, from 0.
        index: usize,
        /// The piece.
        piece: Piece,
    },
    /// A length or a value is infinite or not a number. Give a finite duration and target.
    NotFinite {
        /// Position of the piece, from 0.
        index: usize,
        /// The piece.
        piece: Piece,
    },
    /// A piece does not start where the one before it ended. Write a pause as a piece from 0 to 0.
    Gap {
        /// Position of the piece, from 0.
        index: usize,
        /// Where it says it starts, in seconds.
        start: f64,
        /// Where the piece before it ends, in seconds.
        expected: f64,
    },
}

impl fmt::Display for CurveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CurveError::Negative { index, piece } => {
                write!(f, "piece {index} of the curve is negative: {piece:?}; lengths and values start at 0")
            }
            CurveError::NotFinite { index, piece } => {
                write!(f, "piece {index} of the curve is not finite: {piece:?}; give a finite duration and target")
            }
            CurveError::Gap { index, start, expected } => write!(
                f,
                "piece {index} of the curve starts at {start} s, but the one before it ends at {expected} s; \
                 write a pause as a piece from 0 to 0"
            ),
        }
    }
}

impl std::error::Error for CurveError {}

impl Serialize for Curve {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.pieces.iter().zip(&self.starts).map(|(p, s)| [*s, p.length, p.begin, p.end]))
    }
}

impl<'de> Deserialize<'de> for Curve {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Curve, D::Error> {
        let rows = Vec::<[f64; 4]>::deserialize(deserializer)?;
        let pieces = rows.iter().map(|[_, length, begin, end]| Piece { length: *length, begin: *begin, end: *end });
        let curve = Curve::new(pieces.collect()).map_err(serde::de::Error::custom)?;
        for (index, (row, expected)) in rows.iter().zip(&curve.starts).enumerate() {
            if (row[0] - expected).abs() > BORDER_TOLERANCE * expected.max(1.0) {
                let gap = CurveError::Gap { index, start: row[0], expected: *expected };
                return Err(serde::de::Error::custom(gap));
            }
        }
        Ok(curve)
    }
}
