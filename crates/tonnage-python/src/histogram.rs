//! `Histogram`: the engine's Trend as Python sees it.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tonnage_engine::histogram::Trend;

/// Integers with three significant digits, exact count, sum, minimum and maximum.
#[pyclass(name = "Histogram", module = "tonnage._engine")]
#[derive(Clone, Default)]
pub struct Histogram {
    pub inner: Trend,
}

#[pymethods]
impl Histogram {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Adds one sample `n` times.
    #[pyo3(signature = (value, n = 1))]
    fn record(&mut self, value: i64, n: u64) {
        self.inner.record_n(value, n);
    }

    /// Adds another histogram in place.
    fn merge(&mut self, other: PyRef<'_, Self>) {
        self.inner.add(&other.inner);
    }

    fn copy(&self) -> Self {
        self.clone()
    }

    fn __add__(&self, other: PyRef<'_, Self>) -> Self {
        let mut sum = self.clone();
        sum.inner.add(&other.inner);
        sum
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.borrow().inner == self.inner)
    }

    fn __repr__(&self) -> String {
        format!("Histogram(count={}, sum={})", self.inner.count(), self.inner.sum())
    }

    fn __len__(&self) -> usize {
        self.inner.count() as usize
    }

    #[getter]
    fn count(&self) -> u64 {
        self.inner.count()
    }

    #[getter]
    fn sum(&self) -> i128 {
        self.inner.sum()
    }

    #[getter]
    fn minimum(&self) -> PyResult<i64> {
        self.inner.min().ok_or_else(empty)
    }

    #[getter]
    fn maximum(&self) -> PyResult<i64> {
        self.inner.max().ok_or_else(empty)
    }

    /// The value at rank ceil(q·n), at least rank 1.
    fn quantile(&self, q: f64) -> PyResult<i64> {
        if !(0.0..=1.0).contains(&q) {
            return Err(PyValueError::new_err(format!("a quantile lies between 0 and 1, not at {q}")));
        }
        self.inner.quantile(q).ok_or_else(empty)
    }

    /// The value at a rank from 1 to count.
    fn value_at_rank(&self, rank: u64) -> PyResult<i64> {
        self.inner.value_at_rank(rank).ok_or_else(empty)
    }

    /// How many samples are at most `value`, to the resolution of the histogram.
    fn count_at_or_below(&self, value: i64) -> u64 {
        self.inner.count_at_or_below(value)
    }

    /// The envelope around HDR V2 in which a histogram is stored and sent.
    fn encode<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let mut bytes = Vec::new();
        self.inner.encode(&mut bytes);
        PyBytes::new(py, &bytes)
    }

    #[staticmethod]
    fn decode(bytes: &[u8]) -> PyResult<Self> {
        let (inner, _) = Trend::decode(bytes).map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self { inner })
    }
}

fn empty() -> PyErr {
    PyValueError::new_err("the histogram is empty: it has no such value")
}
