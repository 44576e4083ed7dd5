//! What the scripts' objects share with the engine's thread: who is running, and what it noted.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
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
    /// `check` is an index into the desk's names.
    Check {
        check: u32,
        passed: bool,
    },
    Custom {
        metric: CustomId,
        value: f64,
        tags: Tags,
    },
}

/// Key of a request without options: method, URL, name.
type Plain = (&'static str, String, Option<String>);

/// What stands behind a Python string object, found by its address.
///
/// Literals of a script are the same object each time, so the look-up of a request or a check costs one hash of a
/// number (10 ns) instead of a copy and a hash of the text. The entry holds the object, so the address stays its own.
struct ByAddress<T> {
    entries: HashMap<Address, Kept<T>>,
}

/// Addresses of what kind of thing it is, of a string, and of a second one or zero.
type Address = (usize, usize, usize);

struct Kept<T> {
    _strings: (Py<PyString>, Option<Py<PyString>>),
    value: T,
}

impl<T> Default for ByAddress<T> {
    fn default() -> Self {
        Self { entries: HashMap::new() }
    }
}

impl<T: Clone> ByAddress<T> {
    fn key(kind: &'static str, text: &Bound<'_, PyString>, more: Option<&Bound<'_, PyString>>) -> Address {
        (kind.as_ptr() as usize, text.as_ptr() as usize, more.map_or(0, |more| more.as_ptr() as usize))
    }

    fn get(&self, key: &Address) -> Option<T> {
        self.entries.get(key).map(|kept| kept.value.clone())
    }

    fn insert(&mut self, key: Address, text: &Bound<'_, PyString>, more: Option<&Bound<'_, PyString>>, value: T) {
        // Strings made per iteration would fill it without ever being found again.
        if self.entries.len() >= KEPT_REQUESTS {
            self.entries.clear();
        }
        let strings = (text.clone().unbind(), more.map(|more| more.clone().unbind()));
        self.entries.insert(key, Kept { _strings: strings, value });
    }
}

#[derive(Default)]
pub struct Desk {
    current: AtomicU32,
    /// Nanoseconds since `origin` at which the current VU was resumed; 0 while none runs.
    entered: AtomicU64,
    origin: OnceLock<Instant>,
    notes: Mutex<Vec<(u32, Note)>>,
    requests: Mutex<Requests>,
    checks: Mutex<CheckNames>,
}

#[derive(Default)]
struct Requests {
    by_address: ByAddress<Arc<Ready>>,
    by_text: HashMap<Plain, Arc<Ready>>,
}

#[derive(Default)]
struct CheckNames {
    by_address: ByAddress<u32>,
    by_text: HashMap<String, u32>,
    names: Vec<String>,
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
        url: &Bound<'_, PyString>,
        name: Option<&Bound<'_, PyString>>,
        prepare: impl FnOnce() -> PyResult<Ready>,
    ) -> PyResult<Arc<Ready>> {
        let address = ByAddress::<Arc<Ready>>::key(method, url, name);
        if let Some(ready) = lock(&self.requests).by_address.get(&address) {
            return Ok(ready);
        }
        let text = (method, url.to_str()?.to_string(), name.map(|name| name.to_str().map(str::to_string)).transpose()?);
        let known = lock(&self.requests).by_text.get(&text).cloned();
        let ready = match known {
            Some(ready) => ready,
            None => Arc::new(prepare()?),
        };
        let mut requests = lock(&self.requests);
        if requests.by_text.len() >= KEPT_REQUESTS {
            requests.by_text.clear();
        }
        requests.by_text.insert(text, ready.clone());
        requests.by_address.insert(address, url, name, ready.clone());
        Ok(ready)
    }

    /// The index of a check's name.
    fn check(&self, name: &Bound<'_, PyString>) -> PyResult<u32> {
        let mut checks = lock(&self.checks);
        let address = ByAddress::<u32>::key("check", name, None);
        if let Some(check) = checks.by_address.get(&address) {
            return Ok(check);
        }
        let text = name.to_str()?;
        let check = match checks.by_text.get(text) {
            Some(check) => *check,
            None => {
                let check = checks.names.len() as u32;
                checks.names.push(text.to_string());
                checks.by_text.insert(text.to_string(), check);
                check
            }
        };
        checks.by_address.insert(address, name, None, check);
        Ok(check)
    }

    /// The name of a check.
    pub fn check_name(&self, check: u32) -> String {
        lock(&self.checks).names[check as usize].clone()
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
    /// Notes results that are known already: name to truth.
    fn note(&self, results: &Bound<'_, PyDict>) -> PyResult<bool> {
        let vu = self.desk.current("check")?;
        let mut all = true;
        for (name, result) in results {
            let passed = result.is_truthy()?;
            let check = self.desk.check(name.cast::<PyString>()?)?;
            self.desk.note(vu, Note::Check { check, passed });
            all &= passed;
        }
        Ok(all)
    }

    fn __call__(&self, value: &Bound<'_, PyAny>, conditions: &Bound<'_, PyDict>) -> PyResult<bool> {
        let vu = self.desk.current("check")?;
        let mut all = true;
        for (name, condition) in conditions {
            let passed = if condition.is_callable() {
                condition.call1((value,))?.is_truthy()?
            } else {
                condition.is_truthy()?
            };
            let check = self.desk.check(name.cast::<PyString>()?)?;
            self.desk.note(vu, Note::Check { check, passed });
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
        if !value.is_finite() {
            return Err(PyValueError::new_err(format!("a metric cannot count {value}: a finite number is needed")));
        }
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
