//! How many VUs run at each instant of a `ramping-vus` scenario, and how many must be kept for it.

use std::collections::VecDeque;

use super::Stripe;

/// From here on `vus` VUs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Nanoseconds after the start of the scenario.
    pub at_ns: u64,
    /// This generator's VUs.
    pub vus: u64,
}

/// A straight line to `target` VUs of all generators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// Nanoseconds; zero is a jump.
    pub duration_ns: u64,
    /// VUs of all generators at the end of the stage.
    pub target: u64,
}

/// The steps of a ramp in VUs, one VU at a time. Invariant: in order of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ramp {
    steps: Vec<Step>,
    length: u64,
}

impl Ramp {
    /// This generator's part of a ramp that starts at `start` VUs and goes through the stages.
    ///
    /// With d the duration of a stage, e its end, from `a` VUs to `b`, in whole nanoseconds:
    ///
    /// ```text
    /// up     v VUs     from   e - d·(b - v) / (b - a)             v = a + 1 … b     (floor of the line)
    /// down   v - 1 VUs from   e - d·(v - 1 - b) / (a - b)         v = a … b + 1     (ceiling of the line)
    /// ```
    ///
    /// The v-th VU of all generators is member v - 1 of the series that the Stripe divides; so at every instant the
    /// VUs of all generators add up to the shape that one machine would run.
    pub fn new(start: u64, stages: &[Stage], stripe: &Stripe) -> Ramp {
        let mut steps = vec![Step { at_ns: 0, vus: stripe.scale(start) }];
        let (mut from, mut end) = (start, 0u64);
        for stage in stages {
            let Stage { duration_ns, target } = *stage;
            end = end.saturating_add(duration_ns);
            if from == target {
                continue;
            }
            if duration_ns == 0 {
                steps.push(Step { at_ns: end, vus: stripe.scale(target) });
            } else {
                let line = Line { from, target, duration_ns, end };
                line.walk(stripe, &mut steps);
            }
            from = target;
        }
        Ramp { steps, length: end }
    }

    /// Nanoseconds from the start to the end of the last stage.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The VUs that may start iterations; at the end of the last stage, none.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = self.steps.clone();
        push(&mut steps, Step { at_ns: self.length, vus: 0 });
        steps
    }

    /// The VUs that must exist: those that may start iterations, and those that still finish one.
    ///
    /// A VU that the ramp takes away is kept for `ramp_down` ns, and one that still runs at the end of the last stage
    /// for `stop` ns; nothing is kept for longer than that last instant. In other words, the highest number of VUs of
    /// the last `ramp_down` ns, cut at length + stop. A VU that the ramp brings back is one that was kept.
    pub fn reserved(&self, ramp_down: u64, stop: u64) -> Vec<Step> {
        let limit = self.length.saturating_add(stop);
        let mut kept = Kept { reserved: vec![self.steps[0]], levels: VecDeque::new(), running: self.steps[0].vus };
        for step in &self.steps[1..] {
            kept.release_before(step.at_ns);
            kept.take(*step, ramp_down);
        }
        kept.release_before(limit);
        push(&mut kept.reserved, Step { at_ns: limit, vus: 0 });
        kept.reserved
    }
}

/// One stage that is no jump.
struct Line {
    from: u64,
    target: u64,
    duration_ns: u64,
    end: u64,
}

impl Line {
    fn walk(&self, stripe: &Stripe, steps: &mut Vec<Step>) {
        let (first, last) = (stripe.scale(self.from), stripe.scale(self.target));
        // member() cannot fail here: it is asked only for members below the stage's own targets.
        let number = |k: u64| stripe.member(k).unwrap_or(u64::MAX);
        for k in first..last {
            steps.push(Step { at_ns: self.at(self.target - number(k) - 1), vus: k + 1 });
        }
        for k in (last..first).rev() {
            steps.push(Step { at_ns: self.at(number(k) - self.target), vus: k });
        }
    }

    /// The instant when the line has `left` VUs to go; in 128 bits, for 10⁸ VUs times days in ns do not fit into 64.
    fn at(&self, left: u64) -> u64 {
        let change = u128::from(self.from.abs_diff(self.target));
        self.end - (u128::from(self.duration_ns) * u128::from(left) / change) as u64
    }
}

/// The running maximum over the last `ramp_down` ns.
struct Kept {
    reserved: Vec<Step>,
    /// Former levels and the instants until which they are kept: levels fall, instants rise.
    levels: VecDeque<Step>,
    running: u64,
}

impl Kept {
    fn take(&mut self, step: Step, ramp_down: u64) {
        if step.vus < self.running {
            while self.levels.back().is_some_and(|level| level.vus <= self.running) {
                self.levels.pop_back();
            }
            self.levels.push_back(Step { at_ns: step.at_ns.saturating_add(ramp_down), vus: self.running });
        }
        self.running = step.vus;
        self.settle(step.at_ns);
    }

    /// Lets go of the levels that end before t. One that ends at t itself is let go later: an up-step at that very
    /// instant uses its VUs again.
    fn release_before(&mut self, t: u64) {
        while let Some(level) = self.levels.front().copied().filter(|level| level.at_ns < t) {
            self.levels.pop_front();
            self.settle(level.at_ns);
        }
    }

    fn settle(&mut self, at_ns: u64) {
        let vus = self.levels.front().map_or(0, |level| level.vus).max(self.running);
        push(&mut self.reserved, Step { at_ns, vus });
    }
}

/// A step that changes nothing is none.
fn push(steps: &mut Vec<Step>, step: Step) {
    if steps.last().is_none_or(|last| last.vus != step.vus) {
        steps.push(step);
    }
}
