//! Seeded random numbers, and service times drawn from them.

use crate::{nanos, Config, Distribution, Nanos};

/// xoshiro256++ (Blackman and Vigna, 2019), its state filled by SplitMix64.
#[derive(Debug, Clone)]
pub struct Rng([u64; 4]);

impl Rng {
    /// The generator of one purpose: streams of one seed are independent, so that drawing more often for one purpose
    /// does not change what another one draws.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut state = seed ^ stream.wrapping_mul(0xD1B5_4A32_D192_ED03);
        Rng([(); 4].map(|()| splitmix(&mut state)))
    }

    /// Uniform over all 64-bit numbers.
    pub fn draw(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform over (0, 1]: its logarithm is finite.
    pub fn uniform(&mut self) -> f64 {
        ((self.draw() >> 11) + 1) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Exponential with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -self.uniform().ln()
    }

    /// True with probability `share`.
    pub fn chance(&mut self, share: f64) -> bool {
        // The draw is never 0, so a share of 0 is never; it may be 1, so a share of 1 is always.
        self.uniform() <= share
    }
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Draws the service time of one request after the other.
#[derive(Debug)]
pub struct ServiceTimes {
    distribution: Distribution,
    mean: f64,
    shape: f64,
    slow: f64,
    slow_factor: f64,
    lengths: Rng,
    slowness: Rng,
}

impl ServiceTimes {
    pub fn new(config: &Config) -> Self {
        ServiceTimes {
            distribution: config.distribution,
            mean: config.service_time,
            shape: config.shape,
            slow: config.slow,
            slow_factor: config.slow_factor,
            lengths: Rng::new(config.seed, 0),
            slowness: Rng::new(config.seed, 1),
        }
    }

    /// The next service time.
    pub fn draw(&mut self) -> Nanos {
        if self.mean == 0.0 {
            return 0;
        }
        let length = match self.distribution {
            Distribution::Fixed => self.mean,
            Distribution::Exponential => self.mean * self.lengths.exponential(),
            Distribution::Pareto => {
                let least = self.mean * (self.shape - 1.0) / self.shape;
                least * self.lengths.uniform().powf(-1.0 / self.shape)
            }
        };
        let slow = self.slow > 0.0 && self.slowness.chance(self.slow);
        nanos(if slow { length * self.slow_factor } else { length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seconds;

    fn mean(config: &Config, draws: usize) -> f64 {
        let mut times = ServiceTimes::new(config);
        (0..draws).map(|_| seconds(times.draw())).sum::<f64>() / draws as f64
    }

    #[test]
    fn the_generator_is_the_published_one() {
        // The first outputs for the state (1, 2, 3, 4), as the reference implementation gives them.
        let mut rng = Rng([1, 2, 3, 4]);
        assert_eq!([rng.draw(), rng.draw(), rng.draw()], [41943041, 58720359, 3588806011781223]);
    }

    #[test]
    fn each_distribution_has_the_mean_it_was_given() {
        for (distribution, tolerance) in
            [(Distribution::Fixed, 1e-9), (Distribution::Exponential, 0.01), (Distribution::Pareto, 0.02)]
        {
            let config = Config { service_time: 0.02, distribution, shape: 3.0, ..Config::default() };
            let error = mean(&config, 400_000) / 0.02 - 1.0;
            assert!(error.abs() < tolerance, "{distribution:?}: {error}");
        }
    }

    #[test]
    fn the_slow_share_is_slower_by_its_factor() {
        let config = Config { service_time: 0.01, slow: 0.1, slow_factor: 5.0, ..Config::default() };
        let expected = 0.01 * (0.9 + 0.1 * 5.0);
        assert!((mean(&config, 400_000) / expected - 1.0).abs() < 0.01);
    }

    #[test]
    fn a_share_of_nothing_never_happens_and_of_everything_always() {
        let mut rng = Rng::new(7, 0);
        assert!((0..10_000).all(|_| !rng.chance(0.0) && rng.chance(1.0)));
    }
}
