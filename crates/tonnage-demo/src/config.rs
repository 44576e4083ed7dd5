//! What the service is told to be.

use std::fmt;

use serde::Deserialize;

/// How service times are distributed about their mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Distribution {
    /// Every service takes exactly the mean.
    Fixed,
    /// Memoryless: with Poisson arrivals the textbook's M/M/k.
    Exponential,
    /// Heavy-tailed, P(S > s) = (x/s)^shape for s ≥ x, with x = mean·(shape − 1)/shape.
    Pareto,
}

/// The instant from which stall windows are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StallFrom {
    /// The arrival of the first request: the truth does not depend on how long the generator takes to start.
    FirstRequest,
    /// The start of the server.
    Start,
}

/// The whole truth about a demo service. Times in seconds, shares in 0..=1.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address or name to listen on.
    pub host: String,
    /// Port to listen on; 0 lets the system choose.
    pub port: u16,
    /// Requests served at the same time; 0 means infinitely many.
    pub workers: u32,
    /// Mean service time \[s\].
    pub service_time: f64,
    /// Distribution of the service time.
    pub distribution: Distribution,
    /// Shape of the Pareto distribution, above 1; the variance is infinite up to 2.
    pub shape: f64,
    /// Windows \[from, to) in which nothing departs and no work progresses \[s\], in order, not overlapping.
    pub stalls: Vec<(f64, f64)>,
    /// The instant from which `stalls` count.
    pub stall_from: StallFrom,
    /// Share of requests answered by 500.
    pub errors: f64,
    /// Share of requests whose service time is multiplied by `slow_factor`.
    pub slow: f64,
    /// Factor of the slow share.
    pub slow_factor: f64,
    /// Requests that may wait for a worker; whoever finds more is answered by 503. `None` means no limit.
    pub queue_limit: Option<u32>,
    /// Seed of every random draw: equal seeds give equal services.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            host: "127.0.0.1".into(),
            port: 0,
            workers: 0,
            service_time: 0.0,
            distribution: Distribution::Fixed,
            shape: 2.5,
            stalls: Vec::new(),
            stall_from: StallFrom::FirstRequest,
            errors: 0.0,
            slow: 0.0,
            slow_factor: 10.0,
            queue_limit: None,
            seed: 1,
        }
    }
}

/// A configuration that describes no possible service: the field, what is wrong with it, and what it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// Longest time that a configuration may name: a day. \[s\]
const LONGEST: f64 = 86_400.0;

impl Config {
    /// Whether such a service can exist; the first mistake otherwise.
    pub fn check(&self) -> Result<(), ConfigError> {
        within("service_time", self.service_time, 0.0, LONGEST)?;
        within("errors", self.errors, 0.0, 1.0)?;
        within("slow", self.slow, 0.0, 1.0)?;
        within("slow_factor", self.slow_factor, 0.0, 1e6)?;
        if self.distribution == Distribution::Pareto && !(self.shape > 1.0 && self.shape.is_finite()) {
            return wrong(format!("shape = {}: a Pareto distribution has a mean only above 1", self.shape));
        }
        if self.queue_limit.is_some() && self.workers == 0 {
            return wrong("queue_limit: nobody waits for infinitely many workers; set workers to 1 or more".into());
        }
        let mut end = 0.0;
        for &(from, to) in &self.stalls {
            within("stalls", from, 0.0, LONGEST)?;
            within("stalls", to, 0.0, LONGEST)?;
            if from >= to || from < end {
                return wrong(format!(
                    "stalls: [{from}, {to}) must end after it begins, and begin after the one before"
                ));
            }
            end = to;
        }
        Ok(())
    }
}

fn within(name: &str, value: f64, least: f64, most: f64) -> Result<(), ConfigError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    wrong(format!("{name} = {value}: must lie in {least} to {most}"))
}

fn wrong(message: String) -> Result<(), ConfigError> {
    Err(ConfigError(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_a_service_that_answers_at_once() {
        assert_eq!(Config::default().check(), Ok(()));
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(serde_json::from_str::<Config>(r#"{"worker": 2}"#).is_err());
    }

    #[test]
    fn mistakes_name_the_field() {
        let base = Config::default;
        for (name, config) in [
            ("service_time", Config { service_time: f64::NAN, ..base() }),
            ("errors", Config { errors: 1.5, ..base() }),
            ("slow_factor", Config { slow_factor: -1.0, ..base() }),
            ("shape", Config { shape: 1.0, distribution: Distribution::Pareto, ..base() }),
            ("queue_limit", Config { queue_limit: Some(1), ..base() }),
            ("stalls", Config { stalls: vec![(3.0, 2.0)], ..base() }),
            ("stalls", Config { stalls: vec![(1.0, 3.0), (2.0, 4.0)], ..base() }),
        ] {
            let message = config.check().unwrap_err().to_string();
            assert!(message.starts_with(name), "{message}");
        }
    }
}
