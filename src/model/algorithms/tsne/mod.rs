//! Places in a few dimensions that keep neighbours together.

mod affinities;
mod barnes_hut;
mod descent;
mod exact;
mod near;
mod objective;
mod start;
mod tree;

#[cfg(test)]
mod tests;

use self::barnes_hut::{BarnesHut, MOST_COMPONENTS};
use self::descent::{EARLY, End, Rules, descend};
use self::exact::Exact;
use self::near::Near;
use self::objective::{Objective, Wanted};
use crate::error::{Error, Result};
use crate::model::arrays::Arrays;
use crate::model::bounds::{RowLimit, bytes_of_pairs};
use crate::model::neighbours::Metric;
use crate::model::transduction::check_weights;
use crate::model::{
    About, Algorithm, FittedStep, Inputs, Kind, ParameterSpec, Parameters, Training, TrainingResult, Transduced,
    Transductive, UnfittedStep,
};
use ndarray::Array2;

const NAME: &str = "tsne";

/// The share of a fit that goes before the descent.
const BEFORE: f64 = 0.1;

/// Puts rows where their neighbours are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tsne;

impl Algorithm for Tsne {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Transformer,
            summary: "Puts rows into two or three dimensions so that neighbours stay together, to be looked at.",
            details: &[
                "Minimises the Kullback-Leibler divergence `sum p_ij ln(p_ij / q_ij)`. `p_ij` tells how close rows are, by \
                 Gaussians as wide as it takes to give each row `perplexity` neighbours, about; `q_ij` how close their \
                 places are, by Student's t distribution. The steps are scikit-learn's: 250 iterations of momentum 0.5 in which \
                 `p_ij` is multiplied by `early_exaggeration`, then momentum 0.8 until `max_iter`, or until the divergence has \
                 stopped to fall.",
                "Two methods. barnes_hut gives each row `p_ij` with its `3 perplexity + 1` nearest rows, none with others, and a \
                 tree of boxes around the places: what drives a place away from those in a box is taken from their mean, \
                 in two dimensions `n_box t^2 (y_i - mean)` with `t = 1 / (1 + |y_i - mean|^2)`, where the box's diagonal is at most `angle` times as long as the \
                 way to the mean. Time grows with `n log n` once the nearest rows are found, memory with `n perplexity`. exact looks at all \
                 pairs of rows in each iteration, in any number of dimensions.",
                "It places the rows that it is trained on and no others: `get_training_result` reads the embedding. The \
                 metric is `kl_divergence`. It takes no weights. Scale columns first that have different units.",
                "L. van der Maaten, G. Hinton, \"Visualizing data using t-SNE\" (2008); L. van der Maaten, \"Accelerating t-SNE using \
                 tree-based algorithms\" (2014). At most 100,000 rows, or `training.max_tsne_rows`; with the method exact, whose memory and \
                 time grow with their square, 5,000, or `training.max_exact_tsne_rows`.",
            ],
        }
    }

    fn is_transductive(&self) -> bool {
        true
    }

    fn refuses_weights(&self) -> Option<&'static str> {
        Some("places each row once, whatever it weighs")
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let perplexity = "Neighbours that count, about; below the number of rows.";
        let exaggeration = "How much closer rows are made in the first 250 iterations.";
        let learning_rate = "Length of steps; auto: the number of rows / early_exaggeration / 4, and at least 50.";
        let patience = "Iterations after the first 250 that may pass without a smaller divergence.";
        let init = "First places: principal components, or by chance.";
        let method = "Boxes stand for what is far, or all pairs of rows are looked at.";
        let angle =
            "How wide a box looks that stands for its places with barnes_hut: diagonal / distance. 0: none does.";
        vec![
            ParameterSpec::integer("n_components", 2, (1, 10), "Dimensions; with barnes_hut at most 3."),
            ParameterSpec::positive("perplexity", 30.0, perplexity),
            ParameterSpec::number("early_exaggeration", 12.0, (1.0, 1e6), exaggeration),
            ParameterSpec::positive_or("learning_rate", &["auto"], learning_rate),
            ParameterSpec::integer("max_iter", 1_000, (250, 100_000), "Most iterations."),
            ParameterSpec::integer("n_iter_without_progress", 300, (0, 100_000), patience),
            ParameterSpec::not_negative("min_grad_norm", 1e-7, "A gradient that is no longer ends it."),
            ParameterSpec::one_of("init", &["pca", "random"], init),
            ParameterSpec::one_of("method", &["barnes_hut", "exact"], method),
            ParameterSpec::number("angle", 0.5, (0.0, 1.0), angle),
        ]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Transductive(Box::new(Embedding {
            n_components: parameters.count("n_components"),
            perplexity: parameters.number("perplexity"),
            exaggeration: parameters.number("early_exaggeration"),
            learning_rate: parameters.number_unless_word("learning_rate"),
            max_iter: parameters.count("max_iter"),
            patience: parameters.count("n_iter_without_progress"),
            min_grad_norm: parameters.number("min_grad_norm"),
            init: match parameters.text("init") {
                "random" => Init::Random,
                _ => Init::PrincipalComponents,
            },
            method: match parameters.text("method") {
                "exact" => Method::Exact,
                _ => Method::BarnesHut { angle: parameters.number("angle") },
            },
        }))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, _: &Inputs) -> Result<FittedStep> {
        TrainingResult::load(arrays).map(FittedStep::Result)
    }
}

#[derive(Clone, Copy, Debug)]
enum Init {
    PrincipalComponents,
    Random,
}

#[derive(Clone, Copy, Debug)]
enum Method {
    BarnesHut { angle: f64 },
    Exact,
}

impl Method {
    /// What states of the descent are kept under: those of one method are none of the other.
    fn checkpoint(self) -> &'static str {
        match self {
            Self::BarnesHut { .. } => "tsne_barnes_hut",
            Self::Exact => NAME,
        }
    }
}

#[derive(Clone, Debug)]
struct Embedding {
    n_components: usize,
    perplexity: f64,
    exaggeration: f64,
    learning_rate: Option<f64>,
    max_iter: usize,
    patience: usize,
    min_grad_norm: f64,
    init: Init,
    method: Method,
}

impl Transductive for Embedding {
    fn fit(&self, training: &Training<'_>) -> Result<Transduced> {
        let n_rows = training.rows.len();
        self.check(training)?;
        let objective = self.objective(training)?;
        let first = match self.init {
            Init::PrincipalComponents => start::principal_components(training, self.n_components)?,
            Init::Random => start::random(training, self.n_components),
        };
        let ask = |iteration: usize| {
            let message = format!("fitting tsne, iteration {} of {}", iteration + 1, self.max_iter);
            let share = iteration as f64 / self.max_iter as f64;
            training.progress.report(&message, BEFORE + (1.0 - BEFORE) * share)
        };
        let auto = || (n_rows as f64 / self.exaggeration / 4.0).max(50.0);
        let rules = Rules {
            exaggeration: self.exaggeration,
            learning_rate: self.learning_rate.unwrap_or_else(auto),
            momentum: 0.5,
            patience: EARLY,
            min_grad_norm: self.min_grad_norm,
        };
        let checkpoint = || training.checkpoint(self.method.checkpoint());
        let End { places, next } = descend(&*objective, first, 0..EARLY, rules, &checkpoint(), &ask)?;
        let rules = Rules { exaggeration: 1.0, momentum: 0.8, patience: self.patience, ..rules };
        let End { places, next } = descend(&*objective, places, next..self.max_iter, rules, &checkpoint(), &ask)?;
        let divergence = objective.slope(&places, 1.0, Wanted::Divergence, &|| ask(next))?.divergence;
        let found = Array2::from_shape_vec((n_rows, self.n_components), places);
        let found = found.map_err(|error| Error::internal(error.to_string()))?;
        if !divergence.is_finite() || found.iter().any(|place| !place.is_finite()) {
            return Err(Error::invalid(format!(
                "{NAME} has left the range of numbers with learning_rate {:?}; take a smaller one",
                rules.learning_rate
            )));
        }
        let metrics = [("kl_divergence".to_owned(), divergence)].into();
        Ok(Transduced { result: TrainingResult::Embedding(found), metrics })
    }
}

impl Embedding {
    fn objective(&self, training: &Training<'_>) -> Result<Box<dyn Objective>> {
        let (n_rows, n_components, threads) = (training.rows.len(), self.n_components, training.threads);
        let Method::BarnesHut { angle } = self.method else {
            let affinities = affinities::of(training, self.perplexity)?;
            return Ok(Box::new(Exact { affinities, n_rows, n_components, threads }));
        };
        let near = Near::of(training, self.perplexity)?;
        Ok(match n_components {
            1 => Box::new(BarnesHut::<1>::new(near, angle, threads)),
            2 => Box::new(BarnesHut::<2>::new(near, angle, threads)),
            _ => Box::new(BarnesHut::<MOST_COMPONENTS>::new(near, angle, threads)),
        })
    }

    fn check(&self, training: &Training<'_>) -> Result<()> {
        let (rows, n_rows) = (training.rows, training.rows.len());
        self.check_size(training)?;
        check_weights(NAME, rows.weights)?;
        if self.perplexity >= n_rows as f64 || n_rows < 3 {
            return Err(Error::invalid(format!(
                "{NAME} parameter perplexity is {:?} and there are {n_rows} rows; take a perplexity below the number of rows, of \
                 which there are three or more",
                self.perplexity
            )));
        }
        match Metric::Euclidean.objection(rows.values(), rows.n_features()) {
            Some(objection) => Err(Error::invalid(format!("{objection} ({NAME})"))),
            None => Ok(()),
        }
    }

    fn check_size(&self, training: &Training<'_>) -> Result<()> {
        let n_rows = training.rows.len();
        if let Method::Exact = self.method {
            training.check_rows(NAME, RowLimit::ExactTsne, "memory grows with their square")?;
            return training.check_memory(NAME, "how near each pair of rows is", bytes_of_pairs(n_rows, 2));
        }
        if self.n_components > MOST_COMPONENTS {
            return Err(Error::invalid(format!(
                "{NAME} parameter n_components is {} and its method barnes_hut takes at most {MOST_COMPONENTS}; take fewer, or method = \
                 \"exact\"",
                self.n_components
            )));
        }
        training.check_rows(NAME, RowLimit::Tsne, "time grows faster than their number")?;
        let bytes = near::bytes(n_rows, training.rows.n_features(), self.perplexity);
        training.check_memory(NAME, "how near neighbours are", bytes)
    }
}
