//! The votes of pairs of classes.

use super::NAME;
use super::pairs::{Machines, Pair, pairs};
use crate::data::Labels;
use crate::error::{Error, Result};
use crate::model::arrays::{Arrays, damaged};
use crate::model::classification::{self, classified, sigmoid};
use crate::model::kernels::{Dot, Panels, Real, in_rows, table};
use crate::model::precision::Precision;
use crate::model::svm::{Kernel, Settings, Support, add_up, finite, sum_of};
use crate::model::{Inputs, Model, Predictions};
use ndarray::{Array1, Array2, ArrayD, ArrayView2, arr0};
use std::sync::Arc;

/// Numbers that a model keeps, at most: a GiB.
const MOST_NUMBERS: usize = 1 << 27;

/// What a fit found, or a file holds.
#[derive(Debug)]
pub(super) struct Learned {
    form: Form,
    /// One for each pair.
    intercepts: Vec<f64>,
    classes: Arc<Labels>,
}

#[derive(Debug)]
enum Form {
    /// `(n_features, n_pairs)`
    Linear(Array2<f64>),
    /// Support vectors by class, `n_support` of each, and as in libsvm `n_classes - 1` rows of coefficients: those of the vectors
    /// of a class for its pairs with all other classes, in the order of these.
    Kernel { kernel: Kernel, vectors: Array2<f64>, dual_coef: Array2<f64>, n_support: Vec<usize> },
}

impl Learned {
    /// # Errors
    /// [`Error::InvalidArgument`] if there is more to keep than a model may.
    pub(super) fn of(machines: &Machines<'_>, learned: &[Pair], classes: &Arc<Labels>) -> Result<Self> {
        let intercepts = learned.iter().map(|pair| pair.intercept).collect();
        let form =
            if machines.kernel == Kernel::Linear { linear(machines, learned) } else { kernel(machines, learned) };
        Ok(Self { form: form?, intercepts, classes: classes.clone() })
    }

    /// # Errors
    /// [`Error::Damaged`] if an array is missing or of another shape.
    pub(super) fn read(settings: &Settings, arrays: &mut Arrays, inputs: &Inputs) -> Result<Self> {
        let classes = inputs.classes()?.clone();
        let n_pairs = classes.len() * (classes.len() - 1) / 2;
        let form = match settings.stored_kernel(arrays)? {
            None => Form::Linear(arrays.take("coefficients", (inputs.n_features, n_pairs))?),
            Some(kernel) => {
                let n_support = counts(&arrays.take("n_support", classes.len())?)?;
                let n_vectors = n_support.iter().sum();
                let vectors = arrays.take("support_vectors", (n_vectors, inputs.n_features))?;
                let dual_coef = arrays.take("dual_coef", (classes.len() - 1, n_vectors))?;
                Form::Kernel { kernel, vectors, dual_coef, n_support }
            }
        };
        Ok(Self { form, intercepts: arrays.take("intercepts", n_pairs)?.to_vec(), classes })
    }

    /// # Errors
    /// [`Error::InvalidArgument`] if a number is outside the range of the precision.
    pub(super) fn check(&self, precision: Precision) -> Result<()> {
        match &self.form {
            Form::Linear(coefficients) => precision.check(NAME, coefficients.iter().chain(&self.intercepts)),
            Form::Kernel { vectors, dual_coef, .. } => {
                precision.check(NAME, vectors.iter().chain(dual_coef).chain(&self.intercepts))
            }
        }
    }

    pub(super) fn model(self, precision: Precision) -> Box<dyn Model> {
        match precision {
            Precision::F64 => Box::new(Votes::<f64>::new(self)),
            Precision::F32 => Box::new(Votes::<f32>::new(self)),
        }
    }
}

fn counts(numbers: &Array1<f64>) -> Result<Vec<usize>> {
    let whole = |number: &f64| (0.0..MOST_NUMBERS as f64).contains(number) && number.fract() == 0.0;
    let counts = numbers.iter().map(|number| whole(number).then_some(*number as usize));
    counts.collect::<Option<_>>().ok_or_else(|| damaged("a class has no number of support vectors"))
}

fn check_numbers(numbers: usize) -> Result<()> {
    if numbers <= MOST_NUMBERS {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{NAME} would keep {numbers} coefficients for the pairs of its classes, and {MOST_NUMBERS} are the most; take fewer \
         classes or columns, or logistic_regression"
    )))
}

fn linear(machines: &Machines<'_>, learned: &[Pair]) -> Result<Form> {
    check_numbers(learned.len() * machines.rows.width)?;
    let mut coefficients = Array2::zeros((machines.rows.width, learned.len()));
    for (pair, mut column) in learned.iter().zip(coefficients.columns_mut()) {
        column.assign(&add_up(machines.rows, &pair.coefficients));
    }
    if coefficients.iter().any(|value: &f64| !value.is_finite()) {
        return Err(Error::overflow(
            format!("{NAME} found no finite coefficients because sums overflow"),
            "scale the columns first, for example with standard_scaler",
        ));
    }
    Ok(Form::Linear(coefficients))
}

fn kernel(machines: &Machines<'_>, learned: &[Pair]) -> Result<Form> {
    let mut is_support = vec![false; machines.rows.len()];
    for (row, coefficient) in learned.iter().flat_map(|pair| &pair.coefficients) {
        is_support[*row] |= *coefficient != 0.0;
    }
    let mut by_class = machines.by_class();
    by_class.iter_mut().for_each(|rows| rows.retain(|row| is_support[*row]));
    let (n_support, support): (Vec<usize>, Vec<usize>) = (by_class.iter().map(Vec::len).collect(), by_class.concat());
    let others = machines.n_classes - 1;
    check_numbers(support.len() * (others + machines.rows.width))?;
    let mut place_of = vec![0; machines.rows.len()];
    support.iter().enumerate().for_each(|(place, row)| place_of[*row] = place);
    let mut dual_coef = Array2::zeros((others, support.len()));
    for ((one, other), pair) in pairs(machines.n_classes).zip(learned) {
        for (row, coefficient) in pair.coefficients.iter().filter(|(_, it)| *it != 0.0) {
            let is_of_one = machines.rows.targets[*row] == one as f64;
            dual_coef[(if is_of_one { other - 1 } else { one }, place_of[*row])] = *coefficient;
        }
    }
    let vectors = Array2::from_shape_fn((support.len(), machines.rows.width), |(place, column)| {
        machines.rows.row(support[place])[column]
    });
    Ok(Form::Kernel { kernel: machines.kernel, vectors, dual_coef, n_support })
}

/// Each pair's `f(x)` is a vote for one of its classes.
#[derive(Debug)]
pub(super) struct Votes<T> {
    sums: Sums<T>,
    intercepts: Vec<f64>,
    classes: Arc<Labels>,
}

/// `f(x)` without the intercept.
#[derive(Debug)]
enum Sums<T> {
    Linear(Panels<T>),
    Kernel {
        support: Support<T>,
        /// The first vector of each class, and how many there are.
        borders: Vec<usize>,
        /// For each pair the coefficients of the vectors of its first class, and of its second.
        coefficients: Vec<[Dot<f64>; 2]>,
    },
}

impl<T: Real> Votes<T> {
    fn new(Learned { form, intercepts, classes }: Learned) -> Self {
        let round = |value: &f64| T::rounded(*value).widened();
        let sums = match form {
            Form::Linear(coefficients) => Sums::Linear(Panels::new(coefficients.view())),
            Form::Kernel { kernel, vectors, dual_coef, n_support } => {
                let borders: Vec<usize> = (0..=n_support.len()).map(|class| n_support[..class].iter().sum()).collect();
                let part = |row: usize, class: usize| {
                    let own = (borders[class]..borders[class + 1]).map(|vector| round(&dual_coef[(row, vector)]));
                    Dot::new(&own.collect::<Vec<f64>>())
                };
                let of_pair = |(one, other): (usize, usize)| [part(other - 1, one), part(one, other)];
                let coefficients = pairs(classes.len()).map(of_pair).collect();
                let support = Support::new(kernel, &in_rows(&vectors.view()), vectors.ncols());
                Sums::Kernel { support, borders, coefficients }
            }
        };
        Self { sums, intercepts: intercepts.iter().map(round).collect(), classes }
    }

    /// Calls `each` with `f(x)` of all pairs, row by row.
    pub(super) fn for_each(&self, rows: &[f64], mut each: impl FnMut(&[f64])) {
        match &self.sums {
            Sums::Linear(coefficients) => {
                for sums in coefficients.products(rows).chunks_exact_mut(self.intercepts.len()) {
                    sums.iter_mut().zip(&self.intercepts).for_each(|(sum, it)| *sum = finite(*sum + it));
                    each(sums);
                }
            }
            Sums::Kernel { support, borders, coefficients } => {
                let mut sums = vec![0.0; self.intercepts.len()];
                support.for_each(rows, |kernels| {
                    let of_class = |class: usize| &kernels[borders[class]..borders[class + 1]];
                    let all = pairs(self.classes.len()).zip(coefficients).zip(&self.intercepts).zip(&mut sums);
                    for ((((one, other), coefficients), intercept), sum) in all {
                        let both = sum_of(&coefficients[0], of_class(one)) + sum_of(&coefficients[1], of_class(other));
                        *sum = finite(both + intercept);
                    }
                    each(&sums);
                });
            }
        }
    }
}

/// Of each class its votes, and of equals which one by how far: what all pairs say of it, squeezed into less than a third of a vote.
pub(super) fn one_vs_rest(sums: &[f64], n_classes: usize) -> impl Iterator<Item = f64> {
    let mut classes = vec![(0.0, 0.0); n_classes];
    for ((one, other), sum) in pairs(n_classes).zip(sums) {
        classes[if *sum > 0.0 { one } else { other }].0 += 1.0;
        classes[one].1 += sum;
        classes[other].1 -= sum;
    }
    classes.into_iter().map(|(votes, sum): (f64, f64)| {
        let far = finite(sum);
        votes + far / (far.abs() + 1.0) / 3.0
    })
}

impl<T: Real> Model for Votes<T> {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        let n_classes = self.classes.len();
        let mut probabilities = Vec::with_capacity(features.nrows() * n_classes);
        self.for_each(&in_rows(&features), |sums| match sums {
            [sum] => probabilities.extend([sigmoid(*sum), sigmoid(-sum)]),
            sums => {
                let from = probabilities.len();
                probabilities.resize(from + n_classes, 0.0);
                let winners =
                    pairs(n_classes).zip(sums).map(|((one, other), sum)| if *sum > 0.0 { one } else { other });
                winners.for_each(|class| probabilities[from + class] += 1.0);
                probabilities[from..].iter_mut().for_each(|votes| *votes /= sums.len() as f64);
            }
        });
        classified(probabilities, &self.classes)
    }

    fn decisions(&self, features: ArrayView2<'_, f64>) -> Option<Array2<f64>> {
        let n_classes = self.classes.len();
        let mut decisions = Vec::with_capacity(features.nrows() * n_classes);
        self.for_each(&in_rows(&features), |sums| match sums {
            [sum] => decisions.extend([*sum, -sum]),
            sums => decisions.extend(one_vs_rest(sums, n_classes)),
        });
        Some(table(decisions, features.nrows(), n_classes))
    }

    fn answer_bytes(&self) -> usize {
        classification::answer_bytes(&self.classes)
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let intercepts = Array1::from(self.intercepts.clone()).into_dyn();
        let Sums::Kernel { support, borders, coefficients } = &self.sums else {
            let Sums::Linear(coefficients) = &self.sums else { return vec![] };
            return vec![("coefficients", coefficients.to_array().into_dyn()), ("intercepts", intercepts)];
        };
        let vectors = support.to_array();
        let mut dual_coef = Array2::zeros((self.classes.len() - 1, vectors.nrows()));
        for ((one, other), [of_one, of_other]) in pairs(self.classes.len()).zip(coefficients) {
            for (coefficients, class, row) in [(of_one, one, other - 1), (of_other, other, one)] {
                for (vector, coefficient) in (borders[class]..).zip(coefficients.weights()) {
                    dual_coef[(row, vector)] = coefficient;
                }
            }
        }
        let n_support: Array1<f64> = borders.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
        let mut arrays = vec![
            ("support_vectors", vectors.into_dyn()),
            ("dual_coef", dual_coef.into_dyn()),
            ("n_support", n_support.into_dyn()),
            ("intercepts", intercepts),
        ];
        arrays.extend(support.gamma().map(|gamma| ("gamma", arr0(gamma).into_dyn())));
        arrays
    }
}
