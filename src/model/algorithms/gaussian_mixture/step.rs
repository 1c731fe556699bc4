//! One iteration of expectation-maximisation: what each row owes to each component, and the components that suit that best.

use super::covariance::{BLOCK, Covariance, Densities, Mixture, deviate};
use crate::model::Rows;
use crate::model::classification::softmax;
use crate::model::kernels::{Panels, first_smallest};
use crate::model::random::Philox;
use crate::model::summation::Summation;
use ndarray::{Array1, Array2, ArrayD, IxDyn};

/// What random numbers are for; part of their counter.
const RESPONSIBILITIES: u32 = 14;

/// What says how much of a row belongs to each component.
pub(super) enum Responsible<'a> {
    /// The components themselves.
    Densities(&'a Densities),
    /// All of it to the nearest centre.
    Nearest(Panels<f64>),
    /// Chance, in this run.
    Chance(Philox, usize),
}

impl Responsible<'_> {
    /// Of each row the shares of all components, which sum to 1; and the logarithm of its density, 0 if no component has one.
    fn shares(&self, rows: &[f64], first: usize, n_components: usize, n_features: usize) -> (Vec<f64>, Vec<f64>) {
        match self {
            Self::Densities(densities) => {
                let mut scores = densities.scores(rows);
                let logarithms = scores.chunks_exact_mut(n_components).map(softmax).collect();
                (scores, logarithms)
            }
            Self::Nearest(centres) => {
                let mut shares = centres.squared_distances(rows);
                for row in shares.chunks_exact_mut(n_components) {
                    let nearest = first_smallest(row);
                    row.fill(0.0);
                    row[nearest] = 1.0;
                }
                (shares, vec![0.0; rows.len() / n_features])
            }
            Self::Chance(philox, run) => {
                let n_rows = rows.len() / n_features;
                let mut shares = Vec::with_capacity(n_rows * n_components);
                for row in first..first + n_rows {
                    let own = (0..n_components).map(|component| {
                        let purpose = RESPONSIBILITIES << 16 | *run as u32;
                        let place = [row as u32, (row >> 32) as u32, component as u32, purpose];
                        f64::from(philox.block(place)[0]) + 1.0
                    });
                    let own: Vec<f64> = own.collect();
                    let all: f64 = own.iter().sum();
                    shares.extend(own.into_iter().map(|it| it / all));
                }
                (shares, vec![0.0; n_rows])
            }
        }
    }
}

/// The sum that an iteration is: everything of the rows that new components depend on.
pub(super) struct Expectation<'a> {
    pub(super) responsible: Responsible<'a>,
    /// What deviations are counted from, a row for each component: near its mean, or digits are lost.
    pub(super) origins: &'a Array2<f64>,
    pub(super) covariance: Covariance,
}

/// What some rows come to.
#[derive(Debug)]
pub(super) struct Sums {
    /// Of the rows.
    weight: f64,
    /// The logarithms of their densities.
    logarithms: f64,
    /// Of each component, its shares of rows.
    shares: Vec<f64>,
    /// Of each component, deviations from its origin.
    deviations: Vec<f64>,
    /// Products of deviations: the lower half of those of two columns, or the squares of each; of each component or of all.
    products: Vec<f64>,
}

impl Summation for Expectation<'_> {
    type Partial = Sums;

    fn partial(&self, shard: Rows<'_>) -> Sums {
        let (n_components, n_features) = self.origins.dim();
        let mut sums = Sums {
            weight: 0.0,
            logarithms: 0.0,
            shares: vec![0.0; n_components],
            deviations: vec![0.0; n_components * n_features],
            products: vec![0.0; self.n_products()],
        };
        let mut deviations = Vec::with_capacity(BLOCK * n_features);
        let blocks = shard.values().chunks(BLOCK * n_features).zip(shard.weights.chunks(BLOCK));
        for (number, (rows, weights)) in blocks.enumerate() {
            let first = shard.first() + number * BLOCK;
            let (shares, logarithms) = self.responsible.shares(rows, first, n_components, n_features);
            sums.weight += weights.iter().sum::<f64>();
            sums.logarithms += logarithms.iter().zip(weights).map(|(it, weight)| it * weight).sum::<f64>();
            for component in 0..n_components {
                deviate(rows, self.origins.row(component), &mut deviations);
                let shares = shares.iter().skip(component).step_by(n_components);
                let shares = shares.zip(weights).map(|(share, weight)| share * weight);
                self.add(&mut sums, component, &deviations, shares);
            }
        }
        sums
    }

    fn merge(&self, mut left: Sums, right: Sums) -> Sums {
        left.weight += right.weight;
        left.logarithms += right.logarithms;
        for (left, right) in [
            (&mut left.shares, right.shares),
            (&mut left.deviations, right.deviations),
            (&mut left.products, right.products),
        ] {
            left.iter_mut().zip(right).for_each(|(left, right)| *left += right);
        }
        left
    }
}

impl Expectation<'_> {
    fn n_products(&self) -> usize {
        let (n_components, n_features) = self.origins.dim();
        match self.covariance {
            Covariance::Full => n_components * n_features * n_features,
            Covariance::Tied => n_features * n_features,
            Covariance::Diagonal | Covariance::Spherical => n_components * n_features,
        }
    }

    /// Adds rows to the sums of a component.
    fn add(&self, sums: &mut Sums, component: usize, deviations: &[f64], shares: impl Iterator<Item = f64>) {
        let n_features = self.origins.ncols();
        let (own, square) = (component * n_features, n_features * n_features);
        let of_deviations = &mut sums.deviations[own..own + n_features];
        let of_products = match self.covariance {
            Covariance::Full => &mut sums.products[component * square..(component + 1) * square],
            Covariance::Tied => &mut sums.products[..],
            Covariance::Diagonal | Covariance::Spherical => &mut sums.products[own..own + n_features],
        };
        for (row, share) in deviations.chunks_exact(n_features).zip(shares).filter(|(_, share)| *share > 0.0) {
            sums.shares[component] += share;
            of_deviations.iter_mut().zip(row).for_each(|(sum, it)| *sum += share * it);
            match self.covariance {
                Covariance::Full | Covariance::Tied => {
                    for ((at, one), products) in row.iter().enumerate().zip(of_products.chunks_exact_mut(n_features)) {
                        let one = share * one;
                        products.iter_mut().zip(&row[..=at]).for_each(|(sum, other)| *sum += one * other);
                    }
                }
                Covariance::Diagonal | Covariance::Spherical => {
                    of_products.iter_mut().zip(row).for_each(|(sum, it)| *sum += share * it * it);
                }
            }
        }
    }
}

impl Sums {
    /// The mean of the logarithms of all rows' densities.
    pub(super) fn log_likelihood(&self) -> f64 {
        self.logarithms / self.weight
    }

    /// The components of greatest likelihood, with a number added to each variance.
    pub(super) fn maximised(&self, origins: &Array2<f64>, covariance: Covariance, reg_covar: f64) -> Mixture {
        let (n_components, n_features) = origins.dim();
        // As scikit-learn has it: no component is without weight.
        let weights: Array1<f64> = self.shares.iter().map(|share| share + 10.0 * f64::EPSILON).collect();
        let moved =
            |component: usize, column: usize| self.deviations[component * n_features + column] / weights[component];
        let means = Array2::from_shape_fn(origins.dim(), |(component, column)| {
            origins[(component, column)] + moved(component, column)
        });
        // What products of deviations from the mean are less than those from the origin, with the weight of the component.
        let less = |component: usize, one: usize, other: usize| {
            let shift = moved(component, one) * moved(component, other);
            shift * (2.0 * weights[component] - self.shares[component])
        };
        let shape = covariance.shape(n_components, n_features);
        let covariances = match covariance {
            Covariance::Full => ArrayD::from_shape_fn(IxDyn(&shape), |at| {
                let (low, high) = (at[1].max(at[2]), at[1].min(at[2]));
                let products = self.products[(at[0] * n_features + low) * n_features + high];
                (products - less(at[0], low, high)) / weights[at[0]] + if low == high { reg_covar } else { 0.0 }
            }),
            Covariance::Tied => ArrayD::from_shape_fn(IxDyn(&shape), |at| {
                let (low, high) = (at[0].max(at[1]), at[0].min(at[1]));
                let shifts: f64 = (0..n_components).map(|component| less(component, low, high)).sum();
                let products = self.products[low * n_features + high];
                (products - shifts) / weights.sum() + if low == high { reg_covar } else { 0.0 }
            }),
            Covariance::Diagonal | Covariance::Spherical => {
                let variance = |component: usize, column: usize| {
                    let squares = self.products[component * n_features + column];
                    (squares - less(component, column, column)) / weights[component] + reg_covar
                };
                ArrayD::from_shape_fn(IxDyn(&shape), |at| match covariance {
                    Covariance::Diagonal => variance(at[0], at[1]),
                    _ => (0..n_features).map(|column| variance(at[0], column)).sum::<f64>() / n_features as f64,
                })
            }
        };
        let all = weights.sum();
        Mixture { covariance, weights: weights / all, means, covariances }
    }
}
