//! Everything that is measured, from samples to one window a second.
//!
//! Samples are recorded on the engine's thread into slots; a slot holds all that is kept of one combination of tags,
//! so that a request finds its histograms with one look-up. Each second the slots become one window and are cleared.
//! What a series costs is what it uses: slots and histogram pages appear on their first hit.

mod custom;
mod label;
mod request;

use crate::clock::SECOND;
use crate::histogram::Trend;
use crate::spec::Spec;
use crate::window::{Span, WindowWriter};

pub use custom::CustomId;
pub use label::{LabelId, Tags};
pub use request::{Fate, Hook, Phases, RequestSample};

use custom::Customs;
use label::Labels;
use request::Requests;

/// Why an iteration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IterationEnd {
    Complete,
    /// The script raised; k6 counts such an iteration as complete, and so do we, beside the count of errors.
    Raised,
    Interrupted,
}

/// Counts and times of one scenario within the current window.
#[derive(Default)]
struct ScenarioSlot {
    tags: String,
    begun: u64,
    iterations: u64,
    interrupted: u64,
    due: u64,
    started: u64,
    dropped: u64,
    sent: u64,
    received: u64,
    duration: Trend,
    vu_wait: Trend,
    lag: Trend,
}

/// A gauge of the engine: its last value and its extremes within the window.
#[derive(Clone, Copy)]
pub(crate) struct Gauge {
    at: u64,
    last: f64,
    min: f64,
    max: f64,
}

impl Gauge {
    pub(crate) fn new(at: u64, value: f64) -> Self {
        Self { at, last: value, min: value, max: value }
    }

    pub(crate) fn set(&mut self, at: u64, value: f64) {
        *self = Self { at, last: value, min: self.min.min(value), max: self.max.max(value) };
    }

    /// Begins a window with the value that the last one ended with.
    fn restart(&mut self) {
        self.min = self.last;
        self.max = self.last;
    }

    fn values(&self, released: u64) -> [f64; 4] {
        let at = (self.at as f64 - released as f64) / SECOND as f64;
        [at, self.last, self.min, self.max]
    }
}

/// Slots of the current window, and the rules of which series are kept.
pub struct Recorder {
    generator: u32,
    epoch: u64,
    released: Option<u64>,
    window: i64,
    labels: Labels,
    requests: Requests,
    customs: Customs,
    scenarios: Vec<ScenarioSlot>,
    errors: Vec<(u16, String, u64)>,
    vus: Gauge,
    vus_max: Gauge,
    ports: Gauge,
    loop_lag: Trend,
    script_lag: Trend,
    reconnects: u64,
}

impl Recorder {
    pub fn new(spec: &Spec, generator: u32, epoch: u64) -> Self {
        let scenarios = spec.scenarios.iter().map(|scenario| {
            let mut tags = spec.tags.clone();
            tags.extend(scenario.tags.clone());
            tags.insert("scenario".into(), scenario.name.clone());
            tags.into_iter().collect::<Vec<_>>()
        });
        // The last slot is the run's own: setup, teardown and whatever belongs to no scenario.
        let run_tags = spec.tags.clone().into_iter().collect::<Vec<_>>();
        let bases: Vec<Vec<(String, String)>> = scenarios.chain([run_tags]).collect();
        let slots = bases
            .iter()
            .map(|base| ScenarioSlot { tags: Tags::from_pairs(base).encode(), ..ScenarioSlot::default() })
            .collect();
        Self {
            generator,
            epoch,
            released: None,
            window: -1,
            labels: Labels::new(&spec.thresholds, spec.series_limit),
            requests: Requests::new(bases.clone(), spec.series_limit),
            customs: Customs::new(spec, bases),
            scenarios: slots,
            errors: Vec::new(),
            vus: Gauge::new(0, 0.0),
            vus_max: Gauge::new(0, 0.0),
            ports: Gauge::new(0, 0.0),
            loop_lag: Trend::new(),
            script_lag: Trend::new(),
            reconnects: 0,
        }
    }

    /// The instant from which time counts; what was recorded before it stays in the window that starts at -1.
    pub fn release(&mut self, now: u64) -> Vec<u8> {
        let before = self.snapshot();
        self.released = Some(now);
        self.window = 0;
        before
    }

    /// The instant at which the current window ends.
    pub fn boundary(&self) -> u64 {
        match self.released {
            Some(released) => released + (self.window as u64 + 1) * SECOND,
            None => u64::MAX,
        }
    }

    /// Ends the current window; the caller makes sure that its end has come, or that the run has ended.
    pub fn snapshot(&mut self) -> Vec<u8> {
        let span = Span { generator: self.generator, epoch: self.epoch, start: self.window, length: 1 };
        let mut out = WindowWriter::new(span);
        self.write_counters(&mut out);
        out.next_part();
        self.write_gauges(&mut out);
        out.next_part();
        self.write_trends(&mut out);
        self.window += 1;
        self.clear();
        out.finish()
    }

    fn write_counters(&self, out: &mut WindowWriter) {
        for slot in &self.scenarios {
            for (metric, value) in [
                ("iterations_started", slot.begun),
                ("iterations", slot.iterations),
                ("iterations_interrupted", slot.interrupted),
                ("arrivals_due", slot.due),
                ("arrivals_started", slot.started),
                ("dropped_iterations", slot.dropped),
                ("data_sent", slot.sent),
                ("data_received", slot.received),
            ] {
                out.counter(metric, &slot.tags, i128::from(value));
            }
        }
        for (scenario, kind, n) in &self.errors {
            let tags = self.requests.tags_with(*scenario, &[("kind", kind)]);
            out.counter("iteration_errors", &tags, i128::from(*n));
        }
        out.counter("http_reconnects", "", i128::from(self.reconnects));
        out.counter("series_overflow", "", i128::from(self.requests.overflow() + self.customs.overflow));
        self.requests.write_counters(out);
        self.customs.write_counters(out);
    }

    fn write_gauges(&self, out: &mut WindowWriter) {
        let tags = Tags::from_pairs(&[("generator".into(), self.generator.to_string())]).encode();
        let released = self.released.unwrap_or_default();
        out.gauge("vus", &tags, self.vus.values(released));
        out.gauge("vus_max", &tags, self.vus_max.values(released));
        out.gauge("generator_ports", &tags, self.ports.values(released));
        self.customs.write_gauges(out, self.generator, released);
    }

    fn write_trends(&self, out: &mut WindowWriter) {
        for slot in &self.scenarios {
            out.trend("iteration_duration", &slot.tags, &slot.duration);
            out.trend("arrival_vu_wait", &slot.tags, &slot.vu_wait);
            out.trend("arrival_lag", &slot.tags, &slot.lag);
        }
        out.trend("generator_loop_lag", "", &self.loop_lag);
        out.trend("generator_script_lag", "", &self.script_lag);
        self.requests.write_trends(out);
        self.customs.write_trends(out);
    }

    fn clear(&mut self) {
        for slot in &mut self.scenarios {
            for trend in [&mut slot.duration, &mut slot.vu_wait, &mut slot.lag] {
                trend.clear();
            }
            let kept = std::mem::take(slot);
            *slot = ScenarioSlot {
                tags: kept.tags,
                duration: kept.duration,
                vu_wait: kept.vu_wait,
                lag: kept.lag,
                ..ScenarioSlot::default()
            };
        }
        self.errors.clear();
        self.vus.restart();
        self.vus_max.restart();
        self.ports.restart();
        self.loop_lag.clear();
        self.script_lag.clear();
        self.reconnects = 0;
        self.requests.clear();
        self.customs.clear();
    }

    /// The label of requests with this name, method and tags; beyond the cap the one of `(other)`.
    pub fn label(&mut self, name: &str, method: &str, tags: &Tags) -> LabelId {
        self.labels.intern(name, method, tags)
    }

    /// Records one request. About 60 ns for an answered one: one comparison of a cached key and nine histograms.
    #[inline]
    pub fn request(&mut self, sample: &RequestSample, phases: Option<&Phases>) {
        self.requests.record(&mut self.labels, sample, phases);
    }

    pub fn traffic(&mut self, scenario: u16, sent: u64, received: u64) {
        let slot = &mut self.scenarios[scenario as usize];
        slot.sent += sent;
        slot.received += received;
    }

    pub fn reconnect(&mut self) {
        self.reconnects += 1;
    }

    pub fn arrivals_due(&mut self, scenario: u16, n: u64) {
        self.scenarios[scenario as usize].due += n;
    }

    pub fn arrivals_dropped(&mut self, scenario: u16, n: u64) {
        self.scenarios[scenario as usize].dropped += n;
    }

    /// An arrival that was started, late by the wait for a VU and by the generator's own lag.
    pub fn arrival_started(&mut self, scenario: u16, vu_wait: u64, lag: u64) {
        let slot = &mut self.scenarios[scenario as usize];
        slot.started += 1;
        slot.vu_wait.record(vu_wait as i64);
        slot.lag.record(lag as i64);
    }

    pub fn iteration_begun(&mut self, scenario: u16) {
        self.scenarios[scenario as usize].begun += 1;
    }

    pub fn iteration(&mut self, scenario: u16, end: IterationEnd, duration: u64) {
        let slot = &mut self.scenarios[scenario as usize];
        if end == IterationEnd::Interrupted {
            slot.interrupted += 1;
        } else {
            slot.iterations += 1;
            slot.duration.record(duration as i64);
        }
    }

    /// An exception of the script, by kind.
    pub fn iteration_error(&mut self, scenario: u16, kind: &str) {
        match self.errors.iter_mut().find(|(of, known, _)| *of == scenario && known == kind) {
            Some((_, _, n)) => *n += 1,
            None => self.errors.push((scenario, kind.to_string(), 1)),
        }
    }

    /// The slot of a check; `checked` records in it.
    pub fn check(&mut self, scenario: u16, name: &str, group: &str) -> usize {
        self.customs.check(scenario, name, group)
    }

    #[inline]
    pub fn checked(&mut self, slot: usize, passed: bool) {
        self.customs.checked(slot, passed);
    }

    pub fn custom(&mut self, scenario: u16, metric: CustomId, value: f64, tags: &Tags, now: u64) {
        self.customs.record(scenario, metric, value, tags, now);
    }

    /// A VU has become active: the most within a window are seen also where a second ends with fewer.
    #[inline]
    pub fn active(&mut self, now: u64, active: usize) {
        self.vus.set(now, active as f64);
    }

    /// Connections that are open, each of which takes a local port.
    pub fn ports(&mut self, now: u64, open: usize) {
        self.ports.set(now, open as f64);
    }

    pub fn vus(&mut self, now: u64, active: usize, initialised: usize) {
        self.vus.set(now, active as f64);
        self.vus_max.set(now, initialised as f64);
    }

    pub fn loop_lag(&mut self, lag: u64) {
        self.loop_lag.record(lag as i64);
    }

    pub fn script_lag(&mut self, lag: u64) {
        self.script_lag.record(lag as i64);
    }

    /// The index of what belongs to no scenario: setup and teardown.
    pub fn outside(&self) -> u16 {
        (self.scenarios.len() - 1) as u16
    }
}
