//! Random numbers of a fit that begins with chosen rows.

use crate::model::random::Philox;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

/// Random numbers of a fit, each uniform over all there are.
#[derive(Clone)]
pub(super) struct Chance {
    numbers: Numbers,
    /// How many were drawn.
    pub(super) n_drawn: usize,
}

#[derive(Clone)]
enum Numbers {
    /// Each follows from the one before.
    Sequence(Xoshiro256Plus),
    /// Those of a purpose and a run.
    Of { philox: Philox, purpose: u32, run: u32 },
}

impl Chance {
    pub(super) fn of(seed: u64) -> Self {
        Self { numbers: Numbers::Sequence(Xoshiro256Plus::seed_from_u64(seed)), n_drawn: 0 }
    }

    /// The numbers of a purpose and a run.
    pub(super) fn at(philox: Philox, purpose: u32, run: usize) -> Self {
        Self { numbers: Numbers::Of { philox, purpose, run: run as u32 }, n_drawn: 0 }
    }

    pub(super) fn draw(&mut self) -> u64 {
        self.n_drawn += 1;
        match &mut self.numbers {
            Numbers::Sequence(numbers) => numbers.next_u64(),
            Numbers::Of { philox, purpose, run } => {
                let [high, low, ..] = philox.block([(self.n_drawn - 1) as u32, *run, *purpose, 0]);
                u64::from(high) << 32 | u64::from(low)
            }
        }
    }

    /// From 0 up to 1, which is left out.
    pub(super) fn share(&mut self) -> f64 {
        share(self.draw())
    }

    /// Below `n`, which is above 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((self.share() * n as f64) as usize).min(n - 1)
    }
}

/// From 0 up to 1, which is left out.
pub(super) fn share(number: u64) -> f64 {
    (number >> 11) as f64 / (1u64 << 53) as f64
}
