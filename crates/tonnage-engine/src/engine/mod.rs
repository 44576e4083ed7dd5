//! The engine: one thread that makes load and measures it.
//!
//! ```text
//!            ┌────────────────────────── turn ───────────────────────────┐
//!   sockets ─┤ wait · receive · settle · time-outs · sleeps · scenarios  ├─► Wakes ─► behaviour (Rust or Python)
//!            └───────────────────────────────────────────────────────────┘              │
//!                 ▲                 fetch · sleep · ended · check · custom              │
//!                 └─────────────────────────────────────────────────────────────────────┘
//! ```
//! A behaviour is told by a `Wake` what happened to a VU and answers by a call. The engine knows no scripts; the
//! behaviour knows no sockets. Once a second a window leaves by the channel of messages, and at the end one `Ended`.

mod control;
mod exchange;
mod lifecycle;
mod message;
mod scenarios;
mod vus;

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::Sender;
use std::sync::Arc;
use std::time::Duration;

use crate::client::Client;
use crate::clock::{Clock, SECOND};
use crate::recorder::{CustomId, Hook, IterationEnd, LabelId, Recorder, Tags};
use crate::scenario::{Scenario, VuId};
use crate::schedule::Stripe;
use crate::spec::Spec;
use crate::timers::Timers;
use crate::vu::{Job, JobEnd, Vu, Wake};

pub use control::Control;
pub use message::{Ending, Message, Reason};

/// The VU that runs setup and teardown; the others count from 1, as k6's `__VU`.
pub const OUTSIDE: VuId = 0;
/// How long a turn waits at most, so that a request to stop is seen even without its ring.
const PATIENCE: u64 = SECOND / 10;

/// Which jobs a behaviour has beside iterations.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hooks {
    pub setup: bool,
    pub teardown: bool,
    pub start: bool,
    pub stop: bool,
    /// ns after which setup, or all starts, and teardown, or all stops, are given up.
    pub setup_timeout: u64,
    pub teardown_timeout: u64,
}

/// What the run as a whole is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    Setup,
    /// VUs run their start; `left` are not done.
    Preparing {
        left: usize,
    },
    Running,
    /// VUs run their stop.
    Closing {
        left: usize,
    },
    Teardown,
    Ended,
}

/// One engine makes one run.
pub struct Engine {
    clock: Clock,
    spec: Spec,
    client: Client,
    recorder: Recorder,
    scenarios: Vec<Scenario>,
    vus: Vec<Vu>,
    wakes: VecDeque<Wake>,
    sleeps: Timers,
    timeouts: Timers,
    stage: Stage,
    stage_deadline: u64,
    hooks: Hooks,
    control: Arc<Control>,
    messages: Sender<Message>,
    released: Option<u64>,
    reason: Reason,
    active: usize,
    slowest_answer: u64,
    hung: u32,
    faults_told: Vec<&'static str>,
}

impl Engine {
    /// An engine that is ready to run; nothing is sent before the first turn.
    ///
    /// `generator` and `epoch` identify its windows, `stripe` is its share of the schedule.
    pub fn new(
        spec: Spec,
        hooks: Hooks,
        stripe: &Stripe,
        (generator, epoch): (u32, u64),
        messages: Sender<Message>,
    ) -> Result<Self, String> {
        let clock = Clock::new();
        let client = Client::new(clock, spec.http.clone())?;
        let control = Arc::new(Control::new(client.waker()));
        let scenarios =
            spec.scenarios.iter().map(|scenario| Scenario::new(scenario, stripe)).collect::<Result<Vec<_>, _>>()?;
        let recorder = Recorder::new(&spec, generator, epoch);
        let outside = Vu::new(recorder.outside());
        Ok(Self {
            clock,
            client,
            recorder,
            scenarios,
            vus: vec![outside],
            wakes: VecDeque::new(),
            sleeps: Timers::default(),
            timeouts: Timers::default(),
            stage: Stage::New,
            stage_deadline: u64::MAX,
            hooks,
            control,
            messages,
            released: None,
            reason: Reason::Completed,
            active: 0,
            slowest_answer: 0,
            hung: 0,
            faults_told: Vec::new(),
            spec,
        })
    }

    pub fn control(&self) -> Arc<Control> {
        self.control.clone()
    }

    /// Waits for whatever comes next and works it off; false when the run has ended.
    ///
    /// The wakes of this turn are in `next_wake` afterwards, and are to be taken before the next turn.
    pub fn turn(&mut self) -> io::Result<bool> {
        if self.stage == Stage::Ended {
            return Ok(false);
        }
        let next = self.next_instant();
        let now = self.clock.now();
        let busy = !self.wakes.is_empty() || !self.client.finished.is_empty();
        let patience = if busy { 0 } else { next.saturating_sub(now).min(PATIENCE) };
        self.client.turn(Duration::from_nanos(patience))?;
        let now = self.clock.now();
        // An instant of zero means "at once": it was not set for a time, so it cannot be late.
        if next > 0 && next <= now {
            self.recorder.loop_lag(now - next);
        }
        self.settle();
        self.rotate(now); // what follows happens now, and belongs to the window of now
        self.fire_timeouts(now);
        self.fire_sleeps(now);
        self.advance(now);
        Ok(true)
    }

    /// The next thing that a behaviour has to be told.
    #[inline]
    pub fn next_wake(&mut self) -> Option<Wake> {
        self.wakes.pop_front()
    }

    /// How many wakes wait; a behaviour works off at most these before the next turn, so that sockets get their turn.
    pub fn waiting_wakes(&self) -> usize {
        self.wakes.len()
    }

    /// The next instant at which something happens by itself; zero for at once.
    fn next_instant(&self) -> u64 {
        let released = self.released.unwrap_or_default();
        let scenarios = match self.stage {
            Stage::New => 0,
            Stage::Running => self
                .scenarios
                .iter()
                .map(|scenario| match scenario.next_instant() {
                    0 => 0,
                    at => at.saturating_add(released),
                })
                .min()
                .unwrap_or(u64::MAX),
            _ => u64::MAX,
        };
        [self.sleeps.next(), self.timeouts.next(), self.recorder.boundary(), self.stage_deadline]
            .into_iter()
            .fold(scenarios, u64::min)
    }

    /// Sends off every window whose end has come.
    #[inline]
    fn rotate(&mut self, now: u64) {
        while now >= self.recorder.boundary() {
            self.recorder.vus(now, self.active, self.vus.len() - 1);
            self.recorder.ports(now, self.client.open_connections());
            let window = self.recorder.snapshot();
            self.tell(Message::Window(window));
        }
    }

    fn tell(&self, message: Message) {
        // Whoever listens may have gone; the run then ends by its control, not by a lost message.
        let _ = self.messages.send(message);
    }

    fn event(&self, kind: &'static str, text: String) {
        self.tell(Message::Event { at: self.since_release(self.clock.now()) as f64 / SECOND as f64, kind, text });
    }

    /// Nanoseconds after the released start; zero before it.
    fn since_release(&self, now: u64) -> u64 {
        self.released.map_or(0, |released| now.saturating_sub(released))
    }

    fn fire_sleeps(&mut self, now: u64) {
        while let Some((at, key)) = self.sleeps.pop_due(now) {
            let vu = key as VuId;
            let state = &mut self.vus[vu as usize];
            if state.sleep_until == at {
                state.sleep_until = u64::MAX;
                self.wakes.push_back(Wake::Slept { vu });
            }
        }
    }

    // ---- what a behaviour calls ----

    /// The behaviour takes up the job that a `Begin` announced; false when it was interrupted meanwhile.
    #[inline]
    pub fn begin(&mut self, vu: VuId) -> bool {
        let now = self.clock.now();
        let state = &mut self.vus[vu as usize];
        let Some(job) = state.job else { return false };
        state.begun = now;
        if job == Job::Iteration {
            state.iterations += 1;
            self.recorder.script_lag(now - state.woken);
            self.recorder.iteration_begun(state.scenario);
            if self.scenarios[state.scenario as usize].is_open() {
                state.lateness = now.saturating_sub(state.intended);
                let lag = state.lateness.saturating_sub(state.vu_wait);
                self.recorder.arrival_started(state.scenario, state.vu_wait, lag);
            }
        }
        true
    }

    /// The VU does nothing for a while; it is woken by `Slept`.
    pub fn sleep(&mut self, vu: VuId, seconds: f64) {
        let state = &mut self.vus[vu as usize];
        if state.job.is_none() {
            return;
        }
        let until = self.clock.now().saturating_add(crate::clock::nanoseconds(seconds));
        state.sleep_until = until;
        self.sleeps.arm(until, u64::from(vu));
    }

    /// The job of a VU is done; the VU is free for the next one.
    #[inline]
    pub fn ended(&mut self, vu: VuId, end: &JobEnd) {
        let now = self.clock.now();
        self.rotate(now);
        let state = &mut self.vus[vu as usize];
        let Some(job) = state.job.take() else { return };
        state.sleep_until = u64::MAX;
        let (scenario, begun) = (state.scenario, state.begun);
        if let Some(call) = state.call.take() {
            self.client.cancel(call.flight);
        }
        let raised = match end {
            JobEnd::Complete => false,
            JobEnd::Raised { kind } => {
                // A hook that raises ends the run by itself; it is no iteration that went wrong.
                if job == Job::Iteration {
                    self.recorder.iteration_error(scenario, kind);
                }
                true
            }
        };
        match job {
            Job::Iteration => {
                let end = if raised { IterationEnd::Raised } else { IterationEnd::Complete };
                self.recorder.iteration(scenario, end, now - begun);
                self.release_vu(vu, now);
            }
            Job::Setup | Job::Teardown | Job::Start | Job::Stop => self.hook_ended(vu, job, raised, now),
        }
    }

    /// The slot of a VU's check by name: the same for all VUs of its scenario, and outside of scenarios per stage.
    pub fn check(&mut self, vu: VuId, name: &str) -> usize {
        let group = self.hook_of(vu).map_or("", Hook::group);
        self.recorder.check(self.vus[vu as usize].scenario, name, group)
    }

    #[inline]
    pub fn checked(&mut self, slot: usize, passed: bool) {
        self.recorder.checked(slot, passed);
    }

    pub fn custom(&mut self, vu: VuId, metric: CustomId, value: f64, tags: &Tags) {
        let now = self.clock.now();
        self.recorder.custom(self.vus[vu as usize].scenario, metric, value, tags, now);
    }

    pub fn label(&mut self, name: &str, method: &str, tags: &Tags) -> LabelId {
        self.recorder.label(name, method, tags)
    }

    /// The time that the last of a batch of wakes had to wait for its turn, because scripts ran before it.
    pub fn script_lag(&mut self, lag: u64) {
        self.recorder.script_lag(lag);
    }

    pub fn now(&self) -> u64 {
        self.clock.now()
    }

    /// What a VU is doing; an iteration where it does nothing.
    pub fn job_of(&self, vu: VuId) -> Job {
        self.vus[vu as usize].job.unwrap_or(Job::Iteration)
    }

    /// The index of the scenario that a VU belongs to.
    pub fn scenario_of(&self, vu: VuId) -> u16 {
        self.vus[vu as usize].scenario
    }

    /// Iterations that the VU has begun.
    pub fn iterations_of(&self, vu: VuId) -> u64 {
        self.vus[vu as usize].iterations
    }

    /// The hook outside of scenarios that a VU runs, if any.
    fn hook_of(&self, vu: VuId) -> Option<Hook> {
        let hook = if self.stage == Stage::Teardown { Hook::Teardown } else { Hook::Setup };
        (vu == OUTSIDE).then_some(hook)
    }
}
