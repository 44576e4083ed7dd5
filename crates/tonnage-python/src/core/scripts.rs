//! Resuming scripts: coroutines here, plain functions put on the list of the loop in Python.

use pyo3::exceptions::{PyRuntimeError, PyStopIteration, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::iterator::PySendResult;
use pyo3::types::PyIterator;
use tonnage_engine::vu::{Job, Request, Wake};

use super::{job_name, Core, Iterating, News};
use crate::http::{Pending, Sleep};
use crate::response::Response;

impl Core {
    pub(super) fn wake(&mut self, py: Python<'_>, wake: Wake) -> PyResult<()> {
        match wake {
            Wake::Begin { vu, job } => return self.begin(py, vu, job),
            Wake::Reply { vu, reply } => {
                let response = Bound::new(py, Response::from(*reply))?;
                match self.is_coroutine(vu) {
                    true => return self.resume(py, vu, response.as_any()),
                    false => self.plain.push_back((vu, News::Reply(response.unbind()))),
                }
            }
            Wake::Slept { vu } => match self.is_coroutine(vu) {
                true => return self.resume(py, vu, py.None().bind(py)),
                false => self.plain.push_back((vu, News::Slept)),
            },
            Wake::Interrupted { vu } => match self.running.get_mut(vu as usize).and_then(Option::take) {
                Some(coroutine) => return self.close(py, vu, coroutine.bind(py)),
                None => self.plain.push_back((vu, News::Interrupted)),
            },
        }
        Ok(())
    }

    fn is_coroutine(&self, vu: u32) -> bool {
        self.running.get(vu as usize).is_some_and(Option::is_some)
    }

    fn begin(&mut self, py: Python<'_>, vu: u32, job: Job) -> PyResult<()> {
        if job == Job::Iteration && self.iterating(py, vu)?.function.is_none() {
            self.plain.push_back((vu, News::Begin(job)));
            return Ok(());
        }
        match self.coroutine(py, vu, job) {
            Ok(None) => {
                self.plain.push_back((vu, News::Begin(job)));
                Ok(())
            }
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
    pub(super) fn count_on(&self, py: Python<'_>, vu: u32) -> PyResult<()> {
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

    /// Closes an interrupted coroutine: its `finally` blocks run, but nothing that they ask for is done.
    fn close(&mut self, py: Python<'_>, vu: u32, coroutine: &Bound<'_, PyIterator>) -> PyResult<()> {
        self.desk.enter(vu);
        let closed = coroutine.call_method0("close");
        self.desk.leave();
        self.notes.clear();
        self.desk.take_notes(&mut self.notes);
        self.notes.clear();
        if let (Err(error), Some(behaviour)) = (closed, &self.behaviour) {
            behaviour.bind(py).call_method1("raised", (vu, "interrupted", error.into_value(py)))?;
        }
        Ok(())
    }

    pub(super) fn raised(&mut self, py: Python<'_>, vu: u32, job: Job, error: PyErr) -> PyResult<()> {
        let Some(behaviour) = &self.behaviour else { return Err(error) };
        let kind: String =
            behaviour.bind(py).call_method1("raised", (vu, job_name(job), error.into_value(py)))?.extract()?;
        self.end(vu, Some(kind));
        Ok(())
    }

    /// Does what a script asked for by waiting on it.
    pub(super) fn demand(&mut self, vu: u32, asked: &Bound<'_, PyAny>) -> PyResult<()> {
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
