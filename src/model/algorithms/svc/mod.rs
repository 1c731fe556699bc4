//! Classification by the widest margins between classes.

mod pairs;
mod votes;

#[cfg(test)]
mod tests;

use self::pairs::Machines;
use self::votes::Learned;
use crate::error::Result;
use crate::model::arrays::Arrays;
use crate::model::class_weights;
use crate::model::svm::{Distinct, Settings};
use crate::model::{
    About, Algorithm, Bounds, Estimator, FittedStep, Inputs, Kind, Model, ParameterSpec, Parameters, Training,
    UnfittedStep,
};

const NAME: &str = "svc";

/// A support vector machine for two or many classes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Svc;

impl Algorithm for Svc {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Classifier,
            summary: "Separates classes by the widest margin, in the space of a kernel.",
            details: &[
                "For two classes finds `f(x) = sum_i beta_i k(x_i, x) + b` that minimises `|w|^2 / 2 + C sum_i max(0, 1 \
                 - y_i f(x_i))`, with `y_i` 1 or -1 and `|w|^2 = sum_ij beta_i beta_j k(x_i, x_j)`. Each pair of more \
                 classes has its own `f`, which is one vote; the class of most votes is the answer, the first one of \
                 equals, as in scikit-learn.",
                "Probabilities are not calibrated: `1 / (1 + exp(-f))` for two classes, and shares of the votes for \
                 more. A step `platt_calibration` behind it calibrates them; scikit-learn's `probability` is deprecated in favour \
                 of the same.",
                "A linear model keeps a coefficient for each column and pair, others their support vectors. Work grows with the square of rows, of which 100,000 are the most that are taken. Scale the columns \
                 first, for example with `standard_scaler`.",
                "C. Cortes, V. Vapnik, \"Support-vector networks\" (1995), doi:10.1007/BF00994018; by SMO: R.-E. Fan, \
                 P.-H. Chen, C.-J. Lin, \"Working set selection using second order information for training support \
                 vector machines\" (2005); C.-C. Chang, C.-J. Lin, \"LIBSVM: a library for support vector machines\" \
                 (2011), doi:10.1145/1961189.1961199.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let (kernel, solver) = Settings::parameters();
        let cost =
            ParameterSpec::positive("C", 1.0, "What a row on the wrong side of its margin costs, times its weight.");
        [&[cost][..], &kernel, &[class_weights::parameter()], &solver].concat()
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Margins { cost: parameters.number("C"), settings: Settings::of(parameters) }))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        let settings = Settings::of(parameters);
        Ok(FittedStep::Model(Learned::read(&settings, arrays, inputs)?.model(settings.precision)))
    }
}

#[derive(Debug)]
struct Margins {
    cost: f64,
    settings: Settings,
}

impl Estimator for Margins {
    fn check_rows(&self, n_rows: usize, bounds: &Bounds) -> Result<()> {
        Settings::check_rows(NAME, n_rows, bounds)
    }

    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        self.settings.check_size(NAME, training)?;
        let (indices, labels) = training.rows.targets.classes()?;
        let rows = Distinct::of(training.rows, |row| indices[row] as f64);
        let kernel = self.settings.kernel(NAME, &rows)?;
        let costs: Vec<f64> = rows.weights.iter().map(|weight| (self.cost * weight).min(f64::MAX)).collect();
        let machines = Machines { rows: &rows, n_classes: labels.len(), kernel, costs: &costs };
        let solutions = machines.solve(self.settings.limits, training)?;
        let learned = Learned::of(&machines, &solutions, labels)?;
        learned.check(self.settings.precision)?;
        Ok(learned.model(self.settings.precision))
    }
}
