//! Least-angle regression.

use crate::error::Result;
use crate::model::arrays::Arrays;
use crate::model::linear_model::Link;
use crate::model::numerics::CrossProducts;
use crate::model::precision::Precision;
use crate::model::{
    About, Algorithm, Estimator, FittedStep, Inputs, Kind, Model, ParameterSpec, Parameters, Training, UnfittedStep,
};
use ndarray::Array1;

const NAME: &str = "lars";

/// Takes columns in one by one, always the one that goes best with what is left of the target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lars;

impl Algorithm for Lars {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Regressor,
            summary: "Least-angle regression: takes columns in one by one, always the one that goes best with what is \
                left of the target.",
            details: &[
                "From 0, coefficients grow in the direction that has the same angle to all columns which are in, until \
                 one more column goes as well with the residual as they do; then it is in too. With all columns in, \
                 the last step ends at least squares. A column that is a combination of those which are in stays out.",
                "B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, \"Least angle regression\" (2004), \
                 doi:10.1214/009053604000000067.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::integer("n_nonzero_coefs", 500, (1, 10_000), "Most columns that are taken in."),
            ParameterSpec::flag("fit_intercept", true, "Learn an intercept; otherwise it is 0."),
            Precision::parameter(),
        ]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(LeastAngle {
            most: parameters.count("n_nonzero_coefs"),
            fit_intercept: parameters.flag("fit_intercept"),
            precision: Precision::of(parameters),
        }))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        Link::Identity.load(NAME, parameters, arrays, inputs)
    }
}

#[derive(Debug)]
struct LeastAngle {
    most: usize,
    fit_intercept: bool,
    precision: Precision,
}

impl Estimator for LeastAngle {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        let rows = CrossProducts::of(training, self.fit_intercept, NAME)?;
        let mut path = Path::start(&rows);
        let ask =
            |n_in: usize| training.progress.report(&format!("fitting {NAME}"), n_in as f64 / rows.x.ncols() as f64);
        while path.columns.len() < self.most && path.take_in(&rows, ask)? {
            path.go_on(&rows);
        }
        Link::Identity.model(NAME, self.precision, &path.coefficients, rows.intercept(&path.coefficients))
    }
}

/// How far it has come.
struct Path {
    coefficients: Array1<f64>,
    residual: Array1<f64>,
    /// Those that are in, in their order, and the signs of their correlations.
    columns: Vec<usize>,
    signs: Vec<f64>,
    /// Orthonormal vectors that span them, and what they are of these: `x = basis^T triangle`, column by column.
    basis: Vec<Array1<f64>>,
    triangle: Vec<Vec<f64>>,
    /// Those that stay out.
    out: Vec<bool>,
}

impl Path {
    fn start(rows: &CrossProducts) -> Self {
        let n_features = rows.x.ncols();
        Self {
            coefficients: Array1::zeros(n_features),
            residual: rows.y.column(0).to_owned(),
            columns: vec![],
            signs: vec![],
            basis: vec![],
            triangle: vec![],
            out: (0..n_features).map(|at| rows.is_constant(at)).collect(),
        }
    }

    /// Takes the column in that goes best with the residual; false if there is none left. `ask` is told how many are in before
    /// each that is tried.
    fn take_in(&mut self, rows: &CrossProducts, ask: impl Fn(usize) -> Result<()>) -> Result<bool> {
        loop {
            ask(self.columns.len())?;
            let correlations = rows.x.t().dot(&self.residual);
            let free = (0..self.out.len()).filter(|at| !self.out[*at] && !self.columns.contains(at));
            let best =
                free.reduce(|best, at| if correlations[at].abs() > correlations[best].abs() { at } else { best });
            let Some(best) = best.filter(|best| correlations[*best] != 0.0) else { return Ok(false) };
            if self.orthogonalise(rows, best) {
                self.columns.push(best);
                self.signs.push(correlations[best].signum());
                return Ok(true);
            }
            self.out[best] = true;
        }
    }

    /// False if the column is a combination of those that are in.
    fn orthogonalise(&mut self, rows: &CrossProducts, column: usize) -> bool {
        let mut rest = rows.x.column(column).to_owned();
        let mut shares = vec![0.0; self.basis.len()];
        for _ in 0..2 {
            for (known, share) in self.basis.iter().zip(&mut shares) {
                let by = known.dot(&rest);
                rest.scaled_add(-by, known);
                *share += by;
            }
        }
        let norm = rest.dot(&rest).sqrt();
        if norm <= rows.rounding(column) {
            return false;
        }
        shares.push(norm);
        self.basis.push(rest / norm);
        self.triangle.push(shares);
        true
    }

    /// In the direction of equal angles, until another column goes as well with the residual, or none of it is left.
    fn go_on(&mut self, rows: &CrossProducts) {
        let (direction, angle) = self.direction();
        let ahead = self.columns.iter().zip(&direction).fold(Array1::zeros(rows.x.nrows()), |mut sum, (at, by)| {
            sum.scaled_add(*by, &rows.x.column(*at));
            sum
        });
        let (correlations, changes) = (rows.x.t().dot(&self.residual), rows.x.t().dot(&ahead));
        let most = self.columns.iter().map(|at| correlations[*at].abs()).fold(0.0, f64::max);
        let meets = |at: usize| {
            let steps =
                [(most - correlations[at]) / (angle - changes[at]), (most + correlations[at]) / (angle + changes[at])];
            steps.into_iter().filter(|step| *step > 0.0).fold(f64::INFINITY, f64::min)
        };
        let free = (0..self.out.len()).filter(|at| !self.out[*at] && !self.columns.contains(at));
        let step = free.map(meets).fold(most / angle, f64::min);
        for (at, by) in self.columns.iter().zip(&direction) {
            self.coefficients[*at] += step * by;
        }
        self.residual.scaled_add(-step, &ahead);
    }

    /// The change of each coefficient that is in, of length 1 in the space of rows, and how fast all correlations fall by it.
    fn direction(&self) -> (Vec<f64>, f64) {
        // r^T r d = signs, by substitution forwards and backwards.
        let n = self.columns.len();
        let mut half = self.signs.clone();
        for at in 0..n {
            let known: f64 = (0..at).map(|other| self.triangle[at][other] * half[other]).sum();
            half[at] = (half[at] - known) / self.triangle[at][at];
        }
        let mut direction = half;
        for at in (0..n).rev() {
            let known: f64 = (at + 1..n).map(|other| self.triangle[other][at] * direction[other]).sum();
            direction[at] = (direction[at] - known) / self.triangle[at][at];
        }
        let angle = direction.iter().zip(&self.signs).map(|(by, sign)| by * sign).sum::<f64>().sqrt().recip();
        direction.iter_mut().for_each(|by| *by *= angle);
        (direction, angle)
    }
}
