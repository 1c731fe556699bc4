//! Candidates: which values are tried together.

use super::ranking::Choice;
use super::spec::{Choices, Dimension, SearchSpec};
use crate::model::random::{Philox, below};
use crate::model::{Spec, Value};
use std::collections::HashSet;

/// What numbers of candidates are for; part of their counter, above what rows and trees draw.
const DRAWN: u32 = 1 << 20;

/// One value for each parameter that is searched.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trial {
    /// From 1, in the order in which candidates are made.
    pub(super) number: usize,
    /// In the order of the parameters.
    pub(super) values: Vec<(usize, String, Value)>,
}

impl Trial {
    /// The pipeline with these values.
    pub(super) fn spec(&self, pipeline: &Spec) -> Spec {
        let mut spec = pipeline.clone();
        for (step, name, value) in &self.values {
            if let Some(step) = spec.steps.get_mut(*step) {
                step.parameters.insert(name.clone(), value.clone());
            }
        }
        spec
    }

    /// As the table shows them.
    pub(super) fn choices(&self, pipeline: &Spec) -> Vec<Choice> {
        let choice = |(step, name, value): &(usize, String, Value)| Choice {
            step: *step,
            algorithm: pipeline.steps.get(*step).map(|it| it.algorithm.clone()).unwrap_or_default(),
            name: name.clone(),
            value: value.clone(),
        };
        self.values.iter().map(choice).collect()
    }
}

/// All candidates of a checked search, one after the other.
pub(super) fn of(search: &SearchSpec, seed: u64) -> Box<dyn Iterator<Item = Trial> + '_> {
    let (n, philox) = (search.n_candidates(), Philox::new(seed));
    match search.grid_size() {
        Some(grid) if !search.draws() || n >= grid => Box::new((0..grid).map(|at| of_grid(search, at, at))),
        Some(grid) => {
            let places = distinct(n, grid as u64, philox);
            Box::new(places.into_iter().enumerate().map(|(at, place)| of_grid(search, at, place)))
        }
        None => Box::new((0..n).map(move |at| drawn(search, at, philox))),
    }
}

/// The combination at this place of the grid, in which the last parameter changes fastest.
fn of_grid(search: &SearchSpec, at: usize, mut place: usize) -> Trial {
    let mut values: Vec<_> = search
        .parameters
        .iter()
        .rev()
        .filter_map(|Dimension { step, name, choices }| {
            let Choices::Values(listed) = choices else { return None };
            let value = listed[place % listed.len()].clone();
            place /= listed.len();
            Some((*step, name.clone(), value))
        })
        .collect();
    values.reverse();
    Trial { number: at + 1, values }
}

/// So many different numbers below `bound`, which is larger, in the order in which they are drawn.
fn distinct(n: usize, bound: u64, philox: Philox) -> Vec<usize> {
    let (mut seen, mut places) = (HashSet::with_capacity(n), Vec::with_capacity(n));
    let mut draw = 0;
    while places.len() < n {
        let place = below(bound, number(philox, draw, 0));
        draw += 1;
        if seen.insert(place) {
            places.push(place as usize);
        }
    }
    places
}

fn drawn(search: &SearchSpec, at: usize, philox: Philox) -> Trial {
    let value = |(dimension, it): (usize, &Dimension)| {
        let number = number(philox, at as u64, dimension as u32);
        let share = (number >> 11) as f64 / (1u64 << 53) as f64;
        let value = match &it.choices {
            Choices::Values(listed) => listed[below(listed.len() as u64, number) as usize].clone(),
            Choices::Uniform(low, high) => Value::Number(between(*low, *high, share).clamp(*low, *high)),
            Choices::LogUniform(low, high) => {
                Value::Number(between(low.ln(), high.ln(), share).exp().clamp(*low, *high))
            }
            Choices::Integers(low, high) => {
                let span = high.abs_diff(*low).saturating_add(1);
                Value::Integer(low.wrapping_add_unsigned(below(span, number)))
            }
        };
        (it.step, it.name.clone(), value)
    };
    Trial { number: at + 1, values: search.parameters.iter().enumerate().map(value).collect() }
}

/// Both ends may be as far apart as numbers are.
fn between(low: f64, high: f64, share: f64) -> f64 {
    low * (1.0 - share) + high * share
}

fn number(philox: Philox, place: u64, which: u32) -> u64 {
    let [low, high, ..] = philox.block([place as u32, (place >> 32) as u32, DRAWN, which]);
    u64::from(high) << 32 | u64::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::search::Strategy;

    fn dimension(name: &str, choices: Choices) -> Dimension {
        Dimension { step: 0, name: name.into(), choices }
    }

    fn listed(name: &str, values: &[i64]) -> Dimension {
        dimension(name, Choices::Values(values.iter().map(|it| Value::Integer(*it)).collect()))
    }

    fn values(search: &SearchSpec, seed: u64) -> Vec<Vec<Value>> {
        of(search, seed).map(|trial| trial.values.into_iter().map(|(_, _, value)| value).collect()).collect()
    }

    fn random(parameters: Vec<Dimension>, n: usize) -> SearchSpec {
        SearchSpec { parameters, strategy: Strategy::Random, n_candidates: Some(n), ..SearchSpec::default() }
    }

    #[test]
    fn a_grid_is_every_combination_and_the_last_parameter_changes_fastest() {
        let search =
            SearchSpec { parameters: vec![listed("a", &[1, 2]), listed("b", &[5, 6, 7])], ..SearchSpec::default() };

        let pairs: Vec<_> = values(&search, 3);

        let expected = [[1, 5], [1, 6], [1, 7], [2, 5], [2, 6], [2, 7]].map(|pair| pair.map(Value::Integer).to_vec());
        assert_eq!(pairs, expected);
        assert_eq!(of(&search, 3).map(|it| it.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn of_lists_no_combination_is_drawn_twice_and_more_than_there_are_is_all_of_them() {
        let numbers: Vec<i64> = (0..10).collect();
        let search = |n| random(vec![listed("a", &numbers), listed("b", &numbers)], n);

        let drawn = values(&search(99), 7);

        let distinct: HashSet<String> = drawn.iter().map(|it| format!("{it:?}")).collect();
        assert_eq!((drawn.len(), distinct.len()), (99, 99));
        assert_eq!(values(&search(5_000), 7).len(), 100);
    }

    #[test]
    fn another_seed_draws_other_candidates_and_the_same_seed_the_same() {
        let search = random(vec![dimension("a", Choices::LogUniform(1e-3, 1e3))], 10);

        assert_eq!(values(&search, 1), values(&search, 1));
        assert_ne!(values(&search, 1), values(&search, 2));
    }

    /// Of 2,000 numbers; bounds are five deviations of a mean of as many uniform ones.
    #[test]
    fn numbers_are_drawn_evenly_over_their_range_and_never_outside() {
        let number = |value: &Value| match value {
            Value::Number(it) => *it,
            Value::Integer(it) => *it as f64,
            _ => unreachable!(),
        };
        let cases = [
            (Choices::Uniform(-3.0, 5.0), -3.0, 5.0, false),
            (Choices::LogUniform(1e-4, 1e2), 1e-4, 1e2, true),
            (Choices::Integers(-2, 6), -2.0, 6.0, false),
        ];
        for (choices, low, high, logarithmic) in cases {
            let drawn: Vec<f64> = values(&random(vec![dimension("a", choices.clone())], 2_000), 11)
                .iter()
                .map(|it| number(&it[0]))
                .collect();

            assert!(drawn.iter().all(|it| (low..=high).contains(it)), "{choices:?}");
            let scale = |it: f64| if logarithmic { it.ln() } else { it };
            let mean = drawn.iter().map(|it| scale(*it)).sum::<f64>() / 2_000.0;
            let (middle, width) = ((scale(low) + scale(high)) / 2.0, scale(high) - scale(low));
            assert!(
                (mean - middle).abs() < 5.0 * (width + 1.0) / 12f64.sqrt() / 2_000f64.sqrt(),
                "{choices:?}: {mean}"
            );
        }
    }

    #[test]
    fn both_ends_of_whole_numbers_are_drawn() {
        let drawn = values(&random(vec![dimension("a", Choices::Integers(1, 3))], 60), 5);

        for value in 1..=3 {
            assert!(drawn.contains(&vec![Value::Integer(value)]), "{value}");
        }
    }
}
