//! Windows: from the bytes of the engine to Python's parts.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tonnage_engine::window::decode;

use crate::histogram::Histogram;

type Parts<'py> = ((u32, u64, i64, u32), Bound<'py, PyDict>, Bound<'py, PyDict>, Bound<'py, PyDict>);

/// `((generator, epoch, start, length), counters, gauges, histograms)` of one window, keyed as `Series.parse` reads.
#[pyfunction]
pub fn decode_window<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Parts<'py>> {
    let window = decode(bytes).map_err(PyValueError::new_err)?;
    let counters = PyDict::new(py);
    for (key, value) in window.counters {
        counters.set_item(key, value)?;
    }
    let gauges = PyDict::new(py);
    for (key, [at, last, min, max]) in window.gauges {
        gauges.set_item(key, (at, last, min, max))?;
    }
    let histograms = PyDict::new(py);
    for (key, inner) in window.trends {
        histograms.set_item(key, Histogram { inner }.into_pyobject(py)?)?;
    }
    let span = window.span;
    Ok(((span.generator, span.epoch, span.start, span.length), counters, gauges, histograms))
}
