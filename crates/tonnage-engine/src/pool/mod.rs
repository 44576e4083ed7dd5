//! A pool of session workers, session by session: a loss system, for there is no queue.
//!
//! ```text
//! arrival ─► a ready worker with a free slot ─► a session of a drawn length ─► finished
//!        └─► none: rejected ─► lost, or another try after a while
//! worker:  warming ─► ready ─► draining ─► gone          its sessions end; those left at the end of the grace are cut
//! ```
//!
//! Arrivals are Poisson with the rate of a Curve, the n-th at F⁻¹ of a sum of n exponentials, or regular: the n-th at
//! F⁻¹(n). Times are seconds. The same calls with the same seed always give the same.

use std::cmp::Ordering;
use std::collections::{BTreeSet, BinaryHeap};
use std::ops::Range;

mod parts;
mod seen;

pub use self::parts::{Counters, Routing, Settings, State};
use crate::random::Rng;
use crate::rows::Rows;

#[derive(Debug)]
struct Worker {
    state: State,
    running_at: f64,
    sessions: u32,
    busy: f64,
    since: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Ready(u32),
    End(u32),
    Grace(u32),
    Retry,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Event {
    at: f64,
    order: u64,
    kind: Kind,
}

impl Eq for Event {}

impl Ord for Event {
    /// The earliest is the greatest, for a heap has that on top; of one instant, the one that was planned first.
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.total_cmp(&self.at).then(other.order.cmp(&self.order))
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The pool. Invariant: no worker has more sessions than slots, and only ready ones take any.
#[derive(Debug)]
pub struct Pool {
    settings: Settings,
    now: f64,
    events: BinaryHeap<Event>,
    planned: u64,
    workers: Vec<Worker>,
    live: Vec<u32>,
    gone: Vec<(u32, f64, u32)>,
    free: Vec<u32>,
    by_load: Vec<BTreeSet<u32>>,
    area: f64,
    next_arrival: f64,
    counters: Counters,
    samples: Rows<f64>,
    arrivals: Rng,
    lengths: Rng,
    choices: Rng,
}

impl Pool {
    pub fn new(settings: Settings) -> Pool {
        let [arrivals, lengths, choices] = [0, 1, 2].map(|stream| Rng::new(settings.seed, stream));
        let by_load = vec![BTreeSet::new(); settings.per_worker as usize + 1];
        let mut pool = Pool {
            settings,
            now: 0.0,
            events: BinaryHeap::new(),
            planned: 0,
            workers: Vec::new(),
            live: Vec::new(),
            gone: Vec::new(),
            free: Vec::new(),
            by_load,
            area: 0.0,
            next_arrival: 0.0,
            counters: Counters::default(),
            samples: Rows::new(),
            arrivals,
            lengths,
            choices,
        };
        pool.plan_arrival();
        pool
    }

    /// Everything that happens until then, that instant included.
    pub fn advance(&mut self, until: f64) {
        loop {
            let next = self.events.peek().map_or(f64::INFINITY, |event| event.at);
            if next <= self.next_arrival {
                if next > until {
                    break;
                }
                let Some(event) = self.events.pop() else { break };
                self.now = event.at;
                self.happen(event.kind);
            } else {
                if self.next_arrival > until {
                    break;
                }
                self.now = self.next_arrival;
                self.counters.arrived += 1;
                self.plan_arrival();
                self.call();
            }
        }
        self.now = self.now.max(until);
    }

    /// Goes on from tick to tick, the n-th at n · `period`, from the `first` on, while they lie before `until` and are
    /// calm: since the call nobody was rejected and nothing on a draining worker ended, and the active sessions lie
    /// within the band. The active sessions at each calm tick, and whether it went to one more, which is not.
    pub fn advance_calm(&mut self, first: u64, period: f64, until: f64, band: Range<u64>) -> (Vec<u64>, bool) {
        let before = (self.counters.rejected, self.counters.draining);
        let mut actives = Vec::new();
        for tick in first.. {
            let at = tick as f64 * period;
            if at >= until {
                break;
            }
            self.advance(at);
            let now = (self.counters.rejected, self.counters.draining);
            if now != before || !self.gone.is_empty() || !band.contains(&self.counters.active) {
                return (actives, true);
            }
            actives.push(self.counters.active);
        }
        (actives, false)
    }

    /// A worker that runs from one instant on and takes sessions from another; its number, one more than the last one's.
    pub fn add_worker(&mut self, running_at: f64, ready_at: f64) -> u32 {
        let id = self.workers.len() as u32;
        self.workers.push(Worker { state: State::Warming, running_at, sessions: 0, busy: 0.0, since: self.now });
        self.live.push(id);
        self.plan(ready_at.max(self.now), Kind::Ready(id));
        id
    }

    /// Drains `n` workers: idle ones first, then those with the fewest sessions, then the newest; their numbers.
    pub fn drain(&mut self, n: usize) -> Vec<u32> {
        let serving = |id: &u32| matches!(self.workers[*id as usize].state, State::Warming | State::Ready);
        let mut ids: Vec<u32> = self.live.iter().copied().filter(serving).collect();
        ids.sort_by_key(|id| (self.workers[*id as usize].sessions, std::cmp::Reverse(*id)));
        ids.truncate(n);
        ids.iter().for_each(|id| self.drain_worker(*id));
        ids
    }

    /// Drains one worker: it takes no more sessions, and is gone when it has none or its grace ends.
    pub fn drain_worker(&mut self, id: u32) {
        let worker = &self.workers[id as usize];
        match worker.state {
            State::Warming => self.end_worker(id),
            State::Ready => {
                let sessions = worker.sessions;
                self.withdraw(id);
                self.workers[id as usize].state = State::Draining;
                self.counters.active -= u64::from(sessions);
                self.counters.draining += u64::from(sessions);
                if sessions == 0 {
                    self.end_worker(id);
                } else {
                    self.plan(self.now + self.settings.grace, Kind::Grace(id));
                }
            }
            State::Draining | State::Gone => {}
        }
    }

    /// A worker that ends at once, with the sessions on it.
    pub fn fail_worker(&mut self, id: u32) {
        let sessions = u64::from(self.workers[id as usize].sessions);
        match self.workers[id as usize].state {
            State::Gone => return,
            State::Ready => {
                self.withdraw(id);
                self.counters.active -= sessions;
            }
            State::Draining => self.counters.draining -= sessions,
            State::Warming => {}
        }
        self.counters.failed += sessions;
        self.end_worker(id);
    }

    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Workers that are not gone, oldest first: number, state, sessions.
    pub fn workers(&self) -> impl Iterator<Item = (u32, State, u32)> + '_ {
        self.live.iter().map(|id| {
            let worker = &self.workers[*id as usize];
            (*id, worker.state, worker.sessions)
        })
    }

    /// Workers that are gone since this was last asked: number, instant, sessions that were left.
    pub fn take_gone(&mut self) -> Vec<(u32, f64, u32)> {
        std::mem::take(&mut self.gone)
    }

    fn busy(&self, id: u32) -> f64 {
        let worker = &self.workers[id as usize];
        worker.busy + f64::from(worker.sessions) * (self.now - worker.since)
    }

    fn plan(&mut self, at: f64, kind: Kind) {
        self.planned += 1;
        self.events.push(Event { at, order: self.planned, kind });
    }

    fn plan_arrival(&mut self) {
        self.area += if self.settings.regular { 1.0 } else { self.arrivals.exponential() };
        self.next_arrival = self.settings.demand.when(self.area).unwrap_or(f64::INFINITY);
    }

    fn happen(&mut self, kind: Kind) {
        match kind {
            Kind::Ready(id) if self.workers[id as usize].state == State::Warming => {
                self.workers[id as usize].state = State::Ready;
                (0..self.settings.per_worker).for_each(|_| self.free.push(id));
                self.by_load[0].insert(id);
            }
            Kind::End(id) => self.hang_up(id),
            Kind::Grace(id) if self.workers[id as usize].state == State::Draining => {
                let left = u64::from(self.workers[id as usize].sessions);
                self.counters.draining -= left;
                self.counters.cut += left;
                self.end_worker(id);
            }
            Kind::Retry => {
                self.counters.retrying -= 1;
                self.call();
            }
            Kind::Ready(_) | Kind::Grace(_) => {}
        }
    }

    fn call(&mut self) {
        let Some(id) = self.choose() else {
            self.counters.rejected += 1;
            if self.settings.retry > 0.0 && self.choices.uniform() <= self.settings.retry {
                self.counters.retrying += 1;
                self.plan(self.now + self.settings.retry_delay, Kind::Retry);
            } else {
                self.counters.lost += 1;
            }
            return;
        };
        self.load(id, 1);
        self.counters.started += 1;
        self.counters.active += 1;
        let length = self.settings.lengths.draw(&mut self.lengths);
        self.plan(self.now + length, Kind::End(id));
    }

    /// The worker that takes a session; under `Weighted` its slot is taken out already.
    fn choose(&mut self) -> Option<u32> {
        match self.settings.routing {
            // Uniform over free slots is at random by the share of a worker that is free.
            Routing::Weighted if self.free.is_empty() => None,
            Routing::Weighted => {
                let slot = self.choices.below(self.free.len());
                Some(self.free.swap_remove(slot))
            }
            Routing::Least => self.open().find_map(|level| level.first().copied()),
            Routing::Pack => self.open().rev().find_map(|level| level.first().copied()),
        }
    }

    /// Ready workers with a free slot, by their sessions.
    fn open(&self) -> impl DoubleEndedIterator<Item = &BTreeSet<u32>> {
        self.by_load[..self.settings.per_worker as usize].iter()
    }

    fn hang_up(&mut self, id: u32) {
        match self.workers[id as usize].state {
            State::Ready => {
                self.load(id, -1);
                if self.settings.routing == Routing::Weighted {
                    self.free.push(id);
                }
                self.counters.active -= 1;
            }
            State::Draining => {
                self.carry(id, -1);
                self.counters.draining -= 1;
            }
            // It was cut, with its worker.
            State::Warming | State::Gone => return,
        }
        self.counters.finished += 1;
        let worker = &self.workers[id as usize];
        if worker.state == State::Draining && worker.sessions == 0 {
            self.end_worker(id);
        }
    }

    /// One session more or less on a ready worker.
    fn load(&mut self, id: u32, change: i32) {
        let before = self.workers[id as usize].sessions;
        self.carry(id, change);
        if self.settings.routing != Routing::Weighted {
            self.by_load[before as usize].remove(&id);
            self.by_load[self.workers[id as usize].sessions as usize].insert(id);
        }
    }

    fn carry(&mut self, id: u32, change: i32) {
        let busy = self.busy(id);
        let worker = &mut self.workers[id as usize];
        (worker.busy, worker.since) = (busy, self.now);
        worker.sessions = worker.sessions.saturating_add_signed(change);
    }

    /// Takes a ready worker's slots out.
    fn withdraw(&mut self, id: u32) {
        if self.settings.routing == Routing::Weighted {
            self.free.retain(|free| *free != id);
        }
        self.by_load.iter_mut().for_each(|level| {
            level.remove(&id);
        });
    }

    fn end_worker(&mut self, id: u32) {
        let left = self.workers[id as usize].sessions;
        self.carry(id, -(left as i32));
        self.workers[id as usize].state = State::Gone;
        if let Ok(place) = self.live.binary_search(&id) {
            self.live.remove(place);
        }
        self.gone.push((id, self.now, left));
    }
}

#[cfg(test)]
mod tests;
