//! How far rows are from each other.

use crate::model::kernels::Panels;
use crate::model::samples::{Span, ranges};
use crate::model::{ParameterSpec, Parameters};

/// A measure of distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::model) enum Metric {
    /// `sqrt(sum (x - y)^2)`
    Euclidean,
    /// `sum |x - y|`
    Manhattan,
    /// `max |x - y|`
    Chebyshev,
}

/// Below it squares have lost their digits, or are 0.
const SMALLEST: f64 = 1e-146;

/// What is compared in the place of a distance: its square for [`Metric::Euclidean`], else itself. All methods come to
/// the same bits: one sum over the columns in their order.
impl Metric {
    /// How algorithms are told which one.
    pub(in crate::model) fn parameter() -> ParameterSpec {
        let meaning = "Distance: root of the sum of squares, sum, or largest, of the differences of columns.";
        ParameterSpec::one_of("metric", &["euclidean", "manhattan", "chebyshev"], meaning)
    }

    /// As [`Metric::parameter`] says.
    pub(in crate::model) fn of(parameters: &Parameters) -> Self {
        match parameters.text("metric") {
            "manhattan" => Self::Manhattan,
            "chebyshev" => Self::Chebyshev,
            _ => Self::Euclidean,
        }
    }

    /// Of two rows.
    pub(in crate::model) fn between(self, row: &[f64], other: &[f64]) -> f64 {
        let differences = row.iter().zip(other).map(|(x, y)| x - y);
        match self {
            Self::Euclidean => differences.fold(0.0, |sum, it| sum + it * it),
            Self::Manhattan => differences.fold(0.0, |sum, it| sum + it.abs()),
            Self::Chebyshev => differences.fold(0.0, |most, it| larger(it.abs(), most)),
        }
    }

    /// Of a row and the nearest point of a box. Rounding is monotonic, so that it is at most what [`Metric::between`]
    /// answers for any row in the box, to the bit.
    pub(super) fn to_box(self, row: &[f64], (least, most): (&[f64], &[f64])) -> f64 {
        let sides = row.iter().zip(least).zip(most);
        let gaps = sides.map(|((x, least), most)| larger(least - x, larger(x - most, 0.0)));
        match self {
            Self::Euclidean => gaps.fold(0.0, |sum, gap| sum + gap * gap),
            Self::Manhattan => gaps.fold(0.0, |sum, gap| sum + gap),
            Self::Chebyshev => gaps.fold(0.0, larger),
        }
    }

    /// Of each row and each column of the panels.
    pub(in crate::model) fn between_all(self, rows: &[f64], panels: &Panels<f64>) -> Vec<f64> {
        match self {
            Self::Euclidean => panels.squared_distances(rows),
            Self::Manhattan => panels.absolute_distances(rows),
            Self::Chebyshev => panels.largest_distances(rows),
        }
    }

    /// The distance.
    pub(in crate::model) fn distance(self, compared: f64) -> f64 {
        if self == Self::Euclidean { compared.sqrt() } else { compared }
    }

    /// What is compared with what stands for distances, to know which are no larger.
    pub(super) fn compared(self, distance: f64) -> f64 {
        if self == Self::Euclidean { distance * distance } else { distance }
    }

    /// Why distances between such rows cannot be told; `None` if they can.
    pub(in crate::model) fn objection(self, values: &[f64], width: usize) -> Option<String> {
        self.objection_within(&ranges(values, width))
    }

    /// The same by the least and the largest number of each column.
    pub(in crate::model) fn objection_within(self, ranges: &[Span]) -> Option<String> {
        let width = ranges.len();
        let largest = ranges.iter().fold(0.0, |largest: f64, it| largest.max(it.0.abs()).max(it.1.abs()));
        let furthest = match self {
            Self::Euclidean => 4.0 * largest * largest * width as f64,
            Self::Manhattan => 2.0 * largest * width as f64,
            Self::Chebyshev => 2.0 * largest,
        };
        if !furthest.is_finite() {
            return Some(format!(
                "distances between rows overflow because a column reaches {largest:e}; scale the columns first, for \
                 example with standard_scaler"
            ));
        }
        let widest = ranges.iter().map(|(least, most)| most - least).fold(0.0, f64::max);
        (self == Self::Euclidean && 0.0 < widest && widest < SMALLEST).then(|| {
            format!(
                "squared distances between rows underflow because no column varies by more than {widest:e}; take a \
                 smaller unit, in which values differ by more than 1e-140"
            )
        })
    }
}

/// The first one if the other is not a number.
fn larger(one: f64, other: f64) -> f64 {
    if one > other { one } else { other }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    const ALL: [Metric; 3] = [Metric::Euclidean, Metric::Manhattan, Metric::Chebyshev];

    #[test]
    fn distances_are_those_of_the_formulas() {
        let distance = |metric: Metric| metric.distance(metric.between(&[1.0, -2.0], &[4.0, 2.0]));

        assert_eq!(ALL.map(distance), [5.0, 7.0, 4.0]);
    }

    #[test]
    fn rows_whose_distances_leave_the_range_of_floats_meet_an_objection() {
        let objection = |metric: Metric, values: &[f64]| metric.objection(values, 2).unwrap_or_default();

        assert!(objection(Metric::Euclidean, &[0.0, 1e300]).contains("overflow because a column reaches 1e300"));
        assert!(objection(Metric::Manhattan, &[f64::MAX, 0.0]).contains("overflow"));
        assert!(objection(Metric::Euclidean, &[0.0, 1e-300, 0.0, 2e-300]).contains("underflow"));
        for metric in ALL {
            assert_eq!(metric.objection(&[1e-300, 1e150, 1e-300, 0.0, 3e-300, 1.0], 2), None);
            assert_eq!(metric.objection(&[1e-300, 3.0, 1e-300, 3.0], 2), None);
        }
        assert_eq!(Metric::Manhattan.objection(&[0.0, 1e-300, 1e300, 0.0], 2), None);
    }

    proptest! {
        #[test]
        fn a_box_is_at_most_as_far_as_any_row_in_it_to_the_bit(
            rows in prop::collection::vec(prop::collection::vec(-1e3f64..1e3, 3), 1..20),
            asked in prop::collection::vec(-2e3f64..2e3, 3),
        ) {
            let side = |pick: fn(f64, f64) -> f64| -> Vec<f64> {
                (0..3).map(|at| rows.iter().map(|row| row[at]).reduce(pick).unwrap()).collect()
            };
            let (least, most) = (side(f64::min), side(f64::max));
            for metric in ALL {
                let bound = metric.to_box(&asked, (&least, &most));

                prop_assert!(rows.iter().all(|row| bound <= metric.between(&asked, row)));
                prop_assert_eq!(metric.to_box(&rows[0], (&least, &most)), 0.0);
            }
        }

        #[test]
        fn a_row_alone_is_as_far_as_among_others_to_the_bit(values in prop::collection::vec(-1e3f64..1e3, 24)) {
            let (rows, others) = values.split_at(12);
            let panels = Panels::new(array![[others[0], others[4], others[8]], [others[1], others[5], others[9]],
                [others[2], others[6], others[10]], [others[3], others[7], others[11]]].view());
            for metric in ALL {
                let pairs = rows.chunks(4).flat_map(|row| others.chunks(4).map(move |other| (row, other)));

                let alone: Vec<f64> = pairs.map(|(row, other)| metric.between(row, other)).collect();

                prop_assert_eq!(metric.between_all(rows, &panels), alone);
            }
        }
    }
}
