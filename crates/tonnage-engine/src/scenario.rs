//! Who is to start when: k6's executors as state machines over an instant. They decide; the engine acts.

use std::collections::VecDeque;

use crate::clock::nanoseconds;
use crate::curve::Curve;
use crate::schedule::{self, Arrivals, Ramp, Step, Stripe};
use crate::spec::{self, Executor, Late};

/// The index of a VU in the engine.
pub type VuId = u32;

/// Where a scenario is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Waiting,
    Running,
    /// Its regular duration is over, or it was stopped: what runs may finish until `hard_end`.
    Finishing,
    Ended,
}

/// An arrival that is to be started now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub intended: u64,
    /// How long it waited for an idle VU.
    pub vu_wait: u64,
}

/// Open demand: arrivals that do not wait for completions.
pub struct Open {
    arrivals: Arrivals,
    /// The arrival that is started next; between it and `arrivals` lies the queue, of which only the ends are kept.
    starts: Arrivals,
    pub waiting: u64,
    pub late: Late,
    pub pre_allocated: u32,
    pub max_vus: u32,
    pub idle: Vec<VuId>,
    /// VUs made and being made, idle or not.
    pub vus: u32,
    /// VUs that run their start.
    pub making: u32,
    pub warned: bool,
}

/// Closed demand: VUs that start over when they are done.
pub struct Closed {
    /// (instant from the start, VUs wanted from then on)
    steps: VecDeque<Step>,
    pub wanted: u32,
    graceful_ramp_down: u64,
    /// (deadline, slot) of VUs that are no longer wanted, earliest first; stale where a later step wants them again.
    retiring: VecDeque<(u64, usize)>,
    /// Slot i runs while i is below `wanted`.
    pub slots: Vec<Option<Slot>>,
    pub budget: Budget,
}

/// A VU in its place of a closed scenario.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    pub vu: VuId,
    pub busy: bool,
    pub iterations: u64,
    /// The instant at which a VU that is no longer wanted is interrupted.
    pub retire_at: u64,
}

/// How many iterations may start.
#[derive(Clone, Copy, Debug)]
pub enum Budget {
    Endless,
    Shared { left: u64 },
    Each { iterations: u64 },
}

pub enum Load {
    Open(Open),
    Closed(Closed),
}

pub struct Scenario {
    pub phase: Phase,
    pub start: u64,
    /// Nanoseconds from the released start.
    pub end: u64,
    pub hard_end: u64,
    graceful_stop: u64,
    pub active: u32,
    pub load: Load,
}

impl Scenario {
    /// The state machine of one scenario; its instants count from the released start.
    ///
    /// An executor whose numbers make no schedule is refused with the scenario's name.
    pub fn new(spec: &spec::Scenario, stripe: &Stripe) -> Result<Self, String> {
        let refused = |why: &dyn std::fmt::Display| format!("scenario {}: {why}", spec.name);
        let share = |vus: u32| stripe.scale(u64::from(vus)) as u32;
        let (load, duration) = match &spec.executor {
            Executor::ConstantVus { vus, duration } => {
                (closed(constant(share(*vus)), 0.0, Budget::Endless), nanoseconds(*duration))
            }
            Executor::RampingVus { start_vus, stages, graceful_ramp_down } => {
                let stages: Vec<schedule::Stage> = stages
                    .iter()
                    .map(|stage| schedule::Stage {
                        duration_ns: nanoseconds(stage.duration),
                        target: stage.target as u64,
                    })
                    .collect();
                let ramp = Ramp::new(u64::from(*start_vus), &stages, stripe);
                (closed(ramp.steps(), *graceful_ramp_down, Budget::Endless), ramp.length())
            }
            Executor::SharedIterations { vus, iterations, max_duration } => {
                let budget = Budget::Shared { left: stripe.scale(*iterations) };
                (closed(constant(share(*vus)), 0.0, budget), nanoseconds(*max_duration))
            }
            Executor::PerVuIterations { vus, iterations, max_duration } => {
                let budget = Budget::Each { iterations: *iterations };
                (closed(constant(share(*vus)), 0.0, budget), nanoseconds(*max_duration))
            }
            Executor::ConstantArrivalRate { rate, time_unit, duration, pre_allocated_vus, max_vus } => {
                let arrivals = Arrivals::constant(*rate, *time_unit, *duration, stripe.clone())
                    .map_err(|error| refused(&error))?;
                (open(arrivals, spec.late, share(*pre_allocated_vus), share(*max_vus)), nanoseconds(*duration))
            }
            Executor::RampingArrivalRate { start_rate, time_unit, stages, pre_allocated_vus, max_vus } => {
                let stages: Vec<(f64, f64)> =
                    stages.iter().map(|stage| (stage.duration, stage.target / time_unit)).collect();
                let duration = stages.iter().map(|(length, _)| nanoseconds(*length)).sum();
                let curve = Curve::through(start_rate / time_unit, stages).map_err(|error| refused(&error))?;
                let arrivals = Arrivals::ramping(curve, stripe.clone());
                (open(arrivals, spec.late, share(*pre_allocated_vus), share(*max_vus)), duration)
            }
        };
        let start = nanoseconds(spec.start_time);
        let graceful_stop = nanoseconds(spec.graceful_stop);
        let end = start + duration;
        let hard_end = end.saturating_add(graceful_stop);
        Ok(Self { phase: Phase::Waiting, start, end, hard_end, graceful_stop, active: 0, load })
    }

    /// VUs that are made before the start: those that the scenario can use at once.
    pub fn initial_vus(&self) -> u32 {
        match &self.load {
            Load::Open(open) => open.pre_allocated,
            Load::Closed(closed) => closed.steps.iter().map(|step| step.vus as u32).max().unwrap_or(0),
        }
    }

    /// The next instant at which something happens by itself.
    pub fn next_instant(&self) -> u64 {
        match self.phase {
            Phase::Waiting => self.start,
            Phase::Finishing if self.active == 0 => 0,
            Phase::Finishing => self.hard_end,
            Phase::Ended => u64::MAX,
            Phase::Running if self.is_exhausted() => 0,
            Phase::Running => match &self.load {
                Load::Open(open) => open.arrivals.peek().map_or(self.end, |at| (self.start + at).min(self.end)),
                Load::Closed(closed) => {
                    let step = closed.steps.front().map_or(u64::MAX, |step| self.start + step.at_ns);
                    let retire = closed.retiring.front().map_or(u64::MAX, |(deadline, _)| *deadline);
                    step.min(retire).min(self.end)
                }
            },
        }
    }

    pub fn is_open(&self) -> bool {
        matches!(self.load, Load::Open(_))
    }

    /// Whether a budget of iterations is used up and nothing runs any more.
    pub fn is_exhausted(&self) -> bool {
        match &self.load {
            Load::Open(_) => false,
            Load::Closed(closed) => self.active == 0 && closed.has_budget() && closed.left_over() == 0,
        }
    }

    /// Ends the regular duration now: nothing starts any more, and what runs may finish within the graceful stop.
    pub fn finish(&mut self, now: u64) {
        if self.phase == Phase::Waiting {
            self.phase = Phase::Ended;
        }
        if self.phase == Phase::Running {
            self.phase = Phase::Finishing;
            self.end = self.end.min(now);
            self.hard_end = self.end.saturating_add(self.graceful_stop);
        }
    }
}

fn constant(vus: u32) -> Vec<Step> {
    vec![Step { at_ns: 0, vus: u64::from(vus) }]
}

fn closed(steps: Vec<Step>, graceful_ramp_down: f64, budget: Budget) -> Load {
    let graceful_ramp_down = nanoseconds(graceful_ramp_down);
    Load::Closed(Closed {
        steps: steps.into(),
        wanted: 0,
        graceful_ramp_down,
        retiring: VecDeque::new(),
        slots: Vec::new(),
        budget,
    })
}

fn open(arrivals: Arrivals, late: Late, pre_allocated: u32, max_vus: u32) -> Load {
    Load::Open(Open {
        starts: arrivals.clone(),
        arrivals,
        waiting: 0,
        late,
        pre_allocated,
        max_vus: max_vus.max(pre_allocated),
        idle: Vec::new(),
        vus: 0,
        making: 0,
        warned: false,
    })
}

impl Open {
    /// Moves the arrivals that are due at `now` into the queue; how many they are.
    pub fn collect_due(&mut self, start: u64, now: u64, end: u64) -> u64 {
        let mut due = 0;
        while let Some(at) = self.arrivals.peek() {
            if start + at > now.min(end) {
                break;
            }
            self.arrivals.next();
            due += 1;
        }
        self.waiting += due;
        due
    }

    /// Takes the first of the queue; `free_since` is the instant from which its VU was idle.
    pub fn take(&mut self, start: u64, free_since: u64) -> Option<Due> {
        if self.waiting == 0 {
            return None;
        }
        let intended = start + self.starts.next()?;
        self.waiting -= 1;
        Some(Due { intended, vu_wait: free_since.saturating_sub(intended) })
    }

    /// VUs that run their start at this moment.
    pub fn being_made(&self) -> u64 {
        u64::from(self.making)
    }

    /// Whether another VU may be made.
    pub fn may_grow(&self) -> bool {
        self.vus < self.max_vus
    }
}

impl Closed {
    /// Follows the steps until `now`; VUs beyond the wanted number get the graceful ramp-down. True if any was due.
    pub fn follow(&mut self, start: u64, now: u64) -> bool {
        let mut moved = false;
        while self.steps.front().is_some_and(|step| start + step.at_ns <= now) {
            let Some(step) = self.steps.pop_front() else { break };
            moved = true;
            self.wanted = step.vus as u32;
            let deadline = (start + step.at_ns).saturating_add(self.graceful_ramp_down);
            for (i, slot) in self.slots.iter_mut().enumerate() {
                let Some(slot) = slot else { continue };
                if i < self.wanted as usize {
                    slot.retire_at = u64::MAX;
                } else if slot.busy && slot.retire_at == u64::MAX {
                    slot.retire_at = deadline;
                    self.retiring.push_back((deadline, i));
                }
            }
        }
        moved
    }

    /// The next VU whose graceful ramp-down is over at `now` while it still runs.
    pub fn overdue(&mut self, now: u64) -> Option<VuId> {
        while let Some((deadline, i)) = self.retiring.front().copied() {
            if deadline > now {
                return None;
            }
            self.retiring.pop_front();
            match self.slots[i] {
                Some(slot) if slot.busy && slot.retire_at == deadline => return Some(slot.vu),
                _ => {}
            }
        }
        None
    }

    /// Whether slot `i` may start one more iteration; takes it from the budget.
    pub fn claim(&mut self, i: usize) -> bool {
        let Some(slot) = self.slots.get_mut(i).and_then(Option::as_mut) else { return false };
        if i >= self.wanted as usize {
            return false;
        }
        match &mut self.budget {
            Budget::Endless => true,
            Budget::Shared { left: 0 } => false,
            Budget::Shared { left } => {
                *left -= 1;
                true
            }
            Budget::Each { iterations } => slot.iterations < *iterations,
        }
    }

    fn has_budget(&self) -> bool {
        !matches!(self.budget, Budget::Endless)
    }

    /// Iterations of the budget that were never started.
    pub fn left_over(&self) -> u64 {
        match self.budget {
            Budget::Endless => 0,
            Budget::Shared { left } => left,
            Budget::Each { iterations } => {
                let started: u64 = self.slots.iter().flatten().map(|slot| slot.iterations).sum();
                (iterations * u64::from(self.wanted)).saturating_sub(started)
            }
        }
    }
}
