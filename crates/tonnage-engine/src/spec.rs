//! The part of a Plan that the engine acts on, in the form in which it crosses from Python: JSON.
//!
//! Times are seconds, as everywhere in a Plan; they become nanoseconds where the engine uses them. Fields that the
//! engine does not act on (limits, thresholds' expressions, trend statistics) are not read here.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What the engine needs to know of a Plan.
#[derive(Clone, Debug, Deserialize)]
pub struct Spec {
    pub scenarios: Vec<Scenario>,
    #[serde(default)]
    pub thresholds: Vec<Selector>,
    #[serde(default)]
    pub metrics: Vec<CustomMetric>,
    pub http: Http,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    #[serde(default = "default_series_limit")]
    pub series_limit: usize,
}

fn default_series_limit() -> usize {
    2000
}

/// One scenario: who runs, when, and how late arrivals are treated.
#[derive(Clone, Debug, Deserialize)]
pub struct Scenario {
    pub name: String,
    pub executor: Executor,
    #[serde(default)]
    pub start_time: f64,
    #[serde(default = "default_graceful_stop")]
    pub graceful_stop: f64,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    #[serde(default)]
    pub late: Late,
}

fn default_graceful_stop() -> f64 {
    30.0
}

/// What happens to an arrival that finds no idle VU while no more may be created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Late {
    /// It waits, first in first out; its wait is charged to the response time.
    #[default]
    Queue,
    /// It is dropped and counted, as k6 does.
    Drop,
}

/// A target that is reached linearly over a duration.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Stage {
    pub duration: f64,
    pub target: f64,
}

/// k6's executors, by k6's names.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Executor {
    ConstantVus { vus: u32, duration: f64 },
    RampingVus { start_vus: u32, stages: Vec<Stage>, graceful_ramp_down: f64 },
    SharedIterations { vus: u32, iterations: u64, max_duration: f64 },
    PerVuIterations { vus: u32, iterations: u64, max_duration: f64 },
    ConstantArrivalRate { rate: f64, time_unit: f64, duration: f64, pre_allocated_vus: u32, max_vus: u32 },
    RampingArrivalRate { start_rate: f64, time_unit: f64, stages: Vec<Stage>, pre_allocated_vus: u32, max_vus: u32 },
}

/// The series that a threshold reads; they are kept beyond the cap on series.
#[derive(Clone, Debug, Deserialize)]
pub struct Selector {
    pub metric: String,
    #[serde(default)]
    pub selector: BTreeMap<String, String>,
}

/// A metric that the script declares.
#[derive(Clone, Debug, Deserialize)]
pub struct CustomMetric {
    pub name: String,
    pub kind: MetricKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricKind {
    Counter,
    Gauge,
    Rate,
    Trend,
}

/// How requests are made unless a request says otherwise.
#[derive(Clone, Debug, Deserialize)]
pub struct Http {
    /// Seconds after which a request is given up.
    #[serde(default = "default_timeout")]
    pub timeout: f64,
    #[serde(default = "default_max_redirects")]
    pub max_redirects: u32,
    #[serde(default)]
    pub insecure: bool,
    /// Hosts (`name` or `name:port`) that may be loaded; empty means any but link-local ones.
    #[serde(default)]
    pub targets: Vec<String>,
    #[serde(default)]
    pub discard_bodies: bool,
    #[serde(default)]
    pub debug: Debug,
    #[serde(default)]
    pub no_connection_reuse: bool,
    /// A PEM file of authorities that are trusted beside the system's.
    #[serde(default)]
    pub ca_file: Option<String>,
}

fn default_timeout() -> f64 {
    30.0
}

fn default_max_redirects() -> u32 {
    10
}

/// What of each exchange is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Debug {
    #[default]
    Off,
    Headers,
    Full,
}

impl Spec {
    /// Reads the JSON of a Plan; the message says which field is wrong.
    pub fn from_json(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("the plan cannot be read by the engine: {error}"))
    }
}
