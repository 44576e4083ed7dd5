//! `tonnage._engine.DemoServer`: the demo service on a thread of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tonnage_demo::{Config, Counters, Server, Stats};

/// Add the classes of this file to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<DemoServer>()
}

/// A demo service, bound when it is made, serving between `start` and `stop`.
#[pyclass(module = "tonnage._engine")]
struct DemoServer {
    #[pyo3(get)]
    host: String,
    #[pyo3(get)]
    port: u16,
    /// Until it is started.
    server: Option<Server>,
    thread: Option<JoinHandle<std::io::Result<Stats>>>,
    stopping: Arc<AtomicBool>,
    counters: Arc<Counters>,
}

#[pymethods]
impl DemoServer {
    #[new]
    fn new(config_json: &str) -> PyResult<Self> {
        let config: Config =
            serde_json::from_str(config_json).map_err(|error| PyValueError::new_err(error.to_string()))?;
        config.check().map_err(|error| PyValueError::new_err(error.to_string()))?;
        let server = Server::bind(&config).map_err(|error| match error.raw_os_error() {
            // Errno and text, so that Python chooses the right subclass of OSError.
            Some(errno) => PyOSError::new_err((errno, format!("{}:{}: {error}", config.host, config.port))),
            None => PyOSError::new_err(format!("{}:{}: {error}", config.host, config.port)),
        })?;
        let address = server.address();
        Ok(DemoServer {
            host: address.ip().to_string(),
            port: address.port(),
            counters: server.counters(),
            server: Some(server),
            thread: None,
            stopping: Arc::new(AtomicBool::new(false)),
        })
    }

    fn start(&mut self) -> PyResult<()> {
        let server = self.server.take();
        let server = server.ok_or_else(|| PyRuntimeError::new_err("a demo server starts once"))?;
        let stopping = self.stopping.clone();
        let serve = move || server.run(&stopping);
        self.thread = Some(thread::Builder::new().name("tonnage-demo".into()).spawn(serve)?);
        Ok(())
    }

    /// Stop serving and free the port. Harmless when it does not run.
    fn stop(&mut self, py: Python<'_>) -> PyResult<()> {
        self.server = None;
        self.stopping.store(true, Ordering::Release);
        let Some(thread) = self.thread.take() else { return Ok(()) };
        match py.detach(|| thread.join()) {
            Ok(result) => Ok(result.map(drop)?),
            Err(_) => Err(PyRuntimeError::new_err("the demo server panicked; its message is on stderr")),
        }
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.counters.stats();
        let all = PyDict::new(py);
        all.set_item("requests", stats.requests)?;
        all.set_item("connections", stats.connections)?;
        all.set_item("in_flight", stats.in_flight)?;
        all.set_item("queue_length", stats.queue_length)?;
        all.set_item("busy_workers", stats.busy_workers)?;
        all.set_item("service_time_sum", stats.service_time_sum)?;
        all.set_item("service_time_count", stats.service_time_count)?;
        all.set_item("stalls", stats.stalls)?;
        Ok(all)
    }

    fn __enter__(mut slf: PyRefMut<'_, Self>) -> PyResult<PyRefMut<'_, Self>> {
        slf.start()?;
        Ok(slf)
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&mut self, py: Python<'_>, _exception: &Bound<'_, PyAny>) -> PyResult<()> {
        self.stop(py)
    }
}

impl Drop for DemoServer {
    /// The thread sees it within 50 ms and ends by itself; nobody is left to join it.
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
    }
}
