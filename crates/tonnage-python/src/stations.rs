//! `RequestPool`: the engine's stations as Python sees them.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tonnage_engine::curve::{Curve, Piece};
use tonnage_engine::histogram::Trend;
use tonnage_engine::random::Lengths;
use tonnage_engine::stations::{Balancing, Settings, Stations};

use crate::histogram::Histogram;

/// Replicas of servers with a queue each, request by request.
#[pyclass(module = "tonnage._engine")]
pub struct RequestPool {
    inner: Stations,
}

type Responses = (Option<Histogram>, Option<Histogram>);

#[pymethods]
impl RequestPool {
    /// `demand` is a Curve's pieces (start, length, begin, end).
    #[new]
    #[pyo3(signature = (demand, *, mean, scv, servers, grace, seed, balancing = "random", regular = false))]
    #[allow(clippy::too_many_arguments)] // keyword arguments all of them
    fn new(
        demand: Vec<(f64, f64, f64, f64)>,
        mean: f64,
        scv: f64,
        servers: u32,
        grace: f64,
        seed: u64,
        balancing: &str,
        regular: bool,
    ) -> PyResult<Self> {
        let pieces = demand.into_iter().map(|(_, length, begin, end)| Piece { length, begin, end });
        let demand = Curve::new(pieces.collect()).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let lengths = Lengths::of("", mean, scv)
            .ok_or_else(|| PyValueError::new_err(format!("no service time has mean {mean} and scv {scv}")))?;
        let balancing = match balancing {
            "random" => Balancing::Random,
            "round_robin" => Balancing::RoundRobin,
            "least" => Balancing::Least,
            _ => return Err(PyValueError::new_err(format!("unknown balancing {balancing:?}"))),
        };
        if servers == 0 {
            return Err(PyValueError::new_err("a replica has at least one server"));
        }
        let settings = Settings { demand, regular, lengths, servers, balancing, grace, seed };
        Ok(RequestPool { inner: Stations::new(settings) })
    }

    fn advance(&mut self, py: Python<'_>, until: f64) {
        py.detach(|| self.inner.advance(until));
    }

    fn add_replica(&mut self, running_at: f64, ready_at: f64) -> u32 {
        self.inner.add_replica(running_at, ready_at)
    }

    fn drain_replica(&mut self, id: u32) {
        self.inner.drain_replica(id);
    }

    fn fail_replica(&mut self, id: u32) {
        self.inner.fail_replica(id);
    }

    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let found = self.inner.counters();
        let named = PyDict::new(py);
        for (name, value) in [
            ("arrived", found.arrived),
            ("served", found.served),
            ("failed", found.failed),
            ("in_service", found.in_service),
            ("queued", found.queued),
            ("in_line", found.in_line),
        ] {
            named.set_item(name, value)?;
        }
        Ok(named)
    }

    /// Busy servers of ready replicas, requests, and waiting requests, each integrated over the time until now.
    fn integrals(&self) -> (f64, f64, f64) {
        let found = self.inner.integrals();
        (found.busy, found.held, found.waiting)
    }

    /// (number, requests), oldest first.
    fn replicas(&self) -> Vec<(u32, usize)> {
        self.inner.replicas().map(|(id, _, requests)| (id, requests)).collect()
    }

    fn take_gone(&mut self) -> Vec<(u32, f64, u32)> {
        self.inner.take_gone()
    }

    fn oldest_waiting(&self) -> Option<f64> {
        self.inner.oldest_waiting()
    }

    fn sample(&mut self) {
        self.inner.sample();
    }

    /// (number, (busy servers, requests, requests taken a second)), oldest first.
    fn averages(&self, at: f64, window: f64) -> Vec<(u32, (f64, f64, f64))> {
        self.inner.averages(at, window).into_iter().map(|(id, [busy, held, taken])| (id, (busy, held, taken))).collect()
    }

    fn note_unfinished(&mut self) {
        self.inner.note_unfinished();
    }

    /// Response times [ns], and lower bounds of others, since the last call; None for none.
    fn take_responses(&mut self) -> Responses {
        self.inner.take_responses().map(some).into()
    }

    /// The same of all calls together.
    fn responses(&self) -> Responses {
        self.inner.responses().clone().map(some).into()
    }
}

fn some(inner: Trend) -> Option<Histogram> {
    (!inner.is_empty()).then_some(Histogram { inner })
}
