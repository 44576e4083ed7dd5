//! Execution segments: the share of a test that one generator runs, written as k6 writes it.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// Numerators and denominators stay below this, so that products of two of them fit into 128 bits with room to spare.
const PART_LIMIT: u64 = 1_000_000_000_000;

/// A rational number from 0 to 1, in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fraction {
    numerator: u64,
    denominator: u64,
}

impl Fraction {
    /// Nothing.
    pub const ZERO: Fraction = Fraction { numerator: 0, denominator: 1 };
    /// The whole.
    pub const ONE: Fraction = Fraction { numerator: 1, denominator: 1 };

    /// numerator / denominator; None where that is not a number from 0 to 1.
    pub fn new(numerator: u64, denominator: u64) -> Option<Fraction> {
        if denominator == 0 || numerator > denominator || denominator > PART_LIMIT {
            return None;
        }
        let divisor = gcd(numerator, denominator);
        Some(Fraction { numerator: numerator / divisor, denominator: denominator / divisor })
    }

    /// In lowest terms.
    pub fn numerator(self) -> u64 {
        self.numerator
    }

    /// In lowest terms, at least 1.
    pub fn denominator(self) -> u64 {
        self.denominator
    }
}

impl Ord for Fraction {
    fn cmp(&self, other: &Self) -> Ordering {
        let cross = |a: &Fraction, b: &Fraction| u128::from(a.numerator) * u128::from(b.denominator);
        cross(self, other).cmp(&cross(other, self))
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denominator {
            1 => write!(f, "{}", self.numerator),
            denominator => write!(f, "{}/{denominator}", self.numerator),
        }
    }
}

impl FromStr for Fraction {
    type Err = SegmentError;

    /// `1/5`, `0.2` or `20%`.
    fn from_str(text: &str) -> Result<Fraction, SegmentError> {
        let text = text.trim();
        let parsed = match (text.split_once('/'), text.strip_suffix('%')) {
            (Some((numerator, denominator)), _) => whole(numerator).zip(whole(denominator)),
            (None, Some(percent)) => decimal(percent).map(|(n, d)| (n, d * 100)),
            (None, None) => decimal(text),
        };
        parsed
            .and_then(|(numerator, denominator)| Fraction::new(numerator, denominator))
            .ok_or_else(|| SegmentError::NotAFraction(text.to_owned()))
    }
}

fn whole(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|n| digits && *n <= PART_LIMIT)
}

/// `12.5` as (125, 10). At most nine decimals: nobody shares load more finely, and the product stays small.
fn decimal(text: &str) -> Option<(u64, u64)> {
    let (before, after) = text.split_once('.').unwrap_or((text, ""));
    if before.is_empty() && after.is_empty() || after.len() > 9 {
        return None;
    }
    let part = |digits: &str| if digits.is_empty() { Some(0) } else { whole(digits) };
    let scale = 10u64.pow(after.len() as u32);
    Some((part(before)?.checked_mul(scale)?.checked_add(part(after)?)?, scale))
}

pub(super) fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 {
        a
    } else {
        gcd(b, a % b)
    }
}

/// The part of the test between `from` (excluded) and `to` (included). Invariant: from < to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Segment {
    from: Fraction,
    to: Fraction,
}

impl Segment {
    /// The whole test: what a single generator runs.
    pub const WHOLE: Segment = Segment { from: Fraction::ZERO, to: Fraction::ONE };

    /// Where the segment begins.
    pub fn from(&self) -> Fraction {
        self.from
    }

    /// Where the segment ends.
    pub fn to(&self) -> Fraction {
        self.to
    }
}

impl FromStr for Segment {
    type Err = SegmentError;

    /// `1/2:3/4`, or one value for "from 0 to there": `20%`, `0.2`, `1/5`. Nothing is the whole.
    fn from_str(text: &str) -> Result<Segment, SegmentError> {
        if text.trim().is_empty() {
            return Ok(Segment::WHOLE);
        }
        let (from, to) = match text.split_once(':') {
            Some((from, to)) => (from.parse()?, to.parse()?),
            None => (Fraction::ZERO, text.parse()?),
        };
        if from < to {
            Ok(Segment { from, to })
        } else {
            Err(SegmentError::Empty(text.to_owned()))
        }
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.from, self.to)
    }
}

/// The borders between the segments of all generators. Invariant: strictly rising from 0 to 1.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sequence(Vec<Fraction>);

impl Sequence {
    /// What is assumed when only the own segment is known: one generator before it and one after it.
    pub fn around(segment: Segment) -> Sequence {
        let mut borders = vec![Fraction::ZERO, segment.from, segment.to, Fraction::ONE];
        borders.dedup();
        Sequence(borders)
    }

    /// The segments in order; together they are the whole.
    pub fn segments(&self) -> impl Iterator<Item = Segment> + '_ {
        self.0.windows(2).map(|pair| Segment { from: pair[0], to: pair[1] })
    }
}

impl FromStr for Sequence {
    type Err = SegmentError;

    /// `0,1/4,2/4,1`; a missing 0 in front and a missing 1 at the end are added.
    fn from_str(text: &str) -> Result<Sequence, SegmentError> {
        let mut borders = vec![Fraction::ZERO];
        for part in text.split(',').filter(|part| !part.trim().is_empty()) {
            let border: Fraction = part.parse()?;
            match border.cmp(&borders[borders.len() - 1]) {
                Ordering::Greater => borders.push(border),
                Ordering::Equal if borders.len() == 1 && border == Fraction::ZERO => {}
                _ => return Err(SegmentError::NotRising(text.to_owned())),
            }
        }
        if borders[borders.len() - 1] < Fraction::ONE {
            borders.push(Fraction::ONE);
        }
        Ok(Sequence(borders))
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(i, border)| write!(f, "{}{border}", if i == 0 { "" } else { "," }))
    }
}

/// Why a segment cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SegmentError {
    /// Not a number from 0 to 1 that can be read. Write `1/5`, `0.2` or `20%`, with at most nine decimals.
    NotAFraction(String),
    /// The segment ends where it begins, or before. Write the smaller border first: `1/4:1/2`.
    Empty(String),
    /// The borders of the sequence do not rise from 0 to 1. Sort them and drop repetitions.
    NotRising(String),
    /// The segment is none of those between the sequence's borders. Use two neighbouring borders of the sequence.
    NotInSequence(String, String),
    /// The least common denominator is too large to list the members of one round. Use fractions of small denominators:
    /// `1/3` instead of `0.333333333`.
    TooFine(String),
}

impl fmt::Display for SegmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SegmentError::NotAFraction(text) => {
                write!(f, "`{text}` is not a share from 0 to 1; write 1/5, 0.2 or 20%, with at most nine decimals")
            }
            SegmentError::Empty(text) => {
                write!(f, "the segment `{text}` is empty; write the smaller border first, as in 1/4:1/2")
            }
            SegmentError::NotRising(text) => {
                write!(f, "the borders of the segment sequence `{text}` do not rise; sort them and drop repetitions")
            }
            SegmentError::NotInSequence(segment, sequence) => write!(
                f,
                "the segment {segment} is not in the sequence {sequence}; use two neighbouring borders of the sequence"
            ),
            SegmentError::TooFine(sequence) => write!(
                f,
                "the segments of {sequence} have no common denominator up to {}; use fractions with small denominators, \
                 1/3 instead of 0.333333333",
                super::stripe::LCD_LIMIT
            ),
        }
    }
}

impl std::error::Error for SegmentError {}
