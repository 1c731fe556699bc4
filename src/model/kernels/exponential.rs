//! Exponentials of many numbers at once.

/// Below it the exponential is 0: it would have fewer digits than others, and is less than 1e-307.
const LOWEST: f64 = -708.0;
/// A number of this size has no digits after the point, so that adding it rounds; its last bits are the whole number.
const ROUNDS: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52
/// `ln 2` in two parts, of which the first has few digits.
const LN_2: [f64; 2] = [0.693_145_751_953_125, 1.428_606_820_309_417_3e-6];
const BIAS: u64 = 1_023;

/// `exp(x)` of a number that is not above 0, to two units in the last place.
///
/// By the same instructions for any number, and no call: a loop of them computes several side by side. `exp(x) = 2^k exp(r)`, where
/// `|r| <= ln(2) / 2` has a quotient of polynomials: S. L. Moshier, "Methods and programs for mathematical functions" (1989), whose
/// coefficients these are (Cephes, `exp.c`).
#[inline]
pub(in crate::model) fn exp_of_negative(x: f64) -> f64 {
    let shifted = x * std::f64::consts::LOG2_E + ROUNDS;
    let whole = shifted - ROUNDS;
    let rest = x - whole * LN_2[0] - whole * LN_2[1];
    let square = rest * rest;
    let odd = rest * ((1.261_771_930_748_105_8e-4 * square + 3.029_944_077_074_419_5e-2) * square + 1.0);
    let even = ((3.001_985_051_386_644_6e-6 * square + 2.524_483_403_496_841e-3) * square + 2.272_655_482_081_550_3e-1)
        * square
        + 2.0;
    let of_rest = 1.0 + 2.0 * (odd / (even - odd));
    let power_of_two = f64::from_bits(shifted.to_bits().wrapping_add(BIAS) << 52);
    if x < LOWEST { 0.0 } else { of_rest * power_of_two }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn exponentials_are_right_to_two_units_in_the_last_place(
            x in prop::sample::select(vec![1e-9, 1e-3, 1.0, 30.0, 708.0]), share in 0.0f64..1.0,
        ) {
            let (found, expected) = (exp_of_negative(-x * share), (-x * share).exp());

            prop_assert!((found - expected).abs() <= 2.0 * f64::EPSILON * expected, "{found} and {expected}");
        }
    }

    #[test]
    fn the_ends_are_one_and_nothing() {
        assert_eq!([0.0, -0.0, -708.1, -1e300, f64::NEG_INFINITY].map(exp_of_negative), [1.0, 1.0, 0.0, 0.0, 0.0]);
        assert!(exp_of_negative(-708.0) > 0.0 && exp_of_negative(f64::NAN).is_nan());
    }
}
