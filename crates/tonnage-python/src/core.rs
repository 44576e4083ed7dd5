//! `Core`: the engine with Python behaviours on it. It resumes coroutines; plain functions are resumed by Python.

use std::collections::HashMap;
use std::sync::mpsc::{channel, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::exceptions::{PyRuntimeError, PyStopIteration, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::iterator::PySendResult;
use pyo3::types::{PyBytes, PyIterator, PyList, PyString, PyTuple};
use tonnage_engine::engine::{Control, Engine, Hooks, Message, OUTSIDE};
use tonnage_engine::schedule::Stripe;
use tonnage_engine::spec::Spec;
use tonnage_engine::vu::{Job, JobEnd, Reply, Request, Wake};

use crate::desk::{Checks, Desk, MetricPort, Note, Watch};
use crate::http::{Http, Pending, Sleep};
use crate::response::Response;

/// Rounds of wakes that are worked off before sockets get their turn again: a reply ends an iteration, the next one
/// begins and sends, and only then is there nothing to do but wait. A script without requests would go on for ever.
const ROUNDS: u32 = 4;

/// What the messages of the engine are read from, on another thread than the engine's.
#[pyclass(frozen, module = "tonnage._engine")]
pub struct Messages {
    receiver: Mutex<Receiver<Message>>,
    control: Arc<Control>,
}

#[pymethods]
impl Messages {
    /// The next message within `patience` seconds, or None: `("window", bytes)`, `("event", at, kind, text)` or
    /// `("ended", reason, duration, ended, hung, vus)`; `("gone",)` when the engine is no more.
    fn next<'py>(&self, py: Python<'py>, patience: f64) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let patience = Duration::try_from_secs_f64(patience).unwrap_or_default();
        let receiver = &self.receiver;
        let received = py.detach(|| receiver.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(patience));
        let message = match received {
            Err(RecvTimeoutError::Timeout) => return Ok(None),
            Err(RecvTimeoutError::Disconnected) => ("gone",).into_pyobject(py)?,
            Ok(Message::Window(bytes)) => ("window", PyBytes::new(py, &bytes)).into_pyobject(py)?,
            Ok(Message::Event { at, kind, text }) => ("event", at, kind, text).into_pyobject(py)?,
            Ok(Message::Ended(end)) => {
                ("ended", end.reason.as_str(), end.duration, end.ended, end.hung, end.vus).into_pyobject(py)?
            }
        };
        Ok(Some(message))
    }

    /// No more starts; what runs may finish.
    fn stop(&self) {
        self.control.stop();
    }

    /// What runs is interrupted.
    fn abort(&self) {
        self.control.abort();
    }

    /// The engine's thread panics, as a defect would make it; for the tests of what happens then.
    fn crash(&self) {
        self.control.crash();
    }
}

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
    /// Plain jobs that were announced and have not begun, by VU.
    announced: Vec<bool>,
    /// When the loop in Python was last given something to do.
    told_at: Option<u64>,
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
            announced: Vec::new(),
            told_at: None,
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

    /// Moves the run on: None when it has ended, else what plain functions are to be told, as a list of
    /// `(vu, value)`: a job's name to begin it, a Response, None after a sleep, False when it is interrupted.
    ///
    /// `behaviour.iterate(vu, scenario)` gives what a VU iterates as (state, coroutine function or None),
    /// `behaviour.begin(vu, job, scenario)` the coroutine of another job or None; `behaviour.raised(vu, job, error)`
    /// is told of every exception and gives its kind.
    fn turn<'py>(&mut self, py: Python<'py>, behaviour: Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyList>>> {
        if let Some(told_at) = self.told_at.take() {
            self.engine.script_lag(self.engine.now() - told_at);
        }
        if self.engine.waiting_wakes() == 0 || self.rounds >= ROUNDS {
            self.rounds = 0;
            let engine = Exclusive(&mut self.engine);
            if !py.detach(move || engine.into_inner().turn()).map_err(died)? {
                return Ok(None);
            }
        }
        self.rounds += 1;
        self.behaviour = Some(behaviour.unbind());
        let plain = PyList::empty(py);
        let began = self.engine.now();
        let wakes = self.engine.waiting_wakes();
        for _ in 0..wakes {
            let Some(wake) = self.engine.next_wake() else { break };
            self.wake(py, wake, &plain)?;
        }
        if wakes > 0 {
            self.engine.script_lag(self.engine.now() - began);
        }
        if !plain.is_empty() {
            self.told_at = Some(self.engine.now());
        }
        Ok(Some(plain))
    }

    /// A plain function of this VU is about to run.
    /// False where it was interrupted before it began.
    fn enter(&mut self, py: Python<'_>, vu: u32) -> PyResult<bool> {
        if self.announced.get_mut(vu as usize).is_some_and(std::mem::take) {
            if !self.engine.begin(vu) {
                return Ok(false);
            }
            self.count_on(py, vu)?;
        }
        self.desk.enter(vu);
        Ok(true)
    }

    /// A plain function asked for a request or a sleep, or has ended: then `asked` is None, or the kind of its error.
    fn ask(&mut self, vu: u32, asked: &Bound<'_, PyAny>) -> PyResult<()> {
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
}

impl Core {
    fn wake(&mut self, py: Python<'_>, wake: Wake, plain: &Bound<'_, PyList>) -> PyResult<()> {
        match wake {
            Wake::Begin { vu, job } => self.begin(py, vu, job, plain),
            Wake::Reply { vu, reply } => {
                let response = Bound::new(py, Response::from(*reply))?;
                match self.is_coroutine(vu) {
                    true => self.resume(py, vu, response.as_any()),
                    false => plain.append((vu, response)),
                }
            }
            Wake::Slept { vu } => match self.is_coroutine(vu) {
                true => self.resume(py, vu, py.None().bind(py)),
                false => plain.append((vu, py.None())),
            },
            Wake::Interrupted { vu } => match self.running.get_mut(vu as usize).and_then(Option::take) {
                Some(coroutine) => self.close(py, vu, coroutine.bind(py)),
                None => plain.append((vu, false)),
            },
        }
    }

    fn is_coroutine(&self, vu: u32) -> bool {
        self.running.get(vu as usize).is_some_and(Option::is_some)
    }

    fn begin(&mut self, py: Python<'_>, vu: u32, job: Job, plain: &Bound<'_, PyList>) -> PyResult<()> {
        if job == Job::Iteration && self.iterating(py, vu)?.function.is_none() {
            return self.announce(vu, job, plain);
        }
        match self.coroutine(py, vu, job) {
            Ok(None) => self.announce(vu, job, plain),
            Ok(Some(coroutine)) => {
                if !self.engine.begin(vu) {
                    return Ok(());
                }
                if self.running.len() <= vu as usize {
                    self.running.resize_with(vu as usize + 1, || None);
                }
                self.running[vu as usize] = Some(coroutine.unbind());
                self.count_on(py, vu)?;
                self.resume(py, vu, py.None().bind(py))
            }
            Err(error) => self.raised(py, vu, job, error),
        }
    }

    /// A plain job begins when the loop in Python enters its VU, not when it is put on the list: what lies between is
    /// lateness, and must be seen as such.
    fn announce(&mut self, vu: u32, job: Job, plain: &Bound<'_, PyList>) -> PyResult<()> {
        if self.announced.len() <= vu as usize {
            self.announced.resize(vu as usize + 1, false);
        }
        self.announced[vu as usize] = true;
        plain.append((vu, job_name(job)))
    }

    /// The coroutine of a job, or none where the loop in Python runs a plain function.
    fn coroutine<'py>(&mut self, py: Python<'py>, vu: u32, job: Job) -> PyResult<Option<Bound<'py, PyIterator>>> {
        let begun = match (job, &self.behaviour) {
            (Job::Iteration, _) => {
                let Iterating { state, function } = self.iterating(py, vu)?;
                match function {
                    Some(function) => function.bind(py).call1((state,))?,
                    None => return Ok(None),
                }
            }
            (_, Some(behaviour)) => {
                behaviour.bind(py).call_method1("begin", (vu, job_name(job), self.engine.scenario_of(vu)))?
            }
            (_, None) => return Ok(None),
        };
        if begun.is_none() {
            return Ok(None);
        }
        as_sendable(begun).map(Some)
    }

    /// Sets the `iteration` of a VU's state.
    fn count_on(&self, py: Python<'_>, vu: u32) -> PyResult<()> {
        match self.iterating.get(vu as usize) {
            Some(Some(iterating)) => {
                let iteration = self.engine.iterations_of(vu).saturating_sub(1);
                iterating.state.bind(py).setattr(intern!(py, "iteration"), iteration)
            }
            _ => Ok(()),
        }
    }

    /// What the VU iterates.
    fn iterating(&mut self, py: Python<'_>, vu: u32) -> PyResult<&Iterating> {
        let at = vu as usize;
        if self.iterating.len() <= at {
            self.iterating.resize_with(at + 1, || None);
        }
        if self.iterating[at].is_none() {
            let Some(behaviour) = &self.behaviour else {
                return Err(PyRuntimeError::new_err("a VU began before there was a behaviour"));
            };
            let scenario = self.engine.scenario_of(vu);
            let (state, function) = behaviour.bind(py).call_method1("iterate", (vu, scenario))?.extract()?;
            self.iterating[at] = Some(Iterating { state, function });
        }
        match &self.iterating[at] {
            Some(iterating) => Ok(iterating),
            None => unreachable!("set just above"),
        }
    }

    fn resume(&mut self, py: Python<'_>, vu: u32, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let Some(Some(coroutine)) = self.running.get(vu as usize) else { return Ok(()) };
        let coroutine = coroutine.clone_ref(py).into_bound(py);
        let mut sent = self.within(vu, || coroutine.send(value));
        if let Ok(PySendResult::Next(asked)) = &sent {
            match self.demand(vu, asked) {
                Ok(()) => return Ok(()),
                // Raised where it was awaited: the traceback then names the line, and the script may catch it.
                Err(error) => sent = self.within(vu, || throw(&coroutine, error)),
            }
            if let Ok(PySendResult::Next(asked)) = &sent {
                match self.demand(vu, asked) {
                    Ok(()) => return Ok(()),
                    Err(error) => sent = Err(error),
                }
            }
        }
        self.running[vu as usize] = None;
        match sent {
            Ok(_) => {
                self.end(vu, None);
                Ok(())
            }
            Err(error) => self.raised(py, vu, self.engine.job_of(vu), error),
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

    /// Closes an interrupted coroutine: its `finally` blocks run, but nothing that they ask for is done.
    fn close(&mut self, py: Python<'_>, vu: u32, coroutine: &Bound<'_, PyIterator>) -> PyResult<()> {
        self.desk.enter(vu);
        let closed = coroutine.call_method0("close");
        self.desk.leave();
        self.notes.clear();
        self.desk.take_notes(&mut self.notes);
        if let (Err(error), Some(behaviour)) = (closed, &self.behaviour) {
            behaviour.bind(py).call_method1("raised", (vu, "interrupted", error.into_value(py)))?;
        }
        Ok(())
    }

    fn raised(&mut self, py: Python<'_>, vu: u32, job: Job, error: PyErr) -> PyResult<()> {
        let Some(behaviour) = &self.behaviour else { return Err(error) };
        let kind: String =
            behaviour.bind(py).call_method1("raised", (vu, job_name(job), error.into_value(py)))?.extract()?;
        self.end(vu, Some(kind));
        Ok(())
    }

    fn end(&mut self, vu: u32, kind: Option<String>) {
        let end = kind.map_or(JobEnd::Complete, |kind| JobEnd::Raised { kind });
        self.engine.ended(vu, &end);
    }

    /// Does what a script asked for by waiting on it.
    fn demand(&mut self, vu: u32, asked: &Bound<'_, PyAny>) -> PyResult<()> {
        if let Ok(pending) = asked.cast::<Pending>() {
            let ready = &pending.get().ready;
            let engine = &mut self.engine;
            let label = *ready.label.get_or_init(|| engine.label(&ready.name, &ready.prepared.method, &ready.tags));
            self.engine.fetch(
                vu,
                Request {
                    prepared: ready.prepared.clone(),
                    label,
                    timeout: ready.timeout,
                    max_redirects: ready.max_redirects,
                    expected: ready.expected.clone(),
                    keep: true,
                },
            );
            return Ok(());
        }
        if let Ok(sleep) = asked.cast::<Sleep>() {
            self.engine.sleep(vu, sleep.get().seconds);
            return Ok(());
        }
        Err(PyTypeError::new_err(format!(
            "the script awaited {}, which is not of this VU: await vu.http and vu.sleep only; \
             for coroutine libraries on asyncio there is no loop here",
            asked.get_type().name()?
        )))
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

/// A coroutine as that which can be sent to.
///
/// PyO3 offers `send` on iterators only. A coroutine is none by type, but has the very slot (`am_send`) that
/// `PyIter_Send` uses; so the cast is sound for coroutines, and for them alone it is made.
#[allow(unsafe_code)]
fn as_sendable(coroutine: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyIterator>> {
    let kind = coroutine.py().import("types")?.getattr("CoroutineType")?;
    if !coroutine.get_type().is(&kind) {
        let name = coroutine.get_type().name()?;
        return Err(PyTypeError::new_err(format!("an `async def` function is needed; calling it gave {name}")));
    }
    // SAFETY: checked above to be exactly a coroutine, whose type fills am_send.
    Ok(unsafe { coroutine.cast_into_unchecked::<PyIterator>() })
}

/// Raises in a coroutine at the place where it waits.
fn throw<'py>(coroutine: &Bound<'py, PyIterator>, error: PyErr) -> PyResult<PySendResult<'py>> {
    let py = coroutine.py();
    match coroutine.call_method1(intern!(py, "throw"), (error.into_value(py),)) {
        Ok(asked) => Ok(PySendResult::Next(asked)),
        Err(error) if error.is_instance_of::<PyStopIteration>(py) => Ok(PySendResult::Return(py.None().into_bound(py))),
        Err(error) => Err(error),
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
