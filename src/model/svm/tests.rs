//! What holds for each solution.

use super::*;
use crate::error::{Code, Error, Result};
use crate::model::kernels::Panels;
use ndarray::ArrayView2;

fn limits(tol: f64) -> Limits {
    Limits { tol, max_iter: None, shrinking: true, cache_bytes: 1 << 24 }
}

fn number(seed: usize) -> f64 {
    ((seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11) as f64 / (1u64 << 53) as f64
}

/// Two classes that overlap, of different costs.
fn classes(n_rows: usize, width: usize, kernel: Kernel) -> Problem {
    let target = |row: usize| if row.is_multiple_of(3) { 1.0 } else { -1.0 };
    let value =
        |row: usize, column: usize| number(row * width + column) + if column == 0 { 0.2 * target(row) } else { 0.0 };
    let cost = |row: usize| if row.is_multiple_of(2) { 1.0 } else { 3.0 };
    Problem {
        kernel,
        rows: (0..n_rows * width).map(|at| value(at / width, at % width)).collect(),
        width,
        targets: (0..n_rows).map(target).collect(),
        epsilon: 0.0,
        lower: (0..n_rows).map(|row| if target(row) < 0.0 { -cost(row) } else { 0.0 }).collect(),
        upper: (0..n_rows).map(|row| if target(row) > 0.0 { cost(row) } else { 0.0 }).collect(),
        start: vec![0.0; n_rows],
    }
}

/// A wave with noise, within a tube.
fn wave(n_rows: usize, kernel: Kernel) -> Problem {
    let rows: Vec<f64> = (0..n_rows).map(|row| 6.0 * number(row)).collect();
    Problem {
        kernel,
        targets: rows.iter().enumerate().map(|(row, x)| x.sin() + 0.3 * number(row + 9_999)).collect(),
        width: 1,
        rows,
        epsilon: 0.05,
        lower: vec![-2.0; n_rows],
        upper: vec![2.0; n_rows],
        start: vec![0.0; n_rows],
    }
}

/// Coefficients between 0 and 1 that sum to a third of the rows.
fn edge(n_rows: usize, kernel: Kernel) -> Problem {
    let start = (0..n_rows).map(|row| if row < n_rows / 3 { 1.0 } else { 0.0 }).collect();
    let nothing = || vec![0.0; n_rows];
    Problem { targets: nothing(), lower: nothing(), upper: vec![1.0; n_rows], start, ..classes(n_rows, 3, kernel) }
}

fn quiet(_: usize, _: f64) -> Result<()> {
    Ok(())
}

fn copy(problem: &Problem) -> Problem {
    let Problem { rows, targets, lower, upper, start, .. } = problem;
    let (rows, targets, start) = (rows.clone(), targets.clone(), start.clone());
    Problem { rows, targets, lower: lower.clone(), upper: upper.clone(), start, ..*problem }
}

/// `f(x)` of each row without the intercept, kernel by kernel.
fn scores(problem: &Problem, coefficients: &[f64]) -> Vec<f64> {
    let rows = ArrayView2::from_shape((coefficients.len(), problem.width), &problem.rows).unwrap();
    let kernels = problem.kernel.between(&problem.rows, &Panels::<f64>::new(rows.t()));
    let sum = |row: &[f64]| row.iter().zip(coefficients).map(|(kernel, coefficient)| kernel * coefficient).sum();
    kernels.chunks_exact(coefficients.len()).map(sum).collect()
}

/// By how much rows want more than the intercept gives them: 0 at the optimum.
fn furthest_from_optimal(problem: &Problem, solution: &Solution) -> f64 {
    let scores = scores(problem, &solution.coefficients);
    let of_row = |row: usize| {
        let (beta, score) = (solution.coefficients[row], scores[row] + solution.intercept);
        let above = problem.targets[row] - score + if beta < 0.0 { problem.epsilon } else { -problem.epsilon };
        let below = problem.targets[row] - score + if beta > 0.0 { -problem.epsilon } else { problem.epsilon };
        let rises = if beta < problem.upper[row] { above } else { 0.0 };
        let falls = if beta > problem.lower[row] { -below } else { 0.0 };
        rises.max(falls)
    };
    (0..scores.len()).map(of_row).fold(0.0, f64::max)
}

fn problems() -> Vec<Problem> {
    let rbf = Kernel::Rbf { gamma: 3.0 };
    vec![
        classes(400, 3, rbf),
        classes(301, 2, Kernel::Linear),
        classes(200, 2, Kernel::Polynomial { gamma: 1.0, coef0: 1.0, degree: 2 }),
        wave(350, rbf),
        edge(270, rbf),
    ]
}

#[test]
fn no_row_is_further_from_its_optimum_than_the_tolerance() {
    for problem in problems() {
        for tol in [1e-3, 1e-9] {
            for shrinking in [true, false] {
                let limits = Limits { shrinking, cache_bytes: 100_000, ..limits(tol) };

                let solution = solve(copy(&problem), limits, 2, &quiet).unwrap();

                let furthest = furthest_from_optimal(&problem, &solution);
                assert!(furthest <= tol + 1e-12, "{:?}: {furthest}", problem.kernel);
                let bounds = problem.lower.iter().zip(&problem.upper).zip(&solution.coefficients);
                assert!(bounds.into_iter().all(|((lower, upper), it)| (lower..=upper).contains(&it)));
                let total = |values: &[f64]| values.iter().sum::<f64>();
                assert!((total(&solution.coefficients) - total(&problem.start)).abs() < 1e-10);
            }
        }
    }
}

#[test]
fn neither_the_cache_nor_threads_change_a_bit() {
    for problem in problems() {
        let by = |cache_bytes: usize, threads: usize| {
            let Solution { coefficients, intercept } =
                solve(copy(&problem), Limits { cache_bytes, ..limits(1e-6) }, threads, &quiet).unwrap();
            (coefficients, intercept)
        };

        let expected = by(1 << 24, 1);

        assert_eq!(by(0, 2), expected);
        assert_eq!(by(50_000, 5), expected);
    }
}

#[test]
fn two_rows_are_parted_in_their_middle() {
    let problem = Problem {
        rows: vec![1.0, 5.0],
        targets: vec![-1.0, 1.0],
        lower: vec![-9.0, 0.0],
        upper: vec![0.0, 9.0],
        start: vec![0.0; 2],
        ..classes(2, 1, Kernel::Linear)
    };

    let Solution { coefficients, intercept } = solve(problem, limits(1e-9), 1, &quiet).unwrap();

    // f(x) = x / 2 - 3 / 2
    assert_eq!((coefficients, intercept), (vec![-0.125, 0.125], -1.5));
}

#[test]
fn rows_of_one_class_only_are_all_of_it() {
    let problem =
        Problem { targets: vec![1.0; 9], lower: vec![0.0; 9], upper: vec![1.0; 9], ..classes(9, 2, Kernel::Linear) };

    let Solution { coefficients, intercept } = solve(problem, limits(1e-9), 1, &quiet).unwrap();

    assert_eq!((coefficients, intercept), (vec![0.0; 9], 1.0));
}

#[test]
fn steps_that_run_out_leave_a_solution_within_its_bounds() {
    let problem = classes(400, 3, Kernel::Rbf { gamma: 3.0 });

    let solution = solve(copy(&problem), Limits { max_iter: Some(7), ..limits(1e-9) }, 1, &quiet).unwrap();

    let moved = solution.coefficients.iter().filter(|it| **it != 0.0).count();
    assert!((2..=14).contains(&moved) && solution.intercept.is_finite(), "{moved}");
    assert!(furthest_from_optimal(&problem, &solution) > 1e-3);
}

#[test]
fn a_search_stops_as_soon_as_it_is_told_to() {
    let cancel = |_, _| Err(Error::Cancelled { what: "the job" });

    let stopped = solve(classes(300, 2_000, Kernel::Rbf { gamma: 0.01 }), limits(1e-12), 1, &cancel);

    assert_eq!(stopped.unwrap_err().code(), Code::Cancelled);
}

#[test]
fn scores_that_overflow_are_refused() {
    let huge = Problem { targets: vec![f64::MAX, f64::MIN, 0.0], ..classes(3, 1, Kernel::Linear) };
    let wide = Problem { lower: vec![f64::MIN; 3], upper: vec![f64::MAX; 3], rows: vec![1e150, -1e150, 0.0], ..huge };

    let refused = solve(wide, limits(1e-3), 1, &quiet).unwrap_err();

    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.to_string().contains("overflow"), "{refused}");
}
