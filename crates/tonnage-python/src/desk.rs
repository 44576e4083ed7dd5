//! What the scripts' objects share with the engine's thread: who is running, and what it noted.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use tonnage_engine::http::request::Prepared;
use tonnage_engine::recorder::{CustomId, LabelId, Tags};
use tonnage_engine::vu::Expected;

/// No VU is running.
pub const NOBODY: u32 = u32::MAX;
/// Prepared requests that are kept; scripts that make a URL per iteration would otherwise grow without end.
const KEPT_REQUESTS: usize = 4096;

/// A request with everything that is the same each time it is made.
pub struct Ready {
    pub prepared: Arc<Prepared>,
    pub name: String,
    pub tags: Tags,
    pub expected: Expected,
    pub timeout: Option<u64>,
    pub max_redirects: Option<u32>,
    /// Interned by the engine when it is first made.
    pub label: OnceLock<LabelId>,
}

/// What a script did beside asking for requests.
pub enum Note {
    Check { name: String, passed: bool },
    Custom { metric: CustomId, value: f64, tags: Tags },
}

/// Key of a request without options: method, URL, name.
type Plain = (&'static str, String, Option<String>);

#[derive(Default)]
pub struct Desk {
    current: AtomicU32,
    /// Nanoseconds since `origin` at which the current VU was resumed; 0 while none runs.
    entered: AtomicU64,
    origin: OnceLock<Instant>,
    notes: Mutex<Vec<(u32, Note)>>,
    requests: Mutex<HashMap<Plain, Arc<Ready>>>,
}

impl Desk {
    pub fn new() -> Arc<Self> {
        let desk = Self::default();
        desk.current.store(NOBODY, Ordering::Relaxed);
        Arc::new(desk)
    }

    fn elapsed(&self) -> u64 {
        self.origin.get_or_init(Instant::now).elapsed().as_nanos() as u64 + 1
    }

    /// The VU runs from here on.
    pub fn enter(&self, vu: u32) {
        self.current.store(vu, Ordering::Relaxed);
        self.entered.store(self.elapsed(), Ordering::Relaxed);
    }

    pub fn leave(&self) {
        self.current.store(NOBODY, Ordering::Relaxed);
        self.entered.store(0, Ordering::Relaxed);
    }

    /// The VU that runs and for how many seconds it has kept the engine's thread.
    pub fn running(&self) -> Option<(u32, f64)> {
        match self.entered.load(Ordering::Relaxed) {
            0 => None,
            entered => {
                let seconds = self.elapsed().saturating_sub(entered) as f64 / 1e9;
                Some((self.current.load(Ordering::Relaxed), seconds))
            }
        }
    }

    pub fn current(&self, what: &str) -> PyResult<u32> {
        match self.current.load(Ordering::Relaxed) {
            NOBODY => Err(PyRuntimeError::new_err(format!(
                "{what} was called outside a VU: it works inside scenarios, setup, teardown, start and stop only"
            ))),
            vu => Ok(vu),
        }
    }

    pub fn note(&self, vu: u32, note: Note) {
        lock(&self.notes).push((vu, note));
    }

    pub fn take_notes(&self, notes: &mut Vec<(u32, Note)>) {
        std::mem::swap(&mut *lock(&self.notes), notes);
    }

    /// The request of this method, URL and name, prepared once.
    pub fn ready(
        &self,
        method: &'static str,
        url: &str,
        name: Option<&str>,
        prepare: impl FnOnce() -> PyResult<Ready>,
    ) -> PyResult<Arc<Ready>> {
        let key = (method, url.to_string(), name.map(str::to_string));
        if let Some(ready) = lock(&self.requests).get(&key) {
            return Ok(ready.clone());
        }
        let ready = Arc::new(prepare()?);
        let mut requests = lock(&self.requests);
        if requests.len() >= KEPT_REQUESTS {
            requests.clear();
        }
        requests.insert(key, ready.clone());
        Ok(ready)
    }
}

/// A lock that a panic elsewhere cannot take away: the data are counters and caches, whole after every statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `vu.check`: notes each named predicate and returns whether all held.
#[pyclass(frozen, module = "tonnage._engine")]
pub struct Checks {
    pub desk: Arc<Desk>,
}

#[pymethods]
impl Checks {
    fn __call__(&self, value: &Bound<'_, PyAny>, conditions: &Bound<'_, PyDict>) -> PyResult<bool> {
        let vu = self.desk.current("check")?;
        let mut all = true;
        for (name, condition) in conditions {
            let passed = if condition.is_callable() {
                condition.call1((value,))?.is_truthy()?
            } else {
                condition.is_truthy()?
            };
            self.desk.note(vu, Note::Check { name: name.cast::<PyString>()?.to_str()?.to_string(), passed });
            all &= passed;
        }
        Ok(all)
    }
}

/// What a custom metric's `add` calls.
#[pyclass(frozen, module = "tonnage._engine")]
pub struct MetricPort {
    pub desk: Arc<Desk>,
    pub metric: CustomId,
}

#[pymethods]
impl MetricPort {
    #[pyo3(signature = (value, tags = None))]
    fn __call__(&self, value: f64, tags: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
        let vu = self.desk.current("a metric's add")?;
        self.desk.note(vu, Note::Custom { metric: self.metric, value, tags: tags_of(tags)? });
        Ok(())
    }
}

/// Tags of a script: texts as they are, other values as `str` shows them.
pub fn tags_of(tags: Option<&Bound<'_, PyDict>>) -> PyResult<Tags> {
    let mut found = Tags::default();
    if let Some(tags) = tags {
        for (name, value) in tags {
            found.set(name.str()?.to_str()?, value.str()?.to_str()?);
        }
    }
    Ok(found)
}

/// What the watchdog asks, from a thread of its own.
#[pyclass(frozen, module = "tonnage._engine")]
pub struct Watch {
    pub desk: Arc<Desk>,
}

#[pymethods]
impl Watch {
    /// `(vu, seconds)` of the script that runs without a break, or None.
    fn running(&self) -> Option<(u32, f64)> {
        self.desk.running()
    }
}
