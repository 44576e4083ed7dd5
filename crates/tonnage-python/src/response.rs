//! `Response`: what a script sees of an answer. Headers, text and JSON are made when they are asked for.

use std::borrow::Cow;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict};
use tonnage_engine::http::{decode, Failure, Limits};
use tonnage_engine::vu::Reply;

/// An answer, or what came instead of one: then `status` is 0 and `error` says why.
#[pyclass(frozen, freelist = 256, module = "tonnage._engine")]
pub struct Response {
    reply: Reply,
    body: PyOnceLock<Py<PyBytes>>,
    headers: PyOnceLock<Py<PyDict>>,
}

impl Response {
    pub fn new(reply: Reply) -> Self {
        Self { reply, body: PyOnceLock::new(), headers: PyOnceLock::new() }
    }

    fn decoded(&self) -> Result<Cow<'_, [u8]>, Failure> {
        match &self.reply.response {
            None => Ok(Cow::Borrowed(b"")),
            Some(response) => match response.content_encoding() {
                None => Ok(Cow::Borrowed(response.body())),
                Some(encoding) => decode::decode(&encoding, response.body(), &Limits::default()),
            },
        }
    }

    fn milliseconds(from: u64, to: u64) -> f64 {
        to.saturating_sub(from) as f64 / 1e6
    }
}

#[pymethods]
impl Response {
    /// The status, or 0 where there was no answer.
    #[getter]
    fn status(&self) -> u16 {
        self.reply.status
    }

    /// The words behind the status.
    #[getter]
    fn status_text(&self) -> String {
        self.reply.response.as_ref().map_or_else(String::new, |response| response.status_text().to_string())
    }

    /// Whether there was an answer with a status below 400.
    #[getter]
    fn ok(&self) -> bool {
        (100..400).contains(&self.reply.status)
    }

    /// The URL that answered, after redirects.
    #[getter]
    fn url(&self) -> String {
        self.reply.prepared.target.url()
    }

    /// How many redirects were followed.
    #[getter]
    fn redirects(&self) -> u32 {
        self.reply.hops
    }

    /// The decoded body.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let body = self.body.get_or_try_init(py, || -> PyResult<Py<PyBytes>> {
            let decoded = self.decoded().map_err(|failure| PyValueError::new_err(failure.to_string()))?;
            Ok(PyBytes::new(py, &decoded).unbind())
        })?;
        Ok(body.bind(py).clone())
    }

    /// The body as text; bytes that are not UTF-8 are replaced.
    #[getter]
    fn text(&self, py: Python<'_>) -> PyResult<String> {
        Ok(String::from_utf8_lossy(self.body(py)?.as_bytes()).into_owned())
    }

    /// The body as JSON.
    fn json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.reply.status == 0 {
            let why = self.error().unwrap_or_default();
            return Err(PyValueError::new_err(format!("there is no body to read as JSON: {why}")));
        }
        py.import("json")?.call_method1("loads", (self.body(py)?,))
    }

    /// Headers by lower-case name; of a repeated one the values are joined by a comma.
    #[getter]
    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let headers = self.headers.get_or_try_init(py, || -> PyResult<Py<PyDict>> {
            let headers = PyDict::new(py);
            for (name, value) in self.reply.response.iter().flat_map(|response| response.headers()) {
                let name = String::from_utf8_lossy(name).to_ascii_lowercase();
                let value = String::from_utf8_lossy(value);
                match headers.get_item(&name)? {
                    Some(known) => headers.set_item(&name, format!("{known}, {value}"))?,
                    None => headers.set_item(&name, value)?,
                }
            }
            Ok(headers.unbind())
        })?;
        Ok(headers.bind(py).clone())
    }

    /// Why there was no answer, in words; None where there was one.
    #[getter]
    fn error(&self) -> Option<String> {
        self.reply.failure.as_ref().map(ToString::to_string)
    }

    /// k6's error code; 0 where there was an answer below 400.
    #[getter]
    fn error_code(&self) -> u16 {
        match &self.reply.failure {
            Some(failure) => failure.code(),
            None => tonnage_engine::http::status_error_code(self.reply.status).unwrap_or(0),
        }
    }

    /// Whether the body was cut at the limit of what is kept.
    #[getter]
    fn truncated(&self) -> bool {
        self.reply.response.as_ref().is_some_and(|response| response.truncated)
    }

    /// Parts of the time in milliseconds, by k6's names.
    #[getter]
    fn timings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let at = &self.reply.instants;
        let timings = PyDict::new(py);
        let dialled = at.connected > 0;
        for (name, value) in [
            ("duration", Self::milliseconds(at.ready, at.done)),
            ("blocked", Self::milliseconds(at.call, at.ready)),
            ("looking_up", if dialled { Self::milliseconds(at.resolve, at.connect) } else { 0.0 }),
            ("connecting", Self::milliseconds(at.connect, at.connected)),
            ("tls_handshaking", if dialled { Self::milliseconds(at.connected, at.ready) } else { 0.0 }),
            ("sending", Self::milliseconds(at.ready, at.sent)),
            ("waiting", Self::milliseconds(at.sent, at.first_byte)),
            ("receiving", Self::milliseconds(at.first_byte, at.done)),
        ] {
            timings.set_item(name, value)?;
        }
        Ok(timings)
    }

    /// Seconds from the request being sent to the last byte.
    #[getter]
    fn elapsed(&self) -> f64 {
        Self::milliseconds(self.reply.instants.ready, self.reply.instants.done) / 1e3
    }

    fn __repr__(&self) -> String {
        format!("<Response {}>", self.reply.status)
    }
}
