//! `Messages`: what the engine reports, read on another thread than its own.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use tonnage_engine::engine::{Control, Message};

/// What the messages of the engine are read from, on another thread than the engine's.
#[pyclass(frozen, module = "tonnage._engine")]
pub struct Messages {
    pub receiver: Mutex<Receiver<Message>>,
    pub control: Arc<Control>,
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
