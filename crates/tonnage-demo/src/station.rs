//! k workers and one queue, first come first served.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::Nanos;

/// How many requests are in service and how many wait for a worker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// Requests in service.
    pub busy: usize,
    /// Requests that wait for a worker.
    pub waiting: usize,
}

/// The bookings of all workers.
///
/// Because order is kept, the start and the end of a service are known when its request arrives: a booking is final.
/// Arrivals must come in the order of time.
#[derive(Debug)]
pub struct Station {
    /// Number of workers; 0 means infinitely many.
    workers: usize,
    limit: Option<usize>,
    /// When each worker that has ever worked becomes free.
    free: BinaryHeap<Reverse<Nanos>>,
    /// Starts that lie ahead, in order.
    starts: VecDeque<Nanos>,
    /// Ends that lie ahead.
    ends: BinaryHeap<Reverse<Nanos>>,
}

impl Station {
    pub fn new(workers: usize, limit: Option<usize>) -> Self {
        Station { workers, limit, free: BinaryHeap::new(), starts: VecDeque::new(), ends: BinaryHeap::new() }
    }

    /// The start of the service of whoever arrives now; `None` if as many wait as may.
    pub fn start(&mut self, arrival: Nanos) -> Option<Nanos> {
        if self.workers == 0 || self.free.len() < self.workers {
            return Some(arrival);
        }
        let start = self.free.peek().map_or(arrival, |&Reverse(free)| free.max(arrival));
        if start == arrival {
            return Some(arrival);
        }
        let full = self.limit.is_some_and(|limit| self.occupancy(arrival).waiting >= limit);
        (!full).then_some(start)
    }

    /// Engage a worker from `start`, as [`Station::start`] gave it for this arrival, until `end`.
    pub fn book(&mut self, arrival: Nanos, start: Nanos, end: Nanos) {
        if end <= arrival {
            return; // served in no time: nobody was kept busy
        }
        self.occupancy(arrival);
        self.ends.push(Reverse(end));
        if start > arrival {
            self.starts.push_back(start);
        }
        if self.workers > 0 {
            if self.free.len() == self.workers {
                self.free.pop();
            }
            self.free.push(Reverse(end));
        }
    }

    /// Who is in service and who waits at `now`, which must not lie before the last arrival.
    pub fn occupancy(&mut self, now: Nanos) -> Occupancy {
        while self.ends.peek().is_some_and(|&Reverse(end)| end <= now) {
            self.ends.pop();
        }
        while self.starts.front().is_some_and(|&start| start <= now) {
            self.starts.pop_front();
        }
        Occupancy { busy: self.ends.len() - self.starts.len(), waiting: self.starts.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_serves_one_after_the_other() {
        let mut station = Station::new(1, None);
        for (arrival, start) in [(0, 0), (3, 10), (4, 20)] {
            assert_eq!(station.start(arrival), Some(start));
            station.book(arrival, start, start + 10);
        }
        assert_eq!(station.occupancy(5), Occupancy { busy: 1, waiting: 2 });
        assert_eq!(station.occupancy(10), Occupancy { busy: 1, waiting: 1 });
        assert_eq!(station.occupancy(30), Occupancy::default());
    }

    #[test]
    fn whoever_finds_the_queue_full_is_sent_away() {
        let mut station = Station::new(1, Some(1));
        station.book(0, 0, 10);
        assert_eq!(station.start(1), Some(10));
        station.book(1, 10, 20);
        assert_eq!(station.start(2), None);
        assert_eq!(station.start(10), Some(20)); // the one who waited has begun
    }

    #[test]
    fn a_queue_of_none_still_serves_whoever_finds_a_worker() {
        let mut station = Station::new(1, Some(0));
        assert_eq!(station.start(0), Some(0));
        station.book(0, 0, 10);
        assert_eq!(station.start(9), None);
        assert_eq!(station.start(10), Some(10));
    }
}
