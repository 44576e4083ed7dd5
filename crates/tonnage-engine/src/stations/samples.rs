//! What each replica had carried at instants of the recent past.

use crate::rows::Rows;

/// Of one replica: busy servers [server·s], requests in it [request·s], requests given to it.
pub type Carried = [f64; 3];

/// Between two rows growth is taken to be linear.
#[derive(Debug)]
pub(super) struct Samples {
    rows: Rows<Carried>,
}

impl Samples {
    /// Nothing was carried at time 0.
    pub fn new() -> Samples {
        let mut rows = Rows::new();
        rows.note(0.0, Vec::new());
        Samples { rows }
    }

    /// Takes a row at an instant after the last one's.
    pub fn note(&mut self, now: f64, row: Vec<(u32, Carried)>) {
        self.rows.note(now, row);
    }

    /// What a replica had carried by then. Before the first row it carried what it did after it: a rehearsal begins in
    /// the middle of life.
    pub fn at(&self, id: u32, at: f64) -> Carried {
        let Some((row, share)) = self.rows.around(at) else { return Carried::default() };
        let (low, high) = self.rows.pair(row, id);
        [0, 1, 2].map(|k| low[k] + share * (high[k] - low[k]))
    }
}
