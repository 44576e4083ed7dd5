//! Checks and the metrics that a script declares.

use std::collections::HashMap;

use super::label::{Named, Tags, OTHER};
use super::Gauge;
use crate::histogram::Trend;
use crate::spec::{CustomMetric, MetricKind, Spec};
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
    /// Whether it stands for checks beyond the cap.
    beyond: bool,
    hits: u64,
    total: u64,
}

pub(crate) struct Customs {
    metrics: Vec<CustomMetric>,
    bases: Vec<Vec<(String, String)>>,
    named: Named,
    limit: usize,
    /// Series of each metric.
    series: Vec<usize>,
    index: HashMap<(u16, CustomId, Tags), usize>,
    slots: Vec<Slot>,
    check_index: HashMap<(u16, String), Vec<(String, usize)>>,
    checks: Vec<CheckSlot>,
    /// Samples of this window whose series was beyond the cap.
    pub overflow: u64,
}

impl Customs {
    pub fn new(spec: &Spec, bases: Vec<Vec<(String, String)>>) -> Self {
        Self {
            metrics: spec.metrics.clone(),
            bases,
            named: Named::new(&spec.thresholds),
            limit: spec.series_limit,
            series: vec![0; spec.metrics.len()],
            index: HashMap::new(),
            slots: Vec::new(),
            check_index: HashMap::new(),
            checks: Vec::new(),
            overflow: 0,
        }
    }

    /// The slot of a check, to be kept by whoever records often.
    pub fn check(&mut self, scenario: u16, name: &str, group: &str) -> usize {
        if let Some(slot) = self.known_check(scenario, name, group) {
            return slot;
        }
        if self.checks.len() < self.limit {
            return self.insert_check(scenario, name, group, false);
        }
        let name = self.named.or("check", name, OTHER);
        let group = self.named.or("group", group, "");
        self.known_check(scenario, name, group).unwrap_or_else(|| self.insert_check(scenario, name, group, true))
    }

    fn known_check(&self, scenario: u16, name: &str, group: &str) -> Option<usize> {
        let groups = self.check_index.get(&(scenario, name.to_string()))?;
        groups.iter().find(|(known, _)| known == group).map(|(_, slot)| *slot)
    }

    #[inline]
    pub fn checked(&mut self, slot: usize, passed: bool) {
        let slot = &mut self.checks[slot];
        slot.total += 1;
        slot.hits += u64::from(passed);
        self.overflow += u64::from(slot.beyond);
    }

    fn insert_check(&mut self, scenario: u16, name: &str, group: &str, beyond: bool) -> usize {
        let mut tags = Tags::from_pairs(&self.bases[scenario as usize]).with(&[("check", name)]);
        if !group.is_empty() {
            tags.set("group", group);
        }
        self.checks.push(CheckSlot { tags: tags.encode(), beyond, hits: 0, total: 0 });
        let slot = self.checks.len() - 1;
        self.check_index.entry((scenario, name.to_string())).or_default().push((group.to_string(), slot));
        slot
    }

    pub fn record(&mut self, scenario: u16, metric: CustomId, value: f64, tags: &Tags, now: u64) {
        let slot = self.slot((scenario, metric, tags.clone()));
        self.slots[slot].value.record(value, now);
    }

    fn slot(&mut self, key: (u16, CustomId, Tags)) -> usize {
        if let Some(slot) = self.index.get(&key) {
            return *slot;
        }
        let (scenario, metric, tags) = key;
        if self.series[metric as usize] < self.limit {
            return self.insert(scenario, metric, tags);
        }
        self.overflow += 1;
        let name = tags.iter().find(|(tag, _)| *tag == "name").map_or(OTHER, |(_, name)| name);
        let tags = self.named.of(&tags).with(&[("name", self.named.or("name", name, OTHER))]);
        match self.index.get(&(scenario, metric, tags.clone())) {
            Some(slot) => *slot,
            None => self.insert(scenario, metric, tags),
        }
    }

    fn insert(&mut self, scenario: u16, metric: CustomId, tags: Tags) -> usize {
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
        self.series[metric as usize] += 1;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Two series a metric, and one scenario.
    fn customs(selectors: &[(&str, &str)]) -> Customs {
        let thresholds: Vec<_> = selectors
            .iter()
            .map(|(tag, value)| serde_json::json!({"metric": "m", "selector": {*tag: value}}))
            .collect();
        let spec = serde_json::json!({
            "scenarios": [], "thresholds": thresholds, "metrics": [{"name": "m", "kind": "counter"}], "http": {},
            "series_limit": 2,
        });
        Customs::new(&serde_json::from_value(spec).unwrap(), vec![vec![]])
    }

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        Tags::default().with(pairs)
    }

    fn sums(customs: &Customs) -> Vec<(String, i128)> {
        let sum = |value: &Value| match value {
            Value::Counter(sum) => sum / SUM_STEPS as i128,
            _ => 0,
        };
        customs.slots.iter().map(|slot| (slot.tags.clone(), sum(&slot.value))).collect()
    }

    #[test]
    fn beyond_the_cap_a_metric_keeps_the_tags_that_a_threshold_names() {
        let mut customs = customs(&[("kind", "slow")]);
        for id in ["1", "2", "3", "4"] {
            customs.record(0, 0, 1.0, &tags(&[("id", id), ("kind", "slow")]), 0);
        }
        customs.record(0, 0, 1.0, &tags(&[("id", "5"), ("kind", "fast")]), 0);
        let series = [
            (tags(&[("id", "1"), ("kind", "slow")]), 1),
            (tags(&[("id", "2"), ("kind", "slow")]), 1),
            (tags(&[("kind", "slow"), ("name", OTHER)]), 2),
            (tags(&[("name", OTHER)]), 1),
        ];
        assert_eq!(sums(&customs), series.map(|(tags, n)| (tags.encode(), n)));
        assert_eq!(customs.overflow, 3);
    }

    #[test]
    fn beyond_the_cap_a_check_keeps_the_name_and_the_group_that_a_threshold_names() {
        let mut customs = customs(&[("check", "named"), ("group", "::setup")]);
        let own = [customs.check(0, "a", ""), customs.check(0, "b", "")];
        let named = customs.check(0, "named", "");
        let other = customs.check(0, "c", "");
        let in_setup = customs.check(0, "c", "::setup");
        assert_eq!(customs.check(0, "d", "::teardown"), other);
        for slot in [own[0], own[1], named, other, in_setup] {
            customs.checked(slot, true);
        }
        let kept: Vec<_> = customs.checks.iter().map(|check| check.tags.clone()).collect();
        let series = [
            tags(&[("check", "a")]),
            tags(&[("check", "b")]),
            tags(&[("check", "named")]),
            tags(&[("check", OTHER)]),
            tags(&[("check", OTHER), ("group", "::setup")]),
        ];
        assert_eq!(kept, series.map(|tags| tags.encode()));
        assert_eq!(customs.overflow, 3);
    }
}
