//! What is read of the sessions on workers over the recent past.

use super::parts::State;
use super::Pool;

impl Pool {
    /// Notes what every worker has carried until now, for `averages` to look back at.
    pub fn sample(&mut self) {
        let row = self.live.iter().map(|id| (*id, self.busy(*id))).collect();
        self.samples.note(self.now, row);
    }

    /// Mean sessions over the window that ends `at`, in thousandths, of each worker that takes sessions or will, and
    /// that was running then; between samples what a worker has carried is taken to grow linearly.
    pub fn averages(&self, at: f64, window: f64) -> Vec<(u32, i64)> {
        let (end, begin) = (self.samples.around(at), self.samples.around(at - window));
        let serving = |id: &&u32| {
            let worker = &self.workers[**id as usize];
            worker.running_at <= at && matches!(worker.state, State::Warming | State::Ready)
        };
        let mean = |id: &u32| {
            let length = window.min(at - self.workers[*id as usize].running_at);
            let carried = self.carried(*id, end) - self.carried(*id, begin);
            (*id, if length > 0.0 { (1000.0 * carried / length).round() as i64 } else { 0 })
        };
        self.live.iter().filter(serving).map(mean).collect()
    }

    /// What a worker had carried [session·s]; before the first sample as much as then, after the last one likewise.
    fn carried(&self, id: u32, place: Option<(usize, f64)>) -> f64 {
        let Some((row, share)) = place else { return 0.0 };
        let (low, high) = self.samples.pair(row, id);
        low + share.clamp(0.0, 1.0) * (high - low)
    }
}
