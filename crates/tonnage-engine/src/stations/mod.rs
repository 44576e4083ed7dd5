//! Replicas that answer requests, one by one: stations of c servers, each with a queue of its own.
//!
//! ```text
//! arrival ─► a ready replica, by the balancing ─► a free server, or the end of its queue ─► answered
//!        └─► none is ready: the line, from which servers of ready replicas take when they are free
//! replica:  warming ─► ready ─► draining ─► gone       it finishes what it holds; what is left after the grace failed
//! ```
//!
//! While anybody is in the line, whoever arrives goes to its end: first come, first served. Arrivals are Poisson with
//! the rate of a Curve, the n-th at F⁻¹ of a sum of n exponentials, or regular: the n-th at F⁻¹(n). Times are seconds.
//! The same calls with the same seed always give the same.
//!
//! A request costs about 0.1 µs: a quarter each for F⁻¹ of its arrival and for the heap of endings, whose size is that of
//! the busy servers, an eighth for two logarithms, the rest for choosing, accounting and the histogram. Nothing is
//! allocated for it but where a queue grows beyond what it was.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

mod parts;
mod replica;
mod samples;
mod seen;

use self::parts::Request;
pub use self::parts::{Balancing, Counters, Integrals, Settings, State};
use self::replica::Replica;
pub use self::samples::Carried;
use self::samples::Samples;
use crate::histogram::Trend;
use crate::random::Rng;

/// An instant as its bits, which are ordered as numbers that are not negative are, and compare faster.
type Bits = u64;

/// The stations. Invariant: no replica has more requests in service than servers; only ready ones are given any, and
/// none of those has a queue while somebody is in the line.
#[derive(Debug)]
pub struct Stations {
    settings: Settings,
    now: f64,
    area: f64,
    next_arrival: f64,
    replicas: Vec<Replica>,
    /// Those that are not gone, and those that are ready, by number; `loads` has the requests in each ready one.
    live: Vec<u32>,
    ready: Vec<u32>,
    loads: Vec<u32>,
    last_chosen: u32,
    gone: Vec<(u32, f64, u32)>,
    /// Requests in service: (end, arrival, replica). Of one instant, the one that came first ends first.
    endings: BinaryHeap<Reverse<(Bits, Bits, u32)>>,
    /// When a warming replica is ready, and when a draining one has no grace left.
    changes: BinaryHeap<Reverse<(Bits, u32)>>,
    line: VecDeque<Request>,
    /// What waited in the line until an instant [request·s].
    line_carried: f64,
    line_since: f64,
    counters: Counters,
    /// Of the replicas that are gone; `busy` of those that were ready once.
    past: Integrals,
    samples: Samples,
    /// Response times [ns], and ages of what never ended: of this window, and of all before it.
    window: [Trend; 2],
    whole: [Trend; 2],
    arrivals: Rng,
    lengths: Rng,
    choices: Rng,
}

impl Stations {
    pub fn new(settings: Settings) -> Stations {
        let [arrivals, lengths, choices] = [0, 1, 2].map(|stream| Rng::new(settings.seed, stream));
        let mut stations = Stations {
            settings,
            now: 0.0,
            area: 0.0,
            next_arrival: 0.0,
            replicas: Vec::new(),
            live: Vec::new(),
            ready: Vec::new(),
            loads: Vec::new(),
            last_chosen: u32::MAX,
            gone: Vec::new(),
            endings: BinaryHeap::new(),
            changes: BinaryHeap::new(),
            line: VecDeque::new(),
            line_carried: 0.0,
            line_since: 0.0,
            counters: Counters::default(),
            past: Integrals::default(),
            samples: Samples::new(),
            window: Default::default(),
            whole: Default::default(),
            arrivals,
            lengths,
            choices,
        };
        stations.plan_arrival();
        stations
    }

    /// Everything that happens until then, that instant included. Of one instant, servers become free first, then
    /// replicas change, then requests arrive.
    pub fn advance(&mut self, until: f64) {
        loop {
            let end = self.endings.peek().map_or(f64::INFINITY, |Reverse((at, ..))| f64::from_bits(*at));
            let change = self.changes.peek().map_or(f64::INFINITY, |Reverse((at, _))| f64::from_bits(*at));
            let next = end.min(change).min(self.next_arrival);
            if next > until || next == f64::INFINITY {
                break;
            }
            self.now = next;
            if end <= next {
                self.answer();
            } else if change <= next {
                self.change();
            } else {
                self.arrive();
            }
        }
        self.now = self.now.max(until);
    }

    /// A replica that runs from one instant on and is ready from another; its number, one more than the last one's.
    pub fn add_replica(&mut self, running_at: f64, ready_at: f64) -> u32 {
        let id = self.replicas.len() as u32;
        self.replicas.push(Replica::new(running_at, self.now));
        self.live.push(id);
        if ready_at <= self.now {
            self.open(id);
        } else {
            self.changes.push(Reverse((ready_at.to_bits(), id)));
        }
        id
    }

    /// Drains a replica: it is given nothing more, and is gone when it holds nothing or its grace ends.
    pub fn drain_replica(&mut self, id: u32) {
        match self.replicas[id as usize].state {
            State::Warming => self.end_replica(id),
            State::Ready => {
                self.close(id);
                self.replicas[id as usize].state = State::Draining;
                if self.replicas[id as usize].holds() == 0 {
                    self.end_replica(id);
                } else {
                    self.changes.push(Reverse(((self.now + self.settings.grace).to_bits(), id)));
                }
            }
            State::Draining | State::Gone => {}
        }
    }

    /// A replica that ends at once, with the requests in it.
    pub fn fail_replica(&mut self, id: u32) {
        match self.replicas[id as usize].state {
            State::Gone => return,
            State::Ready => self.close(id),
            State::Warming | State::Draining => {}
        }
        self.end_replica(id);
    }

    /// Replicas that are gone since this was last asked: number, instant, requests that were left.
    pub fn take_gone(&mut self) -> Vec<(u32, f64, u32)> {
        std::mem::take(&mut self.gone)
    }

    fn plan_arrival(&mut self) {
        self.area += if self.settings.regular { 1.0 } else { self.arrivals.exponential() };
        self.next_arrival = self.settings.demand.when(self.area).unwrap_or(f64::INFINITY);
    }

    fn arrive(&mut self) {
        self.counters.arrived += 1;
        let request = Request { arrived: self.now, length: self.settings.lengths.draw(&mut self.lengths) };
        self.plan_arrival();
        if self.ready.is_empty() || !self.line.is_empty() {
            self.account_line();
            self.line.push_back(request);
        } else {
            let place = self.choose();
            self.give(self.ready[place], request);
        }
    }

    /// The place of the ready replica that a request goes to; there is one.
    fn choose(&mut self) -> usize {
        match self.settings.balancing {
            Balancing::Random => self.choices.below(self.ready.len()),
            Balancing::RoundRobin => {
                let after = self.ready.partition_point(|id| *id <= self.last_chosen);
                let place = if after < self.ready.len() { after } else { 0 };
                self.last_chosen = self.ready[place];
                place
            }
            // Two looks at a short row of numbers: for some hundred replicas they cost less than any order kept up.
            Balancing::Least => {
                let least = self.loads.iter().min();
                self.loads.iter().position(|load| Some(load) == least).unwrap_or(0)
            }
        }
    }

    /// A request comes to a ready replica.
    fn give(&mut self, id: u32, request: Request) {
        let replica = &mut self.replicas[id as usize];
        replica.account(self.now);
        replica.take();
        self.loads[replica.place] += 1;
        if replica.in_service < self.settings.servers {
            self.serve(id, request);
        } else {
            replica.queue.push_back(request);
        }
    }

    fn serve(&mut self, id: u32, request: Request) {
        self.replicas[id as usize].in_service += 1;
        self.endings.push(Reverse(((self.now + request.length).to_bits(), request.arrived.to_bits(), id)));
    }

    /// The request that ends first is answered, and its server takes the next one.
    fn answer(&mut self) {
        let Some(Reverse((_, arrived, id))) = self.endings.pop() else { return };
        self.window[0].record(nanoseconds(self.now - f64::from_bits(arrived)));
        self.counters.served += 1;
        let replica = &mut self.replicas[id as usize];
        replica.account(self.now);
        replica.in_service -= 1;
        let next = replica.queue.pop_front();
        let (state, place) = (replica.state, replica.place);
        if let Some(request) = next {
            self.serve(id, request);
        }
        if state == State::Ready {
            self.loads[place] -= 1;
            self.take_from_line(id);
        } else if self.replicas[id as usize].holds() == 0 {
            self.end_replica(id);
        }
    }

    /// A ready replica's free servers take from the line.
    fn take_from_line(&mut self, id: u32) {
        while self.replicas[id as usize].in_service < self.settings.servers && !self.line.is_empty() {
            self.account_line();
            if let Some(request) = self.line.pop_front() {
                self.give(id, request);
            }
        }
    }

    fn account_line(&mut self) {
        self.line_carried += self.line.len() as f64 * (self.now - self.line_since);
        self.line_since = self.now;
    }

    /// The next change: what it means follows from the state that the replica is in.
    fn change(&mut self) {
        let Some(Reverse((_, id))) = self.changes.pop() else { return };
        match self.replicas[id as usize].state {
            State::Warming => self.open(id),
            State::Draining => self.end_replica(id),
            State::Ready | State::Gone => {}
        }
    }

    /// A replica is ready.
    fn open(&mut self, id: u32) {
        self.replicas[id as usize].state = State::Ready;
        let place = self.ready.partition_point(|other| *other < id);
        self.ready.insert(place, id);
        self.loads.insert(place, 0);
        self.number_places(place);
        self.take_from_line(id);
    }

    /// A ready replica is given nothing more.
    fn close(&mut self, id: u32) {
        let replica = &self.replicas[id as usize];
        self.past.busy += replica.carried(self.now)[0];
        let place = replica.place;
        self.ready.remove(place);
        self.loads.remove(place);
        self.number_places(place);
    }

    fn number_places(&mut self, from: usize) {
        for place in from..self.ready.len() {
            self.replicas[self.ready[place] as usize].place = place;
        }
    }

    /// A replica that is not ready is gone; what it holds failed.
    fn end_replica(&mut self, id: u32) {
        let replica = &mut self.replicas[id as usize];
        let [busy, held, _] = replica.carried(self.now);
        self.past.held += held;
        self.past.waiting += held - busy;
        let left = replica.holds() as u32;
        if replica.in_service > 0 {
            self.endings.retain(|Reverse((_, _, of))| *of != id);
        }
        replica.in_service = 0;
        replica.queue = VecDeque::new();
        replica.state = State::Gone;
        self.counters.failed += u64::from(left);
        if let Ok(place) = self.live.binary_search(&id) {
            self.live.remove(place);
        }
        self.gone.push((id, self.now, left));
    }
}

/// Times are never negative.
fn nanoseconds(time: f64) -> i64 {
    (time * 1e9 + 0.5) as i64
}

#[cfg(test)]
mod tests;
