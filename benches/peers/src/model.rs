//! What every server predicts: the dot product of a row of 16 numbers with fixed weights.

/// Numbers in a row.
pub const FEATURES: usize = 16;

/// The weights: -1.875, -1.625, ... 1.875. `python/model.py` states them once more.
pub fn weight(feature: usize) -> f64 {
    (feature as f64 - 7.5) / 4.0
}

/// The weights, as what computes with them keeps them.
pub fn weights() -> [f64; FEATURES] {
    std::array::from_fn(weight)
}

/// One prediction for each row of `rows`, which stand one after the other. What is over after the last whole row is left.
pub fn predict(rows: impl ExactSizeIterator<Item = f64>) -> Vec<f64> {
    let weights = weights();
    let n_rows = rows.len() / FEATURES;
    let mut rows = rows;
    (0..n_rows).map(|_| weights.iter().zip(&mut rows).map(|(weight, value)| weight * value).sum()).collect()
}

/// `n_rows` rows, one after the other, as if drawn from -5 to 5; in sixteenths, so that they are short in JSON too.
pub fn rows(n_rows: usize) -> Vec<f64> {
    (0..n_rows * FEATURES).map(|at| (mixed(at as u64) % 161) as f64 / 16.0 - 5.0).collect()
}

/// The output function of SplitMix64: G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators"
/// (2014), doi:10.1145/2714064.2660195.
fn mixed(at: u64) -> u64 {
    let z = at.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_multiplied_by_the_weights() {
        let rows = (0..32).map(|at| if at == 3 || at == 31 { 1.0 } else { 0.0 });

        assert_eq!(predict(rows), [weight(3), weight(15)]);
    }
}
