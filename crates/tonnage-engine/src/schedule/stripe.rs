//! Which members of a numbered series (arrivals, VUs, iterations) belong to one generator.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::segment::{gcd, Segment, SegmentError, Sequence};

/// A round is listed member by member; past this it would cost more memory than the load it shares.
pub(super) const LCD_LIMIT: u64 = 1_000_000;

/// Every `lcd` members of a series repeat one pattern, of which this generator has the `slots`.
///
/// ```text
/// lcd 4, start 0, offsets [2, 1, 1]:   0 · 2 3   4 · 6 7   8 · 10 11  …
/// lcd 4, start 1, offsets [4]:         · 1 · ·   · 5 · ·   · 9 ·  ·   …
/// ```
///
/// Invariant: slots rise strictly and stay below lcd; there is at least one. Members are numbered from 0. As data it is
/// k6's form, `{"start": 0, "offsets": [2, 1, 1], "lcd": 4}`: the first member, and the steps that lead on from it,
/// cyclically.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Offsets", into = "Offsets")]
pub struct Stripe {
    slots: Vec<u64>,
    lcd: u64,
}

impl Stripe {
    /// All members: what a single generator runs.
    pub fn whole() -> Stripe {
        Stripe { slots: vec![0], lcd: 1 }
    }

    /// Member `index`, and from there every `count`-th: equal shares for `count` generators.
    pub fn equal(index: u64, count: u64) -> Result<Stripe, StripeError> {
        Stripe::new(index, &[count], count)
    }

    /// From k6's offsets: the first member, and the steps to the following ones until the round of `lcd` is full.
    pub fn new(start: u64, offsets: &[u64], lcd: u64) -> Result<Stripe, StripeError> {
        let refused = || StripeError { start, offsets: offsets.to_vec(), lcd };
        let around = offsets.iter().try_fold(0u64, |sum, step| sum.checked_add(*step)).ok_or_else(refused)?;
        if offsets.is_empty() || offsets.contains(&0) || around != lcd || start >= lcd || lcd > LCD_LIMIT {
            return Err(refused());
        }
        let mut slots = vec![start];
        for step in &offsets[..offsets.len() - 1] {
            slots.push(slots[slots.len() - 1] + step);
        }
        if slots[slots.len() - 1] >= lcd {
            return Err(refused());
        }
        Ok(Stripe { slots, lcd })
    }

    /// The stripe of a segment.
    ///
    /// Of a round of lcd members (the least common denominator of all segments) a segment gets its share, num. The k-th
    /// of them, from 0, is not wanted before place k·lcd/num, and wanted before place (k + 1)·lcd/num; every place goes
    /// to the most urgent wish that is open, where two are equally urgent to the longer segment, then to the earlier
    /// one. So the shares of all generators are disjoint, together they are everything, and each generator has its
    /// share of every prefix, to within one member.
    ///
    /// Source: derived from the start and offsets that k6 prints (`segments` in executor_vectors.json); the rule is
    /// earliest deadline first, as in proportionate-fair scheduling (Baruah et al. 1996).
    pub fn of(segment: Segment, sequence: &Sequence) -> Result<Stripe, SegmentError> {
        if segment == Segment::WHOLE {
            return Ok(Stripe::whole());
        }
        let own = sequence
            .segments()
            .position(|other| other == segment)
            .ok_or_else(|| SegmentError::NotInSequence(segment.to_string(), sequence.to_string()))?;
        let lcd = sequence
            .segments()
            .try_fold(1, |lcd, part| common_multiple(lcd, part.to().denominator()))
            .ok_or_else(|| SegmentError::TooFine(sequence.to_string()))?;
        let shares: Vec<u64> = sequence.segments().map(|part| share(part, lcd)).collect();
        let places = places(&shares, lcd);
        Ok(Stripe { slots: (0..lcd).zip(places).filter(|(_, part)| *part == own).map(|(slot, _)| slot).collect(), lcd })
    }

    /// Of how many members the pattern is made.
    pub fn lcd(&self) -> u64 {
        self.lcd
    }

    /// The first member.
    pub fn start(&self) -> u64 {
        self.slots[0]
    }

    /// The steps from each member to the next, cyclically; their sum is lcd.
    pub fn offsets(&self) -> Vec<u64> {
        let next = self.slots[1..].iter().copied().chain([self.slots[0] + self.lcd]);
        next.zip(&self.slots).map(|(next, slot)| next - slot).collect()
    }

    /// The k-th member's number in the whole series, both from 0; None past the last u64.
    pub fn member(&self, k: u64) -> Option<u64> {
        let round = self.slots.len() as u64;
        (k / round).checked_mul(self.lcd)?.checked_add(self.slots[(k % round) as usize])
    }

    /// How many of the series' first `n` members are this stripe's: the share of n VUs or n iterations.
    pub fn scale(&self, n: u64) -> u64 {
        let rest = n % self.lcd;
        n / self.lcd * self.slots.len() as u64 + self.slots.partition_point(|slot| *slot < rest) as u64
    }
}

fn common_multiple(a: u64, b: u64) -> Option<u64> {
    (a / gcd(a, b)).checked_mul(b).filter(|multiple| *multiple <= LCD_LIMIT)
}

/// How many of `lcd` members a segment gets; exact, because lcd is a multiple of both denominators.
fn share(segment: Segment, lcd: u64) -> u64 {
    let place = |border: super::Fraction| border.numerator() * (lcd / border.denominator());
    place(segment.to()) - place(segment.from())
}

/// Whose each place of a round is; the shares add up to lcd.
///
/// There is an open wish for every place: by place p, Σ (⌊p·num/lcd⌋ + 1) > p wishes have opened.
fn places(shares: &[u64], lcd: u64) -> Vec<usize> {
    let mut wishes: Vec<(u64, Wish)> = shares
        .iter()
        .enumerate()
        .flat_map(|(part, num)| (0..*num).map(move |k| ((k * lcd).div_ceil(*num), Wish::new(k, *num, part))))
        .collect();
    wishes.sort_unstable();
    let mut opening = wishes.into_iter().peekable();
    let mut open = BinaryHeap::new();
    let mut take = |place| {
        while let Some((_, wish)) = opening.next_if(|(from, _)| *from <= place) {
            open.push(Reverse(wish));
        }
        open.pop().map(|Reverse(wish)| wish.part)
    };
    (0..lcd).map_while(&mut take).collect()
}

/// A segment's wish for one more member; the most urgent is the smallest.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Wish {
    /// (k + 1)/num in units of 2⁻⁶⁴: fractions with denominators up to a million are never closer than that.
    deadline: u128,
    longer_first: Reverse<u64>,
    part: usize,
}

impl Wish {
    fn new(k: u64, num: u64, part: usize) -> Wish {
        Wish { deadline: (u128::from(k + 1) << 64) / u128::from(num), longer_first: Reverse(num), part }
    }
}

/// k6's form of a Stripe.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Offsets {
    start: u64,
    offsets: Vec<u64>,
    lcd: u64,
}

impl TryFrom<Offsets> for Stripe {
    type Error = StripeError;

    fn try_from(form: Offsets) -> Result<Stripe, StripeError> {
        Stripe::new(form.start, &form.offsets, form.lcd)
    }
}

impl From<Stripe> for Offsets {
    fn from(stripe: Stripe) -> Offsets {
        Offsets { start: stripe.start(), offsets: stripe.offsets(), lcd: stripe.lcd }
    }
}

/// Not a stripe: the offsets are no steps ≥ 1 that lead from `start` once around `lcd`, or lcd is above a million. For
/// generator i of n use start i, offsets `[n]`, lcd n, with i from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeError {
    /// As given.
    pub start: u64,
    /// As given.
    pub offsets: Vec<u64>,
    /// As given.
    pub lcd: u64,
}

impl fmt::Display for StripeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StripeError { start, offsets, lcd } = self;
        write!(
            f,
            "start {start} with offsets {offsets:?} does not go once around {lcd}; \
             generator i of n, from 0, has start i, offsets [n], lcd n"
        )
    }
}

impl std::error::Error for StripeError {}
