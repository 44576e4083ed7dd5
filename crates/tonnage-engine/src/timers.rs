//! Instants at which something has to happen.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A queue of (instant, key), earliest first.
///
/// Entries are never searched nor removed: whoever is woken checks whether the instant still means anything. That
/// keeps both operations at O(log n) and the memory at one entry per armed instant.
#[derive(Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<(u64, u64)>>,
}

impl Timers {
    pub fn arm(&mut self, at: u64, key: u64) {
        self.heap.push(Reverse((at, key)));
    }

    /// The earliest instant, or the end of time.
    pub fn next(&self) -> u64 {
        self.heap.peek().map_or(u64::MAX, |Reverse((at, _))| *at)
    }

    /// The earliest (instant, key) that is due at `now`.
    pub fn pop_due(&mut self, now: u64) -> Option<(u64, u64)> {
        if self.next() > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry)
    }

    pub fn len(&self) -> usize {
        self.heap.len()
    }

    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_come_out_in_order_and_not_before_they_are_due() {
        let mut timers = Timers::default();
        for at in [30, 10, 20] {
            timers.arm(at, at * 2);
        }
        assert_eq!(timers.pop_due(5), None);
        assert_eq!(timers.pop_due(20), Some((10, 20)));
        assert_eq!(timers.pop_due(20), Some((20, 40)));
        assert_eq!(timers.pop_due(20), None);
        assert_eq!(timers.next(), 30);
    }
}
