//! Requests: counts, both latencies, errors, and the parts of the time.

use super::label::{Label, LabelId, Labels, Tags};
use crate::histogram::Trend;
use crate::window::WindowWriter;

/// How a request ended, as far as its latency is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A complete response of any status: its latencies are exact.
    Answered,
    /// Given up at its time-out: it lasted at least this long.
    TimedOut,
    /// Cut off by the end of the run: it lasted at least this long, and is no failure of the system.
    Interrupted,
    /// Refused, reset, broken: its time says nothing about answers.
    Failed,
    /// Due, but never started: only the response time is known, from below.
    NotStarted,
}

/// The hook outside of scenarios that a request belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    Setup,
    Teardown,
}

impl Hook {
    /// Its name as a group, as k6 writes it.
    pub fn group(self) -> &'static str {
        match self {
            Hook::Setup => "::setup",
            Hook::Teardown => "::teardown",
        }
    }
}

/// What is kept of one request; times in ns.
#[derive(Clone, Copy, Debug)]
pub struct RequestSample {
    pub scenario: u16,
    pub label: LabelId,
    pub status: u16,
    /// k6's error code; 0 where there is none.
    pub code: u16,
    /// Whether the status is one that was expected.
    pub expected: bool,
    pub hook: Option<Hook>,
    pub fate: Fate,
    pub duration: u64,
    pub response_time: u64,
}

impl RequestSample {
    /// All that tells slots of one label apart, in one comparable number.
    fn key(&self) -> u64 {
        u64::from(self.scenario) << 48
            | u64::from(self.status) << 32
            | u64::from(self.code) << 16
            | (self.fate as u64) << 3
            | u64::from(self.expected) << 2
            | self.hook.map_or(0, |hook| 1 + hook as u64)
    }
}

/// The parts of an answered request's time, ns.
#[derive(Clone, Copy, Debug, Default)]
pub struct Phases {
    pub blocked: u64,
    pub dns: u64,
    pub connecting: u64,
    pub tls: u64,
    pub sending: u64,
    pub waiting: u64,
    pub receiving: u64,
}

struct RequestSlot {
    tags: String,
    fate: Fate,
    expected: bool,
    /// Whether it stands for series beyond the cap.
    beyond: bool,
    n: u64,
    duration: Trend,
    response_time: Trend,
}

const PHASES: [&str; 7] = [
    "http_req_blocked",
    "http_req_dns",
    "http_req_connecting",
    "http_req_tls_handshaking",
    "http_req_sending",
    "http_req_waiting",
    "http_req_receiving",
];

struct PhaseSlot {
    tags: String,
    trends: [Trend; 7],
}

/// All request slots of the current window.
pub(crate) struct Requests {
    bases: Vec<Vec<(String, String)>>,
    slots: Vec<RequestSlot>,
    phases: Vec<PhaseSlot>,
    limit: usize,
}

impl Requests {
    pub fn new(bases: Vec<Vec<(String, String)>>, limit: usize) -> Self {
        Self { bases, slots: Vec::new(), phases: Vec::new(), limit }
    }

    /// The encoded tags of a scenario with some more.
    pub fn tags_with(&self, scenario: u16, more: &[(&str, &str)]) -> String {
        Tags::from_pairs(&self.bases[scenario as usize]).with(more).encode()
    }

    #[inline]
    pub fn record(&mut self, labels: &mut Labels, sample: &RequestSample, phases: Option<&Phases>) {
        let key = sample.key();
        let label = labels.get_mut(sample.label);
        let slot = match label.slots.iter().find(|(known, _)| *known == key) {
            Some((_, slot)) => *slot,
            None => self.slot(labels, sample, key),
        };
        self.slots[slot as usize].record(sample);
        if let Some(phases) = phases {
            let label = labels.get_mut(sample.label);
            let slot = match label.phases.iter().find(|(scenario, _)| *scenario == sample.scenario) {
                Some((_, slot)) => *slot,
                None => self.phase_slot(label, sample.scenario),
            };
            self.phases[slot as usize].record(phases);
        }
    }

    #[cold]
    fn slot(&mut self, labels: &mut Labels, sample: &RequestSample, key: u64) -> u32 {
        let mut id = sample.label;
        if self.slots.len() >= self.limit {
            let label = labels.get_mut(id);
            let (name, method, tags) = (label.name.clone(), label.method.clone(), label.tags.clone());
            id = labels.reduced(&name, &method, &tags);
            let reduced = labels.get_mut(id);
            if let Some((_, slot)) = reduced.slots.iter().find(|(known, _)| *known == key) {
                let slot = *slot;
                labels.get_mut(sample.label).slots.push((key, slot));
                return slot;
            }
        }
        let slot = self.slots.len() as u32;
        let label = labels.get_mut(id);
        let (tags, beyond) = (self.tags(label, sample), label.beyond || id != sample.label);
        self.slots.push(RequestSlot {
            tags,
            fate: sample.fate,
            expected: sample.expected,
            beyond,
            n: 0,
            duration: Trend::new(),
            response_time: Trend::new(),
        });
        labels.get_mut(id).slots.push((key, slot));
        if id != sample.label {
            labels.get_mut(sample.label).slots.push((key, slot));
        }
        slot
    }

    fn tags(&self, label: &Label, sample: &RequestSample) -> String {
        let mut tags = Tags::from_pairs(&self.bases[sample.scenario as usize]);
        for (name, value) in label.tags.iter() {
            tags.set(name, value);
        }
        tags.set("name", &label.name);
        if sample.fate == Fate::NotStarted {
            return tags.with(&[("censored", "true")]).encode();
        }
        tags.set("method", &label.method);
        tags.set("status", &sample.status.to_string());
        tags.set("expected_response", if sample.expected { "true" } else { "false" });
        if sample.code != 0 {
            tags.set("error_code", &sample.code.to_string());
        }
        if let Some(hook) = sample.hook {
            tags.set("group", hook.group());
        }
        if matches!(sample.fate, Fate::TimedOut | Fate::Interrupted) {
            tags.set("censored", "true");
        }
        tags.encode()
    }

    #[cold]
    fn phase_slot(&mut self, label: &mut Label, scenario: u16) -> u32 {
        let tags = self.tags_with(scenario, &[("name", &label.name)]);
        let slot = match self.phases.iter().position(|slot| slot.tags == tags) {
            Some(slot) => slot,
            None => {
                self.phases.push(PhaseSlot { tags, trends: Default::default() });
                self.phases.len() - 1
            }
        } as u32;
        label.phases.push((scenario, slot));
        slot
    }

    /// Samples of this window whose series was beyond the cap.
    pub fn overflow(&self) -> u64 {
        self.slots.iter().filter(|slot| slot.beyond).map(|slot| slot.n).sum()
    }

    pub fn write_counters(&self, out: &mut WindowWriter) {
        for slot in self.slots.iter().filter(|slot| slot.n > 0) {
            let n = i128::from(slot.n);
            // An interrupted request has not completed, one that never started was not made: neither is counted.
            if matches!(slot.fate, Fate::Interrupted | Fate::NotStarted) {
                continue;
            }
            out.counter("http_reqs", &slot.tags, n);
            out.counter("http_req_failed/total", &slot.tags, n);
            if !slot.expected {
                out.counter("http_req_failed/hits", &slot.tags, n);
            }
            if matches!(slot.fate, Fate::TimedOut | Fate::Failed) {
                out.counter("http_req_errors", &slot.tags, n);
            }
        }
    }

    pub fn write_trends(&self, out: &mut WindowWriter) {
        for slot in self.slots.iter().filter(|slot| slot.n > 0) {
            if slot.fate == Fate::Failed {
                out.trend("http_req_error_duration", &slot.tags, &slot.duration);
            } else {
                out.trend("http_req_duration", &slot.tags, &slot.duration);
                out.trend("http_req_response_time", &slot.tags, &slot.response_time);
            }
        }
        for slot in &self.phases {
            for (metric, trend) in PHASES.iter().zip(&slot.trends) {
                out.trend(metric, &slot.tags, trend);
            }
        }
    }

    pub fn clear(&mut self) {
        for slot in self.slots.iter_mut().filter(|slot| slot.n > 0) {
            slot.n = 0;
            slot.duration.clear();
            slot.response_time.clear();
        }
        for slot in &mut self.phases {
            slot.trends.iter_mut().for_each(Trend::clear);
        }
    }
}

impl RequestSlot {
    #[inline]
    fn record(&mut self, sample: &RequestSample) {
        self.n += 1;
        if sample.fate != Fate::NotStarted {
            self.duration.record(sample.duration as i64);
        }
        if sample.fate != Fate::Failed {
            self.response_time.record(sample.response_time as i64);
        }
    }
}

impl PhaseSlot {
    #[inline]
    fn record(&mut self, phases: &Phases) {
        let values = [
            phases.blocked,
            phases.dns,
            phases.connecting,
            phases.tls,
            phases.sending,
            phases.waiting,
            phases.receiving,
        ];
        for (trend, value) in self.trends.iter_mut().zip(values) {
            trend.record(value as i64);
        }
    }
}
