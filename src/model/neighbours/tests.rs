//! The law of neighbours: every way finds the same.

use super::*;
use proptest::prelude::*;

const ALL: [Metric; 3] = [Metric::Euclidean, Metric::Manhattan, Metric::Chebyshev];

/// Distances and numbers of the neighbours of each row.
fn found(neighbours: &Neighbours, rows: &[f64], most: usize) -> Vec<Vec<(u64, usize)>> {
    let mut all = vec![];
    neighbours.for_each(rows, most, |found| {
        all.push(found.iter().map(|it| (it.distance.to_bits(), it.row)).collect());
    });
    all
}

/// The same by the definition.
fn by_definition(kept: &Array2<f64>, metric: Metric, rows: &[f64], most: usize) -> Vec<Vec<(u64, usize)>> {
    let of_row = |row: &[f64]| {
        let distance = |other: &[f64]| metric.between(row, other);
        let others = kept.as_slice().unwrap().chunks(kept.ncols()).map(distance).enumerate();
        let mut all: Vec<Neighbour> = others.map(|(row, distance)| Neighbour { distance, row }).collect();
        all.sort();
        all.truncate(most);
        all.into_iter().map(|it| (metric.distance(it.distance).to_bits(), it.row)).collect()
    };
    rows.chunks(kept.ncols()).map(of_row).collect()
}

/// Whole numbers, of which many are the same, or numbers of a magnitude.
fn numbers(n_rows: usize, width: usize, seed: u64, values: u64, magnitude: i32) -> Array2<f64> {
    Array2::from_shape_fn((n_rows, width), |(row, column)| {
        let mixed = seed.wrapping_mul(2 * (row * width + column) as u64 + 1).rotate_left(29);
        (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) as f64 % values as f64 * 10f64.powi(magnitude)
    })
}

fn among(rows: &Array2<f64>, metric: Metric) -> Neighbours {
    Neighbours::new(rows.clone().into(), metric)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_way_finds_the_nearest_rows_and_of_equals_the_first(
        n_rows in prop::sample::select(vec![1usize, 7, 255, 256, 400, 2500]),
        width in prop::sample::select(vec![1usize, 2, 5, 15, 16, 40]),
        n_asked in prop::sample::select(vec![1usize, 7, 8, 150]),
        most in prop::sample::select(vec![1usize, 5, 40, 3000]),
        values in prop::sample::select(vec![1u64, 3, 1_000_000_007]),
        magnitude in prop::sample::select(vec![-145, 0, 140]),
        seed in any::<u64>(),
    ) {
        let kept = numbers(n_rows, width, seed | 1, values, magnitude);
        let asked = numbers(n_asked, width, !seed | 1, values, magnitude);
        let asked = asked.as_slice().unwrap();
        for metric in ALL {
            let neighbours = among(&kept, metric);

            let found = found(&neighbours, asked, most);

            prop_assert!(found == by_definition(&kept, metric, asked, most), "{:?}", metric);
            prop_assert_eq!(&neighbours.to_array(), &kept);
        }
    }

    #[test]
    fn a_row_has_the_same_neighbours_alone_and_in_any_batch(
        width in prop::sample::select(vec![2usize, 20]), from in 0usize..60, length in 1usize..60, seed in any::<u64>(),
    ) {
        let (kept, asked) = (numbers(600, width, seed | 1, 1_000, -2), numbers(120, width, !seed | 1, 1_000, -2));
        let asked = asked.as_slice().unwrap();
        for metric in ALL {
            let neighbours = among(&kept, metric);
            let all = found(&neighbours, asked, 5);

            let some = found(&neighbours, &asked[from * width..(from + length) * width], 5);

            prop_assert_eq!(some, &all[from..from + length]);
            prop_assert_eq!(found(&neighbours.prepared(), asked, 5), all);
        }
    }
}

#[test]
fn rows_that_are_far_beyond_all_others_have_neighbours_too() {
    for width in [2, 20] {
        let kept = numbers(300, width, 3, 1_000, 0);
        let asked: Vec<f64> = [1e14, 1e200, -1e308, 0.5].iter().flat_map(|x| vec![*x; 3 * width]).collect();
        for metric in ALL {
            let neighbours = among(&kept, metric);

            assert_eq!(found(&neighbours, &asked, 4), by_definition(&kept, metric, &asked, 4), "{metric:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_way_finds_the_rows_within_a_radius(
        n_rows in prop::sample::select(vec![1usize, 7, 300, 1500]),
        width in prop::sample::select(vec![1usize, 5, 15, 16, 40]),
        n_asked in prop::sample::select(vec![1usize, 7, 150]),
        values in prop::sample::select(vec![1u64, 3, 1_000_000_007]),
        radius in prop::sample::select(vec![0.0, 1.0, 3.0, 1e8, 1e9, f64::MAX]),
        seed in any::<u64>(),
    ) {
        let kept = numbers(n_rows, width, seed | 1, values, 0);
        let asked = numbers(n_asked, width, !seed | 1, values, 0);
        let asked = asked.as_slice().unwrap();
        let weights: Vec<f64> = (0..n_rows).map(|row| 1.0 + (row % 3) as f64).collect();
        for metric in ALL {
            let neighbours = among(&kept, metric).prepared();
            let near = |row: &[f64], (_, other): &(usize, &[f64])| {
                metric.between(row, other) <= metric.compared(radius)
            };
            let expected = asked.chunks(width).map(|row| {
                let all = kept.as_slice().unwrap().chunks(width).enumerate();
                all.filter(|other| near(row, other)).map(|(number, _)| number).collect::<Vec<_>>()
            });
            let expected: Vec<Vec<usize>> = expected.collect();

            let mut found = vec![];
            neighbours.for_each_within(asked, radius, |within| {
                let mut numbers: Vec<usize> = within.iter().map(|it| it.row).collect();
                numbers.sort_unstable();
                found.push(numbers);
            });
            let sums = neighbours.weights_within(asked, radius, &weights);

            prop_assert!(found == expected, "{:?}", metric);
            let weighed = expected.iter().map(|rows| rows.iter().map(|row| weights[*row]).sum::<f64>());
            prop_assert_eq!(sums, weighed.collect::<Vec<_>>());
        }
    }
}
