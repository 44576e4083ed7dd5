//! `vu.http`: requests as scripts write them, and what a coroutine yields to ask for one.

use std::ops::RangeInclusive;
use std::sync::{Arc, OnceLock};

use pyo3::exceptions::{PyStopIteration, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use serde::Deserialize;
use tonnage_engine::clock::nanoseconds;
use tonnage_engine::http::request::basic_credentials;
use tonnage_engine::http::{form_encode, query_append, Head, Prepared, Target};
use tonnage_engine::vu::{Expected, Request};
use url::Url;

use crate::desk::{tags_of, Desk, Ready};

/// A request that waits to be made: `await` it.
#[pyclass(frozen, freelist = 256, module = "tonnage._engine")]
pub struct Pending {
    pub ready: Arc<Ready>,
}

#[pymethods]
impl Pending {
    fn __await__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    /// Yields itself to the engine.
    fn __next__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    /// Ends the wait with the response.
    fn send(slf: Bound<'_, Self>, value: Py<PyAny>) -> PyResult<Bound<'_, Self>> {
        if value.is_none(slf.py()) {
            return Ok(slf);
        }
        Err(PyStopIteration::new_err(value))
    }
}

/// A pause that waits to be made: `await` it.
#[pyclass(frozen, module = "tonnage._engine")]
pub struct Sleep {
    pub seconds: f64,
    asked: OnceLock<()>,
}

#[pymethods]
impl Sleep {
    #[new]
    fn new(seconds: f64) -> PyResult<Self> {
        if !seconds.is_finite() || seconds < 0.0 {
            return Err(PyValueError::new_err(format!("a VU cannot sleep {seconds} s: a number from 0 on is needed")));
        }
        Ok(Self { seconds, asked: OnceLock::new() })
    }

    fn __await__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    /// Yields itself to the engine once, then ends.
    fn __next__(slf: Bound<'_, Self>) -> Option<Bound<'_, Self>> {
        slf.get().asked.set(()).is_ok().then_some(slf)
    }
}

/// What the plan says about requests.
#[derive(Deserialize)]
struct PlanOfRequests {
    http: Defaults,
    request: Option<WholeRun>,
}

#[derive(Deserialize)]
struct Defaults {
    base_url: Option<String>,
    user_agent: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
}

/// The one request of a run without a script.
#[derive(Deserialize)]
struct WholeRun {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    body: Option<String>,
}

/// Makes requests: `await vu.http.get("/items", name="list items")`.
#[pyclass(frozen, module = "tonnage._engine")]
pub struct Http {
    desk: Arc<Desk>,
    plan: PlanOfRequests,
    base: Option<Url>,
}

/// What a request may say beside method, URL and name.
#[derive(Default)]
struct Options<'py> {
    params: Option<Bound<'py, PyDict>>,
    headers: Option<Bound<'py, PyDict>>,
    json: Option<Bound<'py, PyAny>>,
    data: Option<Bound<'py, PyAny>>,
    cookies: Option<Bound<'py, PyDict>>,
    auth: Option<(String, String)>,
    timeout: Option<f64>,
    redirects: Option<u32>,
    tags: Option<Bound<'py, PyDict>>,
    expect: Option<Bound<'py, PyAny>>,
}

impl<'py> Options<'py> {
    /// Reads the keyword arguments of a call; None counts as not given.
    fn read(given: &Bound<'py, PyDict>) -> PyResult<Self> {
        let mut options = Self::default();
        for (key, value) in given {
            if value.is_none() {
                continue;
            }
            match key.cast::<PyString>()?.to_str()? {
                "params" => options.params = Some(value.cast_into()?),
                "headers" => options.headers = Some(value.cast_into()?),
                "json" => options.json = Some(value),
                "data" => options.data = Some(value),
                "cookies" => options.cookies = Some(value.cast_into()?),
                "auth" => options.auth = Some(value.extract()?),
                "timeout" => options.timeout = Some(value.extract()?),
                "redirects" => options.redirects = Some(value.extract()?),
                "tags" => options.tags = Some(value.cast_into()?),
                "expect" => options.expect = Some(value),
                unknown => {
                    return Err(PyTypeError::new_err(format!(
                        "a request has no option {unknown}; it has name, params, headers, json, data, cookies, auth, \
                         timeout, redirects, tags and expect"
                    )))
                }
            }
        }
        Ok(options)
    }
}

impl Http {
    pub fn new(desk: Arc<Desk>, plan: &str) -> PyResult<Self> {
        let plan: PlanOfRequests = serde_json::from_str(plan)
            .map_err(|error| PyValueError::new_err(format!("the plan's requests cannot be read: {error}")))?;
        let base = plan.http.base_url.as_deref().map(Url::parse).transpose();
        let base = base.map_err(|error| PyValueError::new_err(format!("the base URL cannot be read: {error}")))?;
        Ok(Self { desk, plan, base })
    }

    /// The request of a URL run.
    pub fn whole_run_request(&self) -> PyResult<(Request, String)> {
        let run = self.plan.request.as_ref().ok_or_else(|| PyValueError::new_err("the plan has no request"))?;
        let body = run.body.as_ref().map(|body| body.clone().into_bytes());
        let prepared = self.prepare(&run.method, &run.url, &run.headers, body)?;
        let request = Request {
            prepared: Arc::new(prepared),
            label: 0,
            timeout: None,
            max_redirects: None,
            expected: Expected::Success,
            keep: false,
        };
        Ok((request, run.url.clone()))
    }

    fn prepare(
        &self,
        method: &str,
        url: &str,
        headers: &[(String, String)],
        body: Option<Vec<u8>>,
    ) -> PyResult<Prepared> {
        let target = Target::parse(url, self.base.as_ref()).map_err(value_error)?;
        let mut all: Vec<(String, String)> = Vec::new();
        if let Some(agent) = &self.plan.http.user_agent {
            all.push(("User-Agent".into(), agent.clone()));
        }
        for (name, value) in self.plan.http.headers.iter().chain(headers) {
            all.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            all.push((name.clone(), value.clone()));
        }
        let head = Head { method: method.to_string(), headers: all, accept_encoding: false };
        Prepared::new(Arc::new(target), &head, body.as_deref()).map_err(value_error)
    }

    fn pending(
        &self,
        method: &'static str,
        url: &Bound<'_, PyString>,
        name: Option<&Bound<'_, PyString>>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Pending> {
        let text = |options: &Options<'_>| {
            let name = name.map(|name| name.to_str()).transpose()?;
            self.ready(method, url.to_str()?, name, options)
        };
        let ready = match options.filter(|options| !options.is_empty()) {
            None => self.desk.ready(method, url, name, || text(&Options::default()))?,
            Some(options) => Arc::new(text(&Options::read(options)?)?),
        };
        Ok(Pending { ready })
    }

    fn ready(&self, method: &str, url: &str, name: Option<&str>, options: &Options<'_>) -> PyResult<Ready> {
        let mut headers: Vec<(String, String)> = Vec::new();
        let body = body_of(options, &mut headers)?;
        for (name, value) in pairs(options.headers.as_ref())? {
            headers.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
            headers.push((name, value));
        }
        let cookies = pairs(options.cookies.as_ref())?;
        if !cookies.is_empty() {
            let line: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            headers.push(("Cookie".into(), line.join("; ")));
        }
        if let Some((user, password)) = &options.auth {
            headers.push(("Authorization".into(), basic_credentials(user.as_bytes(), password.as_bytes())));
        }
        let params = pairs(options.params.as_ref())?;
        let full = if params.is_empty() { url.to_string() } else { query_append(url, params) };
        Ok(Ready {
            prepared: Arc::new(self.prepare(method, &full, &headers, body)?),
            name: name.unwrap_or(url).to_string(),
            tags: tags_of(options.tags.as_ref())?,
            expected: options.expect.as_ref().map_or(Ok(Expected::Success), expected)?,
            timeout: options.timeout.map(nanoseconds),
            max_redirects: options.redirects,
            label: OnceLock::new(),
        })
    }
}

macro_rules! verbs {
    ($($verb:ident => $method:literal),*) => {
        #[pymethods]
        impl Http {
            $(
                #[pyo3(signature = (url, *, name = None, **options))]
                fn $verb(
                    &self,
                    url: &Bound<'_, PyString>,
                    name: Option<&Bound<'_, PyString>>,
                    options: Option<&Bound<'_, PyDict>>,
                ) -> PyResult<Pending> {
                    self.pending($method, url, name, options)
                }
            )*

            /// Any other method.
            #[pyo3(signature = (method, url, *, name = None, **options))]
            fn request(
                &self,
                method: &str,
                url: &Bound<'_, PyString>,
                name: Option<&Bound<'_, PyString>>,
                options: Option<&Bound<'_, PyDict>>,
            ) -> PyResult<Pending> {
                $( if method.eq_ignore_ascii_case($method) { return self.pending($method, url, name, options); } )*
                let options = options.map(Options::read).transpose()?.unwrap_or_default();
                let name = name.map(|name| name.to_str()).transpose()?;
                Ok(Pending { ready: Arc::new(self.ready(method, url.to_str()?, name, &options)?) })
            }
        }
    };
}

verbs!(get => "GET", post => "POST", put => "PUT", patch => "PATCH", delete => "DELETE", head => "HEAD", options => "OPTIONS");

fn value_error(error: impl ToString) -> PyErr {
    PyValueError::new_err(error.to_string())
}

fn pairs(dict: Option<&Bound<'_, PyDict>>) -> PyResult<Vec<(String, String)>> {
    let Some(dict) = dict else { return Ok(Vec::new()) };
    dict.iter().map(|(name, value)| Ok((name.str()?.to_string(), value.str()?.to_string()))).collect()
}

/// The body and the header that names its type: JSON, a form, text or bytes.
fn body_of(options: &Options<'_>, headers: &mut Vec<(String, String)>) -> PyResult<Option<Vec<u8>>> {
    if let Some(json) = &options.json {
        if options.data.is_some() {
            return Err(PyTypeError::new_err("a request has one body: give json or data, not both"));
        }
        let text: String = json.py().import("json")?.call_method1("dumps", (json,))?.extract()?;
        headers.push(("Content-Type".into(), "application/json".into()));
        return Ok(Some(text.into_bytes()));
    }
    let Some(data) = &options.data else { return Ok(None) };
    if let Ok(bytes) = data.cast::<PyBytes>() {
        return Ok(Some(bytes.as_bytes().to_vec()));
    }
    if let Ok(text) = data.cast::<PyString>() {
        return Ok(Some(text.to_str()?.as_bytes().to_vec()));
    }
    if let Ok(form) = data.cast::<PyDict>() {
        headers.push(("Content-Type".into(), "application/x-www-form-urlencoded".into()));
        return Ok(Some(form_encode(pairs(Some(form))?).into_bytes()));
    }
    Err(PyTypeError::new_err("data is bytes, a text, or a dict that is sent as a form"))
}

/// Statuses that count as success: a number, or a list of numbers and (first, last) pairs.
fn expected(given: &Bound<'_, PyAny>) -> PyResult<Expected> {
    let one = |item: &Bound<'_, PyAny>| -> PyResult<RangeInclusive<u16>> {
        match item.extract::<u16>() {
            Ok(status) => Ok(status..=status),
            Err(_) => item
                .extract::<(u16, u16)>()
                .map(|(first, last)| first..=last)
                .map_err(|_| PyTypeError::new_err("expect is a status, or a list of statuses and (first, last) pairs")),
        }
    };
    if let Ok(range) = one(given) {
        return Ok(Expected::OneOf([range].into()));
    }
    let ranges = given.try_iter()?.map(|item| one(&item?)).collect::<PyResult<Vec<_>>>()?;
    Ok(Expected::OneOf(ranges.into()))
}
