//! What each replica had carried at instants of the recent past.

use std::collections::VecDeque;

/// For how long samples are kept [s]: longer than any metric is late and wide.
const KEPT: f64 = 900.0;

/// Of one replica: busy servers [server·s], requests in it [request·s], requests given to it.
pub type Carried = [f64; 3];

/// One row an instant, each in the order of the replicas' numbers; between two rows growth is taken to be linear.
#[derive(Debug)]
pub(super) struct Samples {
    rows: VecDeque<(f64, Vec<(u32, Carried)>)>,
}

impl Samples {
    /// Nothing was carried at time 0.
    pub fn new() -> Samples {
        Samples { rows: VecDeque::from([(0.0, Vec::new())]) }
    }

    /// Takes a row at an instant after the last one's.
    pub fn note(&mut self, now: f64, row: Vec<(u32, Carried)>) {
        if self.rows.back().is_some_and(|(at, _)| *at >= now) {
            return;
        }
        self.rows.push_back((now, row));
        while self.rows.get(1).is_some_and(|(at, _)| *at < now - KEPT) {
            self.rows.pop_front();
        }
    }

    /// What a replica had carried by then. Before the first row it carried what it did after it: a rehearsal begins in
    /// the middle of life.
    pub fn at(&self, id: u32, at: f64) -> Carried {
        let last = self.rows.len() - 1;
        if last == 0 {
            return Carried::default();
        }
        let i = self.rows.partition_point(|(when, _)| *when <= at).clamp(1, last);
        let ((begin, before), (end, after)) = (&self.rows[i - 1], &self.rows[i]);
        let share = (at - begin) / (end - begin);
        let (low, high) = (in_row(before, id), in_row(after, id));
        [0, 1, 2].map(|k| low[k] + share * (high[k] - low[k]))
    }
}

/// Nothing where the replica was not yet there.
fn in_row(row: &[(u32, Carried)], id: u32) -> Carried {
    row.binary_search_by_key(&id, |(id, _)| *id).map_or(Carried::default(), |place| row[place].1)
}
