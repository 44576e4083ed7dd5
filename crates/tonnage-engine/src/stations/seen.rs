//! What is read of stations: counts, integrals, averages, response times.

use std::cmp::Reverse;
use std::collections::VecDeque;

use super::parts::{Counters, Integrals, State};
use super::samples::Carried;
use super::{nanoseconds, Stations};
use crate::histogram::Trend;

impl Stations {
    pub fn counters(&self) -> Counters {
        let queued = self.live.iter().map(|id| self.replicas[*id as usize].queue.len() as u64).sum();
        Counters { in_service: self.endings.len() as u64, queued, in_line: self.line.len() as u64, ..self.counters }
    }

    pub fn integrals(&self) -> Integrals {
        let line = self.line_carried + self.line.len() as f64 * (self.now - self.line_since);
        let Integrals { busy, held, waiting } = self.past;
        let mut sum = Integrals { busy, held: held + line, waiting: waiting + line };
        for replica in self.live.iter().map(|id| &self.replicas[*id as usize]) {
            let [busy, held, _] = replica.carried(self.now);
            sum.busy += if replica.state == State::Ready { busy } else { 0.0 };
            sum.held += held;
            sum.waiting += held - busy;
        }
        sum
    }

    /// Replicas that are not gone, oldest first: number, state, requests.
    pub fn replicas(&self) -> impl Iterator<Item = (u32, State, usize)> + '_ {
        self.live.iter().map(|id| {
            let replica = &self.replicas[*id as usize];
            (*id, replica.state, replica.holds())
        })
    }

    /// When the request arrived that waits longest, for a server or for a replica.
    pub fn oldest_waiting(&self) -> Option<f64> {
        let queues = self.live.iter().map(|id| &self.replicas[*id as usize].queue);
        let first = queues.chain([&self.line]).filter_map(VecDeque::front);
        first.map(|request| request.arrived).min_by(f64::total_cmp)
    }

    /// Notes what every replica has carried until now, for `averages` to look back at.
    pub fn sample(&mut self) {
        let row = self.live.iter().map(|id| (*id, self.replicas[*id as usize].carried(self.now))).collect();
        self.samples.note(self.now, row);
    }

    /// What a replica carried a second, over the window that ends `at` as far as it was running: of each one that is
    /// given requests or will be, and that was running then.
    pub fn averages(&self, at: f64, window: f64) -> Vec<(u32, Carried)> {
        let mean = |id: &u32| {
            let replica = &self.replicas[*id as usize];
            if replica.running_at > at || !matches!(replica.state, State::Warming | State::Ready) {
                return None;
            }
            let begin = replica.running_at.max(at - window);
            let (before, after) = (self.samples.at(*id, begin), self.samples.at(*id, at));
            let length = at - begin;
            let mean = |k: usize| if length > 0.0 { (after[k] - before[k]) / length } else { 0.0 };
            Some((*id, [0, 1, 2].map(mean)))
        };
        self.live.iter().filter_map(mean).collect()
    }

    /// Counts the age of everything that has not ended as a bound of its response time: once, at the end.
    pub fn note_unfinished(&mut self) {
        let (now, late) = (self.now, &mut self.window[1]);
        self.endings
            .iter()
            .for_each(|Reverse((_, arrived, _))| late.record(nanoseconds(now - f64::from_bits(*arrived))));
        let queues = self.live.iter().map(|id| &self.replicas[*id as usize].queue);
        queues.chain([&self.line]).flatten().for_each(|request| late.record(nanoseconds(now - request.arrived)));
    }

    /// Response times [ns], and lower bounds of others, since this was last asked.
    pub fn take_responses(&mut self) -> [Trend; 2] {
        let taken = std::mem::take(&mut self.window);
        self.whole.iter_mut().zip(&taken).for_each(|(whole, window)| whole.add(window));
        taken
    }

    /// Everything that `take_responses` gave.
    pub fn responses(&self) -> &[Trend; 2] {
        &self.whole
    }
}
