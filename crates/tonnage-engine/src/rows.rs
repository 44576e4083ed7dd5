//! What each of many things had carried at instants of the recent past: a row an instant, by number.

use std::collections::VecDeque;

/// For how long rows are kept [s]: longer than any metric is late and wide.
const KEPT: f64 = 900.0;

/// Rows of (number, value), each in the order of the numbers; instants only go forward.
#[derive(Debug)]
pub(crate) struct Rows<T> {
    rows: VecDeque<(f64, Vec<(u32, T)>)>,
}

impl<T: Copy + Default> Rows<T> {
    pub fn new() -> Rows<T> {
        Rows { rows: VecDeque::new() }
    }

    /// Takes a row at an instant; not one at an instant that has a row.
    pub fn note(&mut self, now: f64, row: Vec<(u32, T)>) {
        if self.rows.back().is_some_and(|(at, _)| *at >= now) {
            return;
        }
        self.rows.push_back((now, row));
        while self.rows.get(1).is_some_and(|(at, _)| *at < now - KEPT) {
            self.rows.pop_front();
        }
    }

    /// The rows around an instant, and how far between them it lies: outside of all of them below 0 or above 1. None of
    /// fewer than two.
    pub fn around(&self, at: f64) -> Option<(usize, f64)> {
        let last = self.rows.len().checked_sub(1).filter(|last| *last > 0)?;
        let after = self.rows.partition_point(|(when, _)| *when <= at).clamp(1, last);
        let (begin, end) = (self.rows[after - 1].0, self.rows[after].0);
        Some((after - 1, (at - begin) / (end - begin)))
    }

    /// The value of a number in a row and in the next one; nothing where it was not there.
    pub fn pair(&self, row: usize, number: u32) -> (T, T) {
        (self.value(row, number), self.value(row + 1, number))
    }

    fn value(&self, row: usize, number: u32) -> T {
        let row = self.rows.get(row).map_or(&[][..], |(_, row)| row);
        row.binary_search_by_key(&number, |(number, _)| *number).map_or(T::default(), |place| row[place].1)
    }
}
