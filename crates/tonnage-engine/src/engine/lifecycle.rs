//! The life of a run: setup, VUs' start, the released start, VUs' stop, teardown.

use super::control::{ABORT, CRASH, DRAIN};
use super::{Ending, Engine, Message, Reason, Stage, OUTSIDE};
use crate::clock::SECOND;
use crate::scenario::{Load, Phase, VuId};
use crate::vu::Job;

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
        let state = self.control.asked();
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
}
