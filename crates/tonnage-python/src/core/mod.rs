//! `Core`: the engine with Python behaviours on it. It resumes coroutines; plain functions are resumed by Python.

mod scripts;

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyString};
use tonnage_engine::engine::{Engine, Hooks, OUTSIDE};
use tonnage_engine::schedule::Stripe;
use tonnage_engine::spec::Spec;
use tonnage_engine::vu::{Job, JobEnd, Reply};

use crate::desk::{Checks, Desk, MetricPort, Note, Watch};
use crate::http::Http;
use crate::messages::Messages;
use crate::response::Response;

/// Rounds of wakes that are worked off before sockets get their turn again: a reply ends an iteration, the next one
/// begins and sends, and only then is there nothing to do but wait. A script without requests would go on for ever.
const ROUNDS: u32 = 4;

/// One run's engine; used by the thread that made it, but for `messages` and `watch`.
#[pyclass(unsendable, module = "tonnage._engine")]
pub struct Core {
    engine: Engine,
    desk: Arc<Desk>,
    messages: Option<Messages>,
    /// What runs in each VU: a coroutine, or nothing.
    running: Vec<Option<Py<PyIterator>>>,
    notes: Vec<(u32, Note)>,
    rounds: u32,
    behaviour: Option<Py<PyAny>>,
    /// What each VU iterates, by VU, once it has begun for the first time.
    iterating: Vec<Option<Iterating>>,
    /// Slots of checks by scenario and check.
    check_slots: HashMap<(u16, u32), usize>,
    /// What plain functions are to be told, in order.
    plain: VecDeque<(u32, News)>,
    /// The VU whose plain function was told something last, and has not answered.
    told: Option<u32>,
    /// When the first of the news in `plain` was ready.
    queued_at: Option<u64>,
}

/// What a plain function is to be told.
enum News {
    Begin(Job),
    Reply(Py<Response>),
    Slept,
    Interrupted,
}

/// What a VU does in every iteration; known after its first one, so that the next begins without a look into Python.
struct Iterating {
    state: Py<PyAny>,
    /// The coroutine function, or none where the loop in Python runs a plain function.
    function: Option<Py<PyAny>>,
}

#[pymethods]
impl Core {
    /// Args: the Plan as JSON; which hooks there are as (setup, teardown, start, stop); their time-outs in seconds;
    /// the generator's number and its epoch.
    #[new]
    fn new(plan: &str, hooks: [bool; 4], timeouts: [f64; 2], generator: u32, epoch: u64) -> PyResult<Self> {
        let spec = Spec::from_json(plan).map_err(PyRuntimeError::new_err)?;
        let [setup, teardown, start, stop] = hooks;
        let [setup_timeout, teardown_timeout] = timeouts.map(tonnage_engine::clock::nanoseconds);
        let hooks = Hooks { setup, teardown, start, stop, setup_timeout, teardown_timeout };
        let (sender, receiver) = channel();
        let engine =
            Engine::new(spec, hooks, &Stripe::whole(), (generator, epoch), sender).map_err(PyRuntimeError::new_err)?;
        let messages = Messages { receiver: Mutex::new(receiver), control: engine.control() };
        Ok(Self {
            engine,
            desk: Desk::new(),
            messages: Some(messages),
            running: Vec::new(),
            notes: Vec::new(),
            rounds: 0,
            behaviour: None,
            iterating: Vec::new(),
            check_slots: HashMap::new(),
            plain: VecDeque::new(),
            told: None,
            queued_at: None,
        })
    }

    /// The other end of the engine's messages; there is one reader.
    fn messages(&mut self) -> PyResult<Messages> {
        self.messages.take().ok_or_else(|| PyRuntimeError::new_err("the messages of this engine have a reader already"))
    }

    fn watch(&self) -> Watch {
        Watch { desk: self.desk.clone() }
    }

    /// What `vu.http` of every `async def` VU is.
    fn http(&self, plan: &str) -> PyResult<Http> {
        Http::new(self.desk.clone(), plan)
    }

    fn checks(&self) -> Checks {
        Checks { desk: self.desk.clone() }
    }

    /// What the `add` of the declared metric with this index calls.
    fn metric(&self, index: u16) -> MetricPort {
        MetricPort { desk: self.desk.clone(), metric: index }
    }

    /// Runs one request again and again, without Python, until the run has ended.
    fn run_url(&mut self, py: Python<'_>, http: &Http) -> PyResult<()> {
        let (request, name) = http.whole_run_request()?;
        let engine = Exclusive(&mut self.engine);
        py.detach(move || tonnage_engine::behaviour::repeat(engine.into_inner(), &request, &name)).map_err(died)
    }

    /// Binds the behaviour of the scripts.
    ///
    /// `behaviour.iterate(vu, scenario)` gives what a VU iterates as (state, coroutine function or None),
    /// `behaviour.begin(vu, job, scenario)` the coroutine of another job or None; `behaviour.raised(vu, job, error)`
    /// is told of every exception and gives its kind.
    fn bind(&mut self, behaviour: Py<PyAny>) {
        self.behaviour = Some(behaviour);
    }

    /// A plain function that was interrupted is about to run its last lines.
    fn enter(&self, vu: u32) {
        self.desk.enter(vu);
    }

    /// It has run them; what it noted there does not count.
    fn leave(&mut self) {
        self.desk.leave();
        self.desk.take_notes(&mut self.notes);
        self.notes.clear();
    }

    /// Moves the run on until a plain function is to be told something, as `(vu, value)`: a job's name to begin it, a
    /// Response, None after a sleep, False when it is interrupted. None when the run has ended.
    ///
    /// `asked` is what the function that was told last asks for: a request or a sleep; None where it has ended, or
    /// the kind of the error that ended it. One call a switch, because a call costs as much as a switch.
    fn step<'py>(&mut self, py: Python<'py>, asked: &Bound<'py, PyAny>) -> PyResult<Option<(u32, Bound<'py, PyAny>)>> {
        if let Some(vu) = self.told.take() {
            self.answer(vu, asked)?;
        }
        loop {
            while let Some((vu, news)) = self.plain.pop_front() {
                if let Some(value) = self.tell(py, vu, news)? {
                    return Ok(Some((vu, value)));
                }
            }
            if !self.turn(py)? {
                return Ok(None);
            }
        }
    }
}

impl Core {
    /// Lets the engine wait for what comes next, and works off its wakes: coroutines here, plain functions by `step`.
    fn turn(&mut self, py: Python<'_>) -> PyResult<bool> {
        if let Some(queued_at) = self.queued_at.take() {
            self.engine.script_lag(self.engine.now() - queued_at);
        }
        if self.engine.waiting_wakes() == 0 || self.rounds >= ROUNDS {
            self.rounds = 0;
            let engine = Exclusive(&mut self.engine);
            if !py.detach(move || engine.into_inner().turn()).map_err(died)? {
                return Ok(false);
            }
        }
        self.rounds += 1;
        let began = self.engine.now();
        let wakes = self.engine.waiting_wakes();
        for _ in 0..wakes {
            let Some(wake) = self.engine.next_wake() else { break };
            self.wake(py, wake)?;
        }
        if !self.plain.is_empty() {
            self.queued_at = Some(began);
        } else if wakes > 0 {
            self.engine.script_lag(self.engine.now() - began);
        }
        Ok(true)
    }

    /// The value for a plain function that is to be told something; none where there is nothing to be told any more.
    fn tell<'py>(&mut self, py: Python<'py>, vu: u32, news: News) -> PyResult<Option<Bound<'py, PyAny>>> {
        let value = match news {
            News::Begin(job) => {
                // It begins here and not when it was queued: what lies between is lateness, and must be seen as such.
                if !self.engine.begin(vu) {
                    return Ok(None);
                }
                self.count_on(py, vu)?;
                PyString::intern(py, job_name(job)).into_any()
            }
            News::Reply(response) => response.into_bound(py).into_any(),
            News::Slept => py.None().into_bound(py),
            News::Interrupted => return Ok(Some(false.into_pyobject(py)?.to_owned().into_any())),
        };
        self.desk.enter(vu);
        self.told = Some(vu);
        Ok(Some(value))
    }

    /// Does what the plain function that was told last asks for.
    fn answer(&mut self, vu: u32, asked: &Bound<'_, PyAny>) -> PyResult<()> {
        self.desk.leave();
        self.file_notes();
        if asked.is_none() {
            self.end(vu, None);
            return Ok(());
        }
        match asked.cast::<PyString>() {
            Ok(kind) => {
                self.end(vu, Some(kind.to_string()));
                Ok(())
            }
            Err(_) => self.demand(vu, asked),
        }
    }

    /// Runs script code of a VU, and files what it noted.
    fn within<T>(&mut self, vu: u32, run: impl FnOnce() -> T) -> T {
        self.desk.enter(vu);
        let result = run();
        self.desk.leave();
        self.file_notes();
        result
    }

    fn end(&mut self, vu: u32, kind: Option<String>) {
        let end = kind.map_or(JobEnd::Complete, |kind| JobEnd::Raised { kind });
        self.engine.ended(vu, &end);
    }

    fn file_notes(&mut self) {
        self.desk.take_notes(&mut self.notes);
        for (vu, note) in self.notes.drain(..) {
            match note {
                Note::Check { check, passed } => {
                    // Setup and teardown share a scenario but not a group, so their slots are not kept.
                    let scenario = self.engine.scenario_of(vu);
                    let slot = match self.check_slots.get(&(scenario, check)).filter(|_| vu != OUTSIDE) {
                        Some(slot) => *slot,
                        None => {
                            let slot = self.engine.check(vu, &self.desk.check_name(check));
                            self.check_slots.insert((scenario, check), slot);
                            slot
                        }
                    };
                    self.engine.checked(slot, passed);
                }
                Note::Custom { metric, value, tags } => self.engine.custom(vu, metric, value, &tags),
            }
        }
    }
}

/// Lets the engine be used while the interpreter is released; it holds no Python object.
struct Exclusive<'a>(&'a mut Engine);

impl<'a> Exclusive<'a> {
    fn into_inner(self) -> &'a mut Engine {
        self.0
    }
}

fn job_name(job: Job) -> &'static str {
    match job {
        Job::Setup => "setup",
        Job::Teardown => "teardown",
        Job::Start => "start",
        Job::Iteration => "iteration",
        Job::Stop => "stop",
    }
}

fn died(error: std::io::Error) -> PyErr {
    PyRuntimeError::new_err(format!("the engine's poller failed: {error}"))
}

impl From<Reply> for Response {
    fn from(reply: Reply) -> Self {
        Response::new(reply)
    }
}
