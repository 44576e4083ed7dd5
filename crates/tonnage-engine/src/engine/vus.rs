//! The life of a VU: made, given a job, free again, or interrupted.

use super::{Engine, Stage};
use crate::recorder::IterationEnd;
use crate::scenario::{Closed, Due, Load, Phase, Slot, VuId};
use crate::vu::{Job, Vu, Wake};

impl Engine {
    /// Makes a VU of a scenario; with a start of its own it becomes free when that is done.
    pub(super) fn make_vu(&mut self, at: usize, now: u64) -> VuId {
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

    pub(super) fn assign(&mut self, vu: VuId, job: Job, now: u64) {
        let state = &mut self.vus[vu as usize];
        state.job = Some(job);
        state.woken = now;
        state.lateness = 0;
        self.wakes.push_back(Wake::Begin { vu, job });
    }

    pub(super) fn start_iteration(&mut self, vu: VuId, due: Option<Due>, now: u64) {
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

    pub(super) fn occupy(&mut self, at: usize, slot: usize, now: u64) {
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
    pub(super) fn interrupt(&mut self, vu: VuId, now: u64) {
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
}
