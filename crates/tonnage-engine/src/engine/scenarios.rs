//! The life of a scenario: its arrivals or its VUs as its curve asks, its regular end, its last iterations.

use super::Engine;
use crate::recorder::{Fate, RequestSample, Tags};
use crate::scenario::{Load, Open, Phase, VuId};
use crate::spec::Late;

/// The name under which arrivals that never started are reported.
const NOT_STARTED: &str = "(not started)";

impl Engine {
    pub(super) fn advance_scenario(&mut self, at: usize, now: u64) {
        let since = self.since_release(now);
        let scenario = &mut self.scenarios[at];
        if scenario.phase == Phase::Waiting && since >= scenario.start {
            scenario.phase = Phase::Running;
        }
        if scenario.phase == Phase::Running {
            match scenario.load {
                Load::Open(_) => self.advance_open(at, now),
                Load::Closed(_) => self.advance_closed(at, now),
            }
            let scenario = &self.scenarios[at];
            if since >= scenario.end || scenario.is_exhausted() {
                self.finish_scenario(at, now);
            }
        }
        let scenario = &mut self.scenarios[at];
        if scenario.phase == Phase::Finishing {
            if scenario.active == 0 {
                scenario.phase = Phase::Ended;
            } else if since >= scenario.hard_end {
                self.interrupt_scenario(at, now);
            }
        }
    }

    fn interrupt_scenario(&mut self, at: usize, now: u64) {
        for vu in 1..self.vus.len() as VuId {
            if self.vus[vu as usize].scenario as usize == at {
                self.interrupt(vu, now);
            }
        }
        self.scenarios[at].phase = Phase::Ended;
    }

    fn advance_open(&mut self, at: usize, now: u64) {
        let since = self.since_release(now);
        let (start, end) = (self.scenarios[at].start, self.scenarios[at].end);
        let Load::Open(open) = &mut self.scenarios[at].load else { return };
        let due = open.collect_due(start, since, end);
        self.recorder.arrivals_due(at as u16, due);
        while let Load::Open(open) = &mut self.scenarios[at].load {
            if open.waiting == 0 {
                break;
            }
            if let Some(vu) = open.idle.pop() {
                let due = open.take(start, 0);
                self.start_iteration(vu, due, now);
            } else if open.may_grow() && open.being_made() < open.waiting {
                self.make_vu(at, now);
            } else {
                self.exhausted(at, due);
                break;
            }
        }
    }

    /// Arrivals wait and no VU can be made for them: they are dropped or stay queued, by the scenario's policy.
    fn exhausted(&mut self, at: usize, due: u64) {
        let Load::Open(open) = &mut self.scenarios[at].load else { return };
        let (full, late, max_vus) = (!open.may_grow(), open.late, open.max_vus);
        let tell = full && !open.warned;
        open.warned |= full;
        if late == Late::Drop {
            let mut dropped = 0;
            while open.take(0, 0).is_some() {
                dropped += 1;
            }
            self.recorder.arrivals_dropped(at as u16, dropped);
            for _ in 0..dropped {
                self.not_started(at, 0);
            }
        }
        if tell && due > 0 {
            let name = &self.spec.scenarios[at].name;
            let fate = if late == Late::Drop { "are dropped" } else { "wait" };
            let text = format!("scenario {name}: all {max_vus} VUs are busy; arrivals {fate} until one is free");
            self.event("vus_exhausted", text);
        }
    }

    fn advance_closed(&mut self, at: usize, now: u64) {
        let since = self.since_release(now);
        let start = self.scenarios[at].start;
        let Load::Closed(closed) = &mut self.scenarios[at].load else { return };
        if closed.follow(start, since) {
            let wanted = closed.wanted as usize;
            while self.slots(at) < wanted {
                self.make_vu(at, now);
            }
            for slot in 0..wanted {
                self.occupy_if_free(at, slot, now);
            }
        }
        while let Load::Closed(closed) = &mut self.scenarios[at].load {
            let Some(vu) = closed.overdue(since) else { break };
            self.interrupt(vu, now);
        }
    }

    fn slots(&self, at: usize) -> usize {
        match &self.scenarios[at].load {
            Load::Closed(closed) => closed.slots.len(),
            Load::Open(_) => 0,
        }
    }

    fn occupy_if_free(&mut self, at: usize, slot: usize, now: u64) {
        let Load::Closed(closed) = &mut self.scenarios[at].load else { return };
        let idle = closed.slots[slot].is_some_and(|slot| !slot.busy && self.vus[slot.vu as usize].prepared);
        if idle && closed.claim(slot) {
            self.occupy(at, slot, now);
        }
    }

    /// Ends the regular duration of a scenario; what was due and never started is reported as such.
    pub(super) fn finish_scenario(&mut self, at: usize, now: u64) {
        let since = self.since_release(now);
        let was_running = self.scenarios[at].phase == Phase::Running;
        self.scenarios[at].finish(since);
        if !was_running {
            return;
        }
        let (start, end) = (self.scenarios[at].start, self.scenarios[at].end);
        match &mut self.scenarios[at].load {
            Load::Open(open) => {
                let ages = unstarted_ages(open, start, end);
                ages.into_iter().for_each(|age| self.not_started(at, age));
            }
            Load::Closed(closed) => {
                let left = closed.left_over();
                self.recorder.arrivals_dropped(at as u16, left);
            }
        }
        if self.scenarios[at].active == 0 {
            self.scenarios[at].phase = Phase::Ended;
        }
    }

    /// An arrival that was due and never started: its response time is at least `age`.
    fn not_started(&mut self, at: usize, age: u64) {
        let label = self.recorder.label(NOT_STARTED, "", &Tags::default());
        let sample = RequestSample {
            scenario: at as u16,
            label,
            status: 0,
            code: 0,
            expected: false,
            hook: None,
            fate: Fate::NotStarted,
            duration: 0,
            response_time: age,
        };
        self.recorder.request(&sample, None);
    }
}

/// How long each arrival in the queue has waited at `end`.
fn unstarted_ages(open: &mut Open, start: u64, end: u64) -> Vec<u64> {
    std::iter::from_fn(|| open.take(start, end)).map(|due| end.saturating_sub(due.intended)).collect()
}
