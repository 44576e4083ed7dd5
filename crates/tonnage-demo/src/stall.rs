//! Windows in which nothing departs.

use crate::{nanos, Nanos};

/// Stall windows [from, to), sorted, as offsets from their origin.
///
/// ```text
/// work done  │            ╱
///            │      ─────╱      no work progresses inside a window;
///            │     ╱            what would depart inside departs at its end
///            │    ╱
///            └────┴──────┴───► time
///               from    to
/// ```
#[derive(Debug)]
pub struct Stalls(Vec<(Nanos, Nanos)>);

impl Stalls {
    /// Windows in seconds, sorted and disjoint.
    pub fn new(windows: &[(f64, f64)]) -> Self {
        Stalls(windows.iter().map(|&(from, to)| (nanos(from), nanos(to))).collect())
    }

    /// The instant at which `work` that begins at `start` is done and may depart.
    pub fn finish(&self, start: Nanos, work: Nanos) -> Nanos {
        let (mut now, mut left) = (start, work);
        let passed = self.0.partition_point(|&(_, to)| to <= start);
        for &(from, to) in &self.0[passed..] {
            if now.saturating_add(left) < from {
                break;
            }
            left -= from.saturating_sub(now);
            now = to;
        }
        now.saturating_add(left)
    }

    /// The first instant from `now` on at which something may depart.
    pub fn release(&self, now: Nanos) -> Nanos {
        self.finish(now, 0)
    }

    /// How many windows have begun by `now`.
    pub fn begun(&self, now: Nanos) -> usize {
        self.0.partition_point(|&(from, _)| from <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const S: Nanos = 1_000_000_000;

    #[test]
    fn work_pauses_during_a_window_and_goes_on_after_it() {
        let stalls = Stalls::new(&[(5.0, 8.0), (9.0, 10.0)]);
        assert_eq!(stalls.finish(0, 4 * S), 4 * S); // done before
        assert_eq!(stalls.finish(3 * S, 2 * S), 8 * S); // done as it begins: too late to depart
        assert_eq!(stalls.finish(4 * S, 2 * S), 10 * S); // one second before it, one after: at the next window's edge
        assert_eq!(stalls.finish(4 * S, 3 * S), 11 * S); // through both
        assert_eq!(stalls.finish(6 * S, S / 2), 8 * S + S / 2); // begun inside
        assert_eq!(stalls.release(8 * S), 8 * S); // the end is outside
    }

    #[test]
    fn windows_are_counted_from_their_first_instant() {
        let stalls = Stalls::new(&[(5.0, 8.0), (9.0, 10.0)]);
        assert_eq!([4, 5, 8, 9, 20].map(|t| stalls.begun(t * S)), [0, 1, 1, 2, 2]);
    }

    proptest! {
        #[test]
        fn nothing_departs_inside_a_window_and_no_work_is_lost(
            edges in prop::collection::btree_set(0u64..10_000, 0..12),
            start in 0u64..10_000,
            work in 0u64..10_000,
        ) {
            let edges: Vec<_> = edges.into_iter().collect();
            let windows: Vec<_> = edges.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
            let done = Stalls(windows.clone()).finish(start, work);
            prop_assert!(windows.iter().all(|&(from, to)| done < from || done >= to));
            let paused: u64 = windows.iter().map(|&(from, to)| to.min(done).saturating_sub(from.max(start))).sum();
            prop_assert_eq!(done - start, work + paused);
        }
    }
}
