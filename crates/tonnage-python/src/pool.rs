//! `SessionPool`: the engine's pool of session workers as Python sees it.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tonnage_engine::curve::{Curve, Piece};
use tonnage_engine::pool::{Pool, Routing, Settings, State};
use tonnage_engine::random::Lengths;

/// Session workers as a loss system, session by session.
#[pyclass(module = "tonnage._engine")]
pub struct SessionPool {
    inner: Pool,
}

#[pymethods]
impl SessionPool {
    /// `demand` is a Curve's pieces (start, length, begin, end).
    #[new]
    #[pyo3(signature = (demand, *, mean, scv, per_worker, grace, seed, law = "", routing = "weighted", regular = false,
                        retry = 0.0, retry_delay = 10.0))]
    #[allow(clippy::too_many_arguments)] // keyword arguments all of them
    fn new(
        demand: Vec<(f64, f64, f64, f64)>,
        mean: f64,
        scv: f64,
        per_worker: u32,
        grace: f64,
        seed: u64,
        law: &str,
        routing: &str,
        regular: bool,
        retry: f64,
        retry_delay: f64,
    ) -> PyResult<Self> {
        let pieces = demand.into_iter().map(|(_, length, begin, end)| Piece { length, begin, end });
        let demand = Curve::new(pieces.collect()).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let lengths = Lengths::of(law, mean, scv)
            .ok_or_else(|| PyValueError::new_err(format!("no law {law:?} has mean {mean} and scv {scv}")))?;
        let routing = match routing {
            "weighted" => Routing::Weighted,
            "least" => Routing::Least,
            "pack" => Routing::Pack,
            _ => return Err(PyValueError::new_err(format!("unknown routing {routing:?}"))),
        };
        let settings = Settings { demand, regular, lengths, per_worker, routing, retry, retry_delay, grace, seed };
        Ok(SessionPool { inner: Pool::new(settings) })
    }

    fn advance(&mut self, py: Python<'_>, until: f64) {
        py.detach(|| self.inner.advance(until));
    }

    /// The band is from `low` to `high`, its end excluded.
    fn advance_calm(
        &mut self,
        py: Python<'_>,
        first: u64,
        period: f64,
        until: f64,
        low: u64,
        high: u64,
    ) -> PyResult<(Vec<u64>, bool)> {
        if period <= 0.0 || !until.is_finite() {
            return Err(PyValueError::new_err("ticks lie some time apart, and end"));
        }
        Ok(py.detach(|| self.inner.advance_calm(first, period, until, low..high)))
    }

    fn add_worker(&mut self, running_at: f64, ready_at: f64) -> u32 {
        self.inner.add_worker(running_at, ready_at)
    }

    fn drain(&mut self, n: usize) -> Vec<u32> {
        self.inner.drain(n)
    }

    fn drain_worker(&mut self, id: u32) {
        self.inner.drain_worker(id);
    }

    fn fail_worker(&mut self, id: u32) {
        self.inner.fail_worker(id);
    }

    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let found = self.inner.counters();
        let named = PyDict::new(py);
        for (name, value) in [
            ("arrived", found.arrived),
            ("started", found.started),
            ("rejected", found.rejected),
            ("lost", found.lost),
            ("retrying", found.retrying),
            ("finished", found.finished),
            ("cut", found.cut),
            ("failed", found.failed),
            ("active", found.active),
            ("draining", found.draining),
        ] {
            named.set_item(name, value)?;
        }
        Ok(named)
    }

    /// (number, state, sessions), oldest first.
    fn workers(&self) -> Vec<(u32, &'static str, u32)> {
        let name = |state| match state {
            State::Warming => "warming",
            State::Ready => "ready",
            State::Draining => "draining",
            State::Gone => "gone",
        };
        self.inner.workers().map(|(id, state, sessions)| (id, name(state), sessions)).collect()
    }

    fn take_gone(&mut self) -> Vec<(u32, f64, u32)> {
        self.inner.take_gone()
    }

    fn sample(&mut self) {
        self.inner.sample();
    }

    fn averages(&self, at: f64, window: f64) -> Vec<(u32, i64)> {
        self.inner.averages(at, window)
    }
}
