//! Random numbers that are a function of a seed and a place, not of who asked before.

/// Philox4x32-10: four numbers for each counter, and no state, so that any thread finds those of any place.
///
/// J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC'11),
/// doi:10.1145/2063384.2063405.
#[derive(Clone, Copy, Debug)]
pub(super) struct Philox {
    key: [u32; 2],
}

const ROUNDS: usize = 10;
const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];
/// What the key grows by from round to round: the golden ratio, and the root of 3 less 1.
const WEYL: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];

impl Philox {
    pub(super) fn new(seed: u64) -> Self {
        Self { key: [seed as u32, (seed >> 32) as u32] }
    }

    /// The four numbers of a counter, each uniform over all there are.
    pub(super) fn block(&self, counter: [u32; 4]) -> [u32; 4] {
        let ([mut a, mut b, mut c, mut d], mut key) = (counter, self.key);
        for _ in 0..ROUNDS {
            let ((high_a, low_a), (high_c, low_c)) = (product(MULTIPLIERS[0], a), product(MULTIPLIERS[1], c));
            [a, b, c, d] = [high_c ^ b ^ key[0], low_c, high_a ^ d ^ key[1], low_a];
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        [a, b, c, d]
    }

    /// A number from 0 to below 1 for each place, and of each place as many as are asked for.
    pub(super) fn uniform(&self, place: u64, which: u32) -> f64 {
        let [high, low, ..] = self.block([place as u32, (place >> 32) as u32, which, 0]);
        ((u64::from(high) << 32 | u64::from(low)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number for each place from the normal distribution of mean 0 and variance 1, made of its first two.
    ///
    /// G. E. P. Box, M. E. Muller, "A note on the generation of random normal deviates" (1958), doi:10.1214/aoms/1177706645.
    pub(super) fn normal(&self, place: u64) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform(place, 0)).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform(place, 1)).cos()
    }
}

fn product(one: u32, other: u32) -> (u32, u32) {
    let product = u64::from(one) * u64::from(other);
    ((product >> 32) as u32, product as u32)
}

/// A number from 0 to `bound - 1`, from one of all 2^64; as good as uniform where `bound` is far smaller.
pub(super) fn below(bound: u64, number: u64) -> u64 {
    ((u128::from(number) * u128::from(bound)) >> 64) as u64
}

/// Puts values into an order by chance. `number` is one of all 2^64 for each place but the first; it is asked from the last on.
///
/// R. Durstenfeld, "Algorithm 235: random permutation" (1964), doi:10.1145/364520.364540.
pub(super) fn shuffle<T>(values: &mut [T], number: impl Fn(usize) -> u64) {
    for last in (1..values.len()).rev() {
        values.swap(last, below(last as u64 + 1, number(last)) as usize);
    }
}

/// A number for each position, by which some are drawn, or all are dealt out.
pub(super) struct Chance {
    philox: Philox,
    purpose: u32,
}

impl Chance {
    /// Other numbers for each purpose, which is part of their counter.
    pub(super) fn new(seed: u64, purpose: u32) -> Self {
        Self { philox: Philox::new(seed), purpose }
    }

    /// Brings so many of these positions to the front, those that have the lowest numbers.
    pub(super) fn to_the_front(&self, positions: &mut [usize], count: usize) {
        if count < positions.len() {
            let mut drawn: Vec<(u64, usize)> = positions.iter().map(|at| (self.number(*at), *at)).collect();
            drawn.select_nth_unstable(count);
            positions.iter_mut().zip(drawn).for_each(|(place, (_, position))| *place = position);
        }
    }

    /// Sorts positions by their numbers.
    pub(super) fn sort(&self, positions: &mut [usize]) {
        positions.sort_by_cached_key(|position| (self.number(*position), *position));
    }

    fn number(&self, position: usize) -> u64 {
        let place = position as u64;
        let [low, high, ..] = self.philox.block([place as u32, (place >> 32) as u32, self.purpose, 0]);
        u64::from(high) << 32 | u64::from(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers of Random123, `tests/kat_vectors`.
    #[test]
    fn numbers_are_those_that_the_authors_published() {
        let with_key = |key: [u32; 2], counter| Philox::new(u64::from(key[1]) << 32 | u64::from(key[0])).block(counter);

        let zeros = with_key([0; 2], [0; 4]);
        let ones = with_key([u32::MAX; 2], [u32::MAX; 4]);
        let pi = with_key([0xa409_3822, 0x299f_31d0], [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344]);

        assert_eq!(zeros, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(ones, [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(pi, [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }

    /// Of 100,000 numbers; the bounds are five deviations of what is measured.
    #[test]
    fn normal_numbers_have_the_moments_of_the_normal_distribution() {
        let numbers: Vec<f64> = (0..100_000).map(|place| Philox::new(7).normal(place)).collect();
        let moment = |power| numbers.iter().map(|it| it.powi(power)).sum::<f64>() / 100_000.0;

        assert!(moment(1).abs() < 0.0159 && (moment(2) - 1.0).abs() < 0.0224, "{} {}", moment(1), moment(2));
        assert!(moment(3).abs() < 0.0613 && (moment(4) - 3.0).abs() < 0.155, "{} {}", moment(3), moment(4));
    }

    #[test]
    fn a_number_below_a_bound_reaches_both_ends_and_no_further() {
        assert_eq!([0, 1 << 62, u64::MAX].map(|number| below(4, number)), [0, 1, 3]);
    }
}
