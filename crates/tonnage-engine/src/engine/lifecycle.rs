//! The life of a run: setup, VUs' start, the released start, scenarios, VUs' stop, teardown.

use std::sync::atomic::Ordering;

use super::{Ending, Engine, Message, Reason, Stage, ABORT, CRASH, DRAIN, OUTSIDE};
use crate::clock::SECOND;
use crate::recorder::{Fate, IterationEnd, RequestSample, Tags};
use crate::scenario::{Closed, Due, Load, Open, Phase, Slot, VuId};
use crate::spec::Late;
use crate::vu::{Job, Vu, Wake};

/// The name under which arrivals that never started are reported.
const NOT_STARTED: &str = "(not started)";

impl Engine {
    /// Moves the run and its scenarios on to `now`.
    pub(super) fn advance(&mut self, now: u64) {
        self.obey(now);
        if now >= self.stage_deadline {
            self.give_up_stage();
        }
        match self.stage {
            Stage::New if self.hooks.setup => self.enter_outside(Stage::Setup, Job::Setup, now),
            Stage::New => self.prepare(now),
            Stage::Running => {
                for at in 0..self.scenarios.len() {
                    self.advance_scenario(at, now);
                }
                if self.scenarios.iter().all(|scenario| scenario.phase == Phase::Ended) {
                    self.close(now);
                }
            }
            _ => {}
        }
    }

    /// Does what another thread has asked for.
    fn obey(&mut self, now: u64) {
        let state = self.control.state.load(Ordering::Relaxed);
        assert!(state != CRASH, "the engine was asked to crash");
        if state == DRAIN && self.reason == Reason::Completed {
            self.reason = Reason::Stopped;
            self.finish_all(now);
        }
        if state == ABORT && matches!(self.reason, Reason::Completed | Reason::Stopped) {
            self.reason = Reason::Aborted;
            self.finish_all(now);
            self.interrupt_all(now);
        }
    }

    fn finish_all(&mut self, now: u64) {
        match self.stage {
            Stage::Running => (0..self.scenarios.len()).for_each(|at| self.finish_scenario(at, now)),
            Stage::Ended => {}
            // Nothing was released: there is nothing to drain, and setup or start is cut off.
            Stage::New | Stage::Setup | Stage::Preparing { .. } => {
                self.interrupt_all(now);
                self.end(now);
            }
            Stage::Closing { .. } | Stage::Teardown => {}
        }
    }

    fn interrupt_all(&mut self, now: u64) {
        for vu in 0..self.vus.len() as VuId {
            self.interrupt(vu, now);
        }
        if matches!(self.stage, Stage::Closing { .. } | Stage::Teardown) {
            self.end(now);
        }
    }

    // ---- stages ----

    fn enter_outside(&mut self, stage: Stage, job: Job, now: u64) {
        self.stage = stage;
        let timeout = if job == Job::Setup { self.hooks.setup_timeout } else { self.hooks.teardown_timeout };
        self.stage_deadline = now.saturating_add(timeout);
        self.assign(OUTSIDE, job, now);
    }

    fn give_up_stage(&mut self) {
        self.stage_deadline = u64::MAX;
        let now = self.clock.now();
        self.reason = match self.stage {
            Stage::Setup => Reason::SetupTimedOut,
            Stage::Preparing { .. } => Reason::StartTimedOut,
            Stage::Closing { .. } => Reason::StopTimedOut,
            Stage::Teardown => Reason::TeardownTimedOut,
            Stage::New | Stage::Running | Stage::Ended => return,
        };
        (0..self.vus.len() as VuId).for_each(|vu| self.interrupt(vu, now));
        match self.stage {
            Stage::Closing { .. } => self.tear_down(now),
            _ => self.end(now),
        }
    }

    /// Makes the VUs that the scenarios need at once, and lets them run their start.
    fn prepare(&mut self, now: u64) {
        for at in 0..self.scenarios.len() {
            for _ in 0..self.scenarios[at].initial_vus() {
                self.make_vu(at, now);
            }
        }
        let left = if self.hooks.start { self.vus.len() - 1 } else { 0 };
        self.stage = Stage::Preparing { left };
        self.stage_deadline = now.saturating_add(self.hooks.setup_timeout);
        if left == 0 {
            self.release(now);
        }
    }

    /// The released start: time counts from here.
    fn release(&mut self, now: u64) {
        self.stage = Stage::Running;
        self.stage_deadline = u64::MAX;
        self.released = Some(now);
        self.recorder.vus(now, 0, self.vus.len() - 1);
        let before = self.recorder.release(now);
        self.tell(Message::Window(before));
        self.advance(now);
    }

    fn close(&mut self, now: u64) {
        let stopping: Vec<VuId> = (1..self.vus.len() as VuId).filter(|vu| self.vus[*vu as usize].prepared).collect();
        let left = if self.hooks.stop && self.reason != Reason::Aborted { stopping.len() } else { 0 };
        self.stage = Stage::Closing { left };
        self.stage_deadline = now.saturating_add(self.hooks.teardown_timeout);
        if left == 0 {
            return self.tear_down(now);
        }
        stopping.into_iter().for_each(|vu| self.assign(vu, Job::Stop, now));
    }

    fn tear_down(&mut self, now: u64) {
        if self.hooks.teardown && self.reason != Reason::Aborted {
            self.enter_outside(Stage::Teardown, Job::Teardown, now);
        } else {
            self.end(now);
        }
    }

    /// The run is over: the last window and the ending go out.
    fn end(&mut self, now: u64) {
        if self.stage == Stage::Ended {
            return;
        }
        self.stage = Stage::Ended;
        self.stage_deadline = u64::MAX;
        self.recorder.vus(now, self.active, self.vus.len() - 1);
        let last = self.recorder.snapshot();
        self.tell(Message::Window(last));
        let regular = self.scenarios.iter().map(|scenario| scenario.end).max().unwrap_or_default();
        self.tell(Message::Ended(Ending {
            reason: self.reason,
            duration: regular.min(self.since_release(now)) as f64 / SECOND as f64,
            ended: self.since_release(now) as f64 / SECOND as f64,
            hung: self.hung,
            vus: (self.vus.len() - 1) as u32,
        }));
    }

    /// Setup, teardown, or a VU's start or stop is done.
    pub(super) fn hook_ended(&mut self, vu: VuId, job: Job, raised: bool, now: u64) {
        if raised {
            // What blocked the thread until after its deadline, and was raised into, has taken too long.
            let late = now >= self.stage_deadline;
            self.reason = match job {
                Job::Setup if late => Reason::SetupTimedOut,
                Job::Teardown if late => Reason::TeardownTimedOut,
                Job::Setup => Reason::SetupRaised,
                Job::Teardown => Reason::TeardownRaised,
                _ => Reason::HookRaised,
            };
            if job != Job::Stop && self.stage != Stage::Running {
                self.interrupt_all(now);
                return self.end(now);
            }
            if self.stage == Stage::Running {
                self.finish_all(now);
            }
        }
        match (job, self.stage) {
            (Job::Setup, _) => self.prepare(now),
            (Job::Teardown, _) => self.end(now),
            (Job::Start, Stage::Preparing { left }) => {
                self.vus[vu as usize].prepared = true;
                self.stage = Stage::Preparing { left: left - 1 };
                if left == 1 {
                    self.release(now);
                }
            }
            (Job::Start, _) => {
                self.vus[vu as usize].prepared = true;
                if let Load::Open(open) = &mut self.scenarios[self.vus[vu as usize].scenario as usize].load {
                    open.making -= 1;
                }
                self.release_vu(vu, now);
            }
            (Job::Stop, Stage::Closing { left }) => {
                self.stage = Stage::Closing { left: left - 1 };
                if left == 1 {
                    self.tear_down(now);
                }
            }
            _ => {}
        }
    }

    // ---- VUs ----

    /// Makes a VU of a scenario; with a start of its own it becomes free when that is done.
    fn make_vu(&mut self, at: usize, now: u64) -> VuId {
        let id = self.vus.len() as VuId;
        let mut vu = Vu::new(at as u16);
        vu.prepared = !self.hooks.start;
        match &mut self.scenarios[at].load {
            Load::Open(open) => {
                open.vus += 1;
                match self.hooks.start && self.stage == Stage::Running {
                    true => open.making += 1,
                    false => open.idle.push(id),
                }
            }
            Load::Closed(closed) => {
                vu.slot = closed.slots.len() as u32;
                closed.slots.push(Some(Slot { vu: id, busy: false, iterations: 0, retire_at: u64::MAX }));
            }
        }
        self.vus.push(vu);
        if self.hooks.start {
            self.assign(id, Job::Start, now);
        }
        id
    }

    fn assign(&mut self, vu: VuId, job: Job, now: u64) {
        let state = &mut self.vus[vu as usize];
        state.job = Some(job);
        state.woken = now;
        state.lateness = 0;
        self.wakes.push_back(Wake::Begin { vu, job });
    }

    fn start_iteration(&mut self, vu: VuId, due: Option<Due>, now: u64) {
        let released = self.released.unwrap_or_default();
        let state = &mut self.vus[vu as usize];
        state.intended = due.map_or(now, |due| released + due.intended);
        state.vu_wait = due.map_or(0, |due| due.vu_wait);
        state.active = true;
        self.scenarios[state.scenario as usize].active += 1;
        self.active += 1;
        self.recorder.active(now, self.active);
        self.assign(vu, Job::Iteration, now);
    }

    /// A VU has ended an iteration, or its start: it takes the next iteration or stays idle.
    pub(super) fn release_vu(&mut self, vu: VuId, now: u64) {
        let (at, slot) = (self.vus[vu as usize].scenario as usize, self.vus[vu as usize].slot as usize);
        let since = self.since_release(now);
        let scenario = &mut self.scenarios[at];
        if let Load::Closed(closed) = &mut scenario.load {
            if let Some(slot) = &mut closed.slots[slot] {
                slot.busy = false;
            }
        }
        if std::mem::take(&mut self.vus[vu as usize].active) {
            scenario.active -= 1;
            self.active -= 1;
        }
        let running = scenario.phase == Phase::Running && since < scenario.end;
        match &mut scenario.load {
            Load::Open(open) => match running.then(|| open.take(scenario.start, since)).flatten() {
                Some(due) => self.start_iteration(vu, Some(due), now),
                None => open.idle.push(vu),
            },
            Load::Closed(closed) => {
                if running && closed.claim(slot) {
                    self.occupy(at, slot, now);
                }
            }
        }
    }

    fn occupy(&mut self, at: usize, slot: usize, now: u64) {
        if let Load::Closed(Closed { slots, .. }) = &mut self.scenarios[at].load {
            if let Some(slot) = &mut slots[slot] {
                slot.busy = true;
                slot.iterations += 1;
                let vu = slot.vu;
                self.start_iteration(vu, None, now);
            }
        }
    }

    /// Cuts off whatever a VU is doing; a request under way becomes a censored sample at its age.
    fn interrupt(&mut self, vu: VuId, now: u64) {
        let Some(job) = self.vus[vu as usize].job.take() else { return };
        self.censor_call(vu, now);
        let state = &mut self.vus[vu as usize];
        state.sleep_until = u64::MAX;
        let scenario = state.scenario;
        // Before the VU is free: whatever it begins next must not be what the behaviour closes.
        self.wakes.push_back(Wake::Interrupted { vu });
        if job == Job::Iteration {
            self.recorder.iteration(scenario, IterationEnd::Interrupted, 0);
            self.release_vu(vu, now);
        }
    }

    // ---- scenarios ----

    fn advance_scenario(&mut self, at: usize, now: u64) {
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
    fn finish_scenario(&mut self, at: usize, now: u64) {
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
