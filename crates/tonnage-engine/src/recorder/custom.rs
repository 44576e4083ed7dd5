//! Checks and the metrics that a script declares.

use std::collections::HashMap;

use super::label::{Tags, OTHER};
use super::Gauge;
use crate::histogram::Trend;
use crate::spec::{CustomMetric, MetricKind};
use crate::window::WindowWriter;

/// The index of a declared metric, in the order of the Plan.
pub type CustomId = u16;

/// Custom Trends keep three decimals, other sums nine; window.rs and the catalogue say so too.
const TREND_STEPS: f64 = 1e3;
const SUM_STEPS: f64 = 1e9;

enum Value {
    Counter(i128),
    Rate { hits: u64, total: u64 },
    Trend(Trend),
    Gauge(Option<Gauge>),
}

struct Slot {
    metric: CustomId,
    tags: String,
    value: Value,
}

struct CheckSlot {
    tags: String,
    hits: u64,
    total: u64,
}

pub(crate) struct Customs {
    metrics: Vec<CustomMetric>,
    bases: Vec<Vec<(String, String)>>,
    limit: usize,
    index: HashMap<(u16, CustomId, Tags), usize>,
    slots: Vec<Slot>,
    check_index: HashMap<(u16, String), Vec<(String, usize)>>,
    checks: Vec<CheckSlot>,
    pub overflow: u64,
}

impl Customs {
    pub fn new(metrics: &[CustomMetric], bases: Vec<Vec<(String, String)>>, limit: usize) -> Self {
        Self {
            metrics: metrics.to_vec(),
            bases,
            limit,
            index: HashMap::new(),
            slots: Vec::new(),
            check_index: HashMap::new(),
            checks: Vec::new(),
            overflow: 0,
        }
    }

    /// The slot of a check, to be kept by whoever records often.
    pub fn check(&mut self, scenario: u16, name: &str, group: &str) -> usize {
        let known = self.check_index.get(&(scenario, name.to_string()));
        match known.and_then(|groups| groups.iter().find(|(known, _)| known == group)) {
            Some((_, slot)) => *slot,
            None => self.check_slot(scenario, name, group),
        }
    }

    #[inline]
    pub fn checked(&mut self, slot: usize, passed: bool) {
        let slot = &mut self.checks[slot];
        slot.total += 1;
        slot.hits += u64::from(passed);
    }

    fn check_slot(&mut self, scenario: u16, name: &str, group: &str) -> usize {
        if self.checks.len() >= self.limit && name != OTHER {
            self.overflow += 1;
            let other = self.check_index.get(&(scenario, OTHER.to_string())).map(|groups| groups[0].1);
            return other.unwrap_or_else(|| self.check_slot(scenario, OTHER, ""));
        }
        let mut tags = Tags::from_pairs(&self.bases[scenario as usize]).with(&[("check", name)]);
        if !group.is_empty() {
            tags.set("group", group);
        }
        self.checks.push(CheckSlot { tags: tags.encode(), hits: 0, total: 0 });
        let slot = self.checks.len() - 1;
        self.check_index.entry((scenario, name.to_string())).or_default().push((group.to_string(), slot));
        slot
    }

    pub fn record(&mut self, scenario: u16, metric: CustomId, value: f64, tags: &Tags, now: u64) {
        let key = (scenario, metric, tags.clone());
        let slot = match self.index.get(&key) {
            Some(slot) => *slot,
            None => self.slot(key),
        };
        self.slots[slot].value.record(value, now);
    }

    fn slot(&mut self, key: (u16, CustomId, Tags)) -> usize {
        let (scenario, metric, mut tags) = key.clone();
        if self.slots.iter().filter(|slot| slot.metric == metric).count() >= self.limit {
            self.overflow += 1;
            tags = Tags::default().with(&[("name", OTHER)]);
            if let Some(slot) = self.index.get(&(scenario, metric, tags.clone())) {
                return *slot;
            }
        }
        let mut all = Tags::from_pairs(&self.bases[scenario as usize]);
        for (name, value) in tags.iter() {
            all.set(name, value);
        }
        let value = match self.metrics[metric as usize].kind {
            MetricKind::Counter => Value::Counter(0),
            MetricKind::Rate => Value::Rate { hits: 0, total: 0 },
            MetricKind::Trend => Value::Trend(Trend::new()),
            MetricKind::Gauge => Value::Gauge(None),
        };
        self.slots.push(Slot { metric, tags: all.encode(), value });
        self.index.insert((scenario, metric, tags), self.slots.len() - 1);
        self.slots.len() - 1
    }

    fn name(&self, slot: &Slot) -> &str {
        &self.metrics[slot.metric as usize].name
    }

    pub fn write_counters(&self, out: &mut WindowWriter) {
        for slot in self.checks.iter().filter(|slot| slot.total > 0) {
            out.counter("checks/total", &slot.tags, i128::from(slot.total));
            out.counter("checks/hits", &slot.tags, i128::from(slot.hits));
        }
        for slot in &self.slots {
            match slot.value {
                Value::Counter(sum) => out.counter(self.name(slot), &slot.tags, sum),
                Value::Rate { hits, total } => {
                    out.counter(&format!("{}/total", self.name(slot)), &slot.tags, i128::from(total));
                    out.counter(&format!("{}/hits", self.name(slot)), &slot.tags, i128::from(hits));
                }
                _ => {}
            }
        }
    }

    pub fn write_gauges(&self, out: &mut WindowWriter, generator: u32, released: u64) {
        for slot in &self.slots {
            if let Value::Gauge(Some(gauge)) = &slot.value {
                let tags = format!("{}\x1fgenerator\x1e{generator}", slot.tags);
                out.gauge(self.name(slot), &sorted(&tags), gauge.values(released));
            }
        }
    }

    pub fn write_trends(&self, out: &mut WindowWriter) {
        for slot in &self.slots {
            if let Value::Trend(trend) = &slot.value {
                out.trend(self.name(slot), &slot.tags, trend);
            }
        }
    }

    pub fn clear(&mut self) {
        for slot in &mut self.checks {
            slot.hits = 0;
            slot.total = 0;
        }
        for slot in &mut self.slots {
            match &mut slot.value {
                Value::Counter(sum) => *sum = 0,
                Value::Rate { hits, total } => (*hits, *total) = (0, 0),
                Value::Trend(trend) => trend.clear(),
                // A gauge is written in the window in which it was set, and not again.
                Value::Gauge(gauge) => *gauge = None,
            }
        }
        self.overflow = 0;
    }
}

/// Encoded tags in the order of their names.
fn sorted(tags: &str) -> String {
    let mut parts: Vec<&str> = tags.split('\x1f').skip(1).collect();
    parts.sort_unstable();
    parts.iter().map(|part| format!("\x1f{part}")).collect()
}

impl Value {
    fn record(&mut self, value: f64, now: u64) {
        match self {
            Value::Counter(sum) => *sum += (value * SUM_STEPS).round() as i128,
            Value::Rate { hits, total } => {
                *total += 1;
                *hits += u64::from(value != 0.0);
            }
            Value::Trend(trend) => trend.record((value * TREND_STEPS).round() as i64),
            Value::Gauge(Some(gauge)) => gauge.set(now, value),
            Value::Gauge(gauge) => *gauge = Some(Gauge::new(now, value)),
        }
    }
}
