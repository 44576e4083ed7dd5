//! Seeded random numbers, and lengths drawn from a mean and a squared coefficient of variation.

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

    /// Uniform over 0, 1, …, n − 1; n > 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.draw()) * n as u128) >> 64) as usize
    }

    /// Exponential with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -self.uniform().ln()
    }

    /// Normal with mean 0 and variance 1 (Box and Muller, 1958).
    pub fn normal(&mut self) -> f64 {
        (2.0 * self.exponential()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Gamma with this shape, at least 1, and mean `shape` (Marsaglia and Tsang, 2000).
    pub fn gamma(&mut self, shape: f64) -> f64 {
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.uniform().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A distribution with a given mean and scv = variance / mean².
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lengths {
    /// scv = 0.
    Fixed { mean: f64 },
    /// scv = 1.
    Exponential { mean: f64 },
    /// 0 < scv <= 1: gamma of shape 1 / scv; Erlang where that is whole.
    Gamma { mean: f64, shape: f64 },
    /// exp(μ + σZ), σ² = ln(1 + scv), μ = ln(mean) − σ²/2.
    Lognormal { mu: f64, sigma: f64 },
    /// Two exponentials with balanced means: p·m₁ = (1 − p)·m₂, p = (1 + √((scv − 1)/(scv + 1))) / 2; scv > 1.
    Hyper { first: f64, second: f64, share: f64 },
}

impl Lengths {
    /// By the name of a law, or "" for that which fits the scv; None where the law cannot have it.
    pub fn of(law: &str, mean: f64, scv: f64) -> Option<Lengths> {
        let finite = mean.is_finite() && mean >= 0.0 && scv.is_finite() && scv >= 0.0;
        match law {
            _ if !finite => None,
            "" | "fixed" if scv == 0.0 || mean == 0.0 => Some(Lengths::Fixed { mean }),
            "" | "exponential" if scv == 1.0 => Some(Lengths::Exponential { mean }),
            "" | "gamma" if scv > 0.0 && scv <= 1.0 => Some(Lengths::Gamma { mean, shape: 1.0 / scv }),
            "" | "lognormal" if scv > 0.0 => {
                let variance = (1.0 + scv).ln();
                Some(Lengths::Lognormal { mu: mean.ln() - variance / 2.0, sigma: variance.sqrt() })
            }
            "hyperexponential" if scv > 1.0 => {
                let share = (1.0 + ((scv - 1.0) / (scv + 1.0)).sqrt()) / 2.0;
                Some(Lengths::Hyper { first: mean / (2.0 * share), second: mean / (2.0 * (1.0 - share)), share })
            }
            _ => None,
        }
    }

    /// The next length.
    pub fn draw(&self, rng: &mut Rng) -> f64 {
        match *self {
            Lengths::Fixed { mean } => mean,
            Lengths::Exponential { mean } => mean * rng.exponential(),
            Lengths::Gamma { mean, shape } => mean * rng.gamma(shape) / shape,
            Lengths::Lognormal { mu, sigma } => (mu + sigma * rng.normal()).exp(),
            Lengths::Hyper { first, second, share } => {
                let mean = if rng.uniform() <= share { first } else { second };
                mean * rng.exponential()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // The first outputs for the state (1, 2, 3, 4), as the reference implementation gives them.
        let mut rng = Rng([1, 2, 3, 4]);
        assert_eq!([rng.draw(), rng.draw(), rng.draw()], [41943041, 58720359, 3588806011781223]);
    }

    #[test]
    fn each_law_has_the_mean_and_the_scv_it_was_given() {
        let laws = [("", 0.0), ("", 0.25), ("", 0.7), ("", 1.0), ("", 2.0), ("hyperexponential", 3.0), ("gamma", 1.0)];
        for (law, scv) in laws {
            let lengths = Lengths::of(law, 180.0, scv).unwrap();
            let mut rng = Rng::new(7, 1);
            let drawn: Vec<f64> = (0..400_000).map(|_| lengths.draw(&mut rng)).collect();
            let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
            let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / drawn.len() as f64;
            assert!((mean / 180.0 - 1.0).abs() < 0.01, "{lengths:?}: mean {mean}");
            assert!((variance / (mean * mean) - scv).abs() < 0.05 * (1.0 + scv), "{lengths:?}: {variance}");
        }
    }

    #[test]
    fn a_law_that_cannot_have_the_scv_is_refused() {
        for (law, scv) in [("fixed", 1.0), ("exponential", 2.0), ("gamma", 2.0), ("hyperexponential", 1.0), ("x", 1.0)]
        {
            assert_eq!(Lengths::of(law, 1.0, scv), None, "{law} {scv}");
        }
        assert_eq!(Lengths::of("", f64::NAN, 1.0), None);
    }

    #[test]
    fn a_number_below_a_bound_is_uniform() {
        let mut rng = Rng::new(3, 0);
        let mut seen = [0usize; 5];
        (0..50_000).for_each(|_| seen[rng.below(5)] += 1);
        assert!(seen.iter().all(|n| (9_500..10_500).contains(n)), "{seen:?}");
    }
}
