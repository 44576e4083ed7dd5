//! One replica: its queue, and what it has carried.

use std::collections::VecDeque;

use super::parts::{Request, State};
use super::samples::Carried;

#[derive(Debug)]
pub(super) struct Replica {
    pub state: State,
    pub running_at: f64,
    /// Where it stands among the ready ones, while it is one.
    pub place: usize,
    pub in_service: u32,
    pub queue: VecDeque<Request>,
    /// Requests that were given to it.
    taken: u64,
    busy: f64,
    held: f64,
    since: f64,
}

impl Replica {
    pub fn new(running_at: f64, now: f64) -> Replica {
        Replica {
            state: State::Warming,
            running_at,
            place: 0,
            in_service: 0,
            queue: VecDeque::new(),
            taken: 0,
            busy: 0.0,
            held: 0.0,
            since: now,
        }
    }

    /// Requests in service and waiting.
    pub fn holds(&self) -> usize {
        self.in_service as usize + self.queue.len()
    }

    /// Counts what it carried until now; before anything of it changes.
    #[inline]
    pub fn account(&mut self, now: f64) {
        let length = now - self.since;
        self.busy += f64::from(self.in_service) * length;
        self.held += self.holds() as f64 * length;
        self.since = now;
    }

    #[inline]
    pub fn take(&mut self) {
        self.taken += 1;
    }

    /// Server-seconds, request-seconds and requests until now.
    pub fn carried(&self, now: f64) -> Carried {
        let length = now - self.since;
        let busy = self.busy + f64::from(self.in_service) * length;
        [busy, self.held + self.holds() as f64 * length, self.taken as f64]
    }
}
