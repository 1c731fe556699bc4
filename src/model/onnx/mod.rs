//! Models as ONNX: the answers of a pipeline, written as a graph of operators that other runtimes compute.
//!
//! A step describes itself by the operators of a [`Graph`], beside the code that answers. Everything is f64, as here: a
//! threshold or a coefficient that were rounded to f32 would send rows down other branches. The operators are those of opset 13,
//! and for trees `TreeEnsemble` of `ai.onnx.ml` 5, the first one that is in doubles throughout.
//! <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>, <https://onnx.ai/onnx/operators/>.

mod graph;
mod protobuf;
mod trees;

#[cfg(test)]
mod tests;

pub use graph::{Answer, Edge, Graph};
pub(super) use trees::{Leaf, Nodes};

use super::columns::passing_by;
use super::last::Last;
use super::pipeline::TransformerStep;
use super::{LoadedModel, Outputs, Pipeline};
use crate::error::{Error, Result};
use graph::{Element, stated};
use protobuf::Message;

/// What can be exported with parameters left as they are. `svr` and `one_class_svm` with a linear kernel can as well.
pub const EXPORTED: &[&str] = &[
    "bernoulli_nb",
    "decision_tree_classifier",
    "decision_tree_regressor",
    "elastic_net",
    "fast_ica",
    "ftrl_classifier",
    "gamma_regressor",
    "gaussian_random_projection",
    "k_means",
    "lars",
    "lasso",
    "linear_regression",
    "logistic_regression",
    "max_abs_scaler",
    "min_max_scaler",
    "mini_batch_k_means",
    "mlp_classifier",
    "mlp_regressor",
    "multi_task_elastic_net",
    "multi_task_lasso",
    "multinomial_nb",
    "pca",
    "pls_regression",
    "poisson_regressor",
    "random_forest_classifier",
    "random_forest_regressor",
    "ridge",
    "robust_scaler",
    "sgd_regressor",
    "sparse_random_projection",
    "standard_scaler",
    "tweedie_regressor",
];

/// The one tensor that goes in: `(rows, columns)`, the columns as in the schema.
const INPUT: &str = "features";

impl LoadedModel {
    /// The model as the bytes of an ONNX file, which answers what [`Pipeline::predict`] does. The same model gives the same bytes.
    ///
    /// # Errors
    /// [`Error::FailedPrecondition`] that names the step which cannot be exported, and those that can.
    pub fn to_onnx(&self) -> Result<Vec<u8>> {
        let name = format!("{}@{}", self.name, self.version);
        let mut graph = Graph::default();
        let outputs = self.pipeline.trace(&mut graph).map_err(|step| {
            Error::precondition(format!(
                "step {step} of model \"{name}\" cannot be written as ONNX; these can: {}, and svr and one_class_svm with a linear kernel",
                EXPORTED.join(", ")
            ))
        })?;
        let schema = self.pipeline.schema();
        let features = stated(INPUT, Element::Double, Some(schema.features.len()));
        let model = graph.into_model(self.name.as_str(), features, outputs);
        let model = model.bytes(2, "modelwire").bytes(3, env!("CARGO_PKG_VERSION"));
        let names: Vec<&str> = schema.features.iter().map(|feature| feature.name.as_str()).collect();
        let names = serde_json::to_string(&names).map_err(|error| Error::internal(error.to_string()))?;
        let notes =
            [("model", name), ("features", names)].map(|(key, value)| Message::default().bytes(1, key).bytes(2, value));
        let version = i64::try_from(self.version).unwrap_or(i64::MAX);
        Ok(model.integer(5, version).messages(14, notes).into_bytes())
    }
}

impl Pipeline {
    /// Writes all steps; answers what comes out. `Err`: the algorithm that cannot be written.
    fn trace(&self, graph: &mut Graph) -> std::result::Result<Vec<Message>, String> {
        let (mut features, mut width) = (Edge::named(INPUT), self.schema.features.len());
        let algorithm = |at: usize| self.steps.get(at).map_or_else(String::new, |step| step.algorithm.clone());
        for (at, step) in self.transformers.iter().enumerate() {
            (features, width) = step.trace(graph, &features, width).ok_or_else(|| algorithm(at))?;
        }
        let last = || algorithm(self.steps.len().saturating_sub(1));
        let answer = match &self.last {
            Last::Columns => {
                graph.rename(&features, "columns");
                return Ok(vec![stated("columns", Element::Double, Some(width))]);
            }
            Last::Model(model) => model.trace(graph, &features).ok_or_else(last)?,
            Last::Calibrated(_) | Last::Result(_) => return Err(last()),
        };
        Ok(match answer {
            Answer::Values(values) => {
                graph.rename(&values, "values");
                vec![stated("values", Element::Double, None)]
            }
            Answer::Columns(columns, n_targets) => {
                graph.rename(&columns, "columns");
                vec![stated("columns", Element::Double, Some(n_targets))]
            }
            Answer::Probabilities(probabilities) => {
                let classes = self.schema.classes.as_deref().ok_or_else(last)?;
                let most = graph.first("ArgMax", &probabilities);
                let (labels, element) = graph.labels(classes);
                let labels = graph.along("Gather", 0, &[&labels, &most]);
                graph.rename(&labels, "labels");
                graph.rename(&probabilities, "probabilities");
                let probabilities = stated("probabilities", Element::Double, Some(classes.len()));
                vec![stated("labels", element, None), probabilities]
            }
            Answer::Distances(distances, n_clusters) => {
                let nearest = graph.first("ArgMin", &distances);
                graph.rename(&nearest, "clusters");
                graph.rename(&distances, "distances");
                let distances = stated("distances", Element::Double, Some(n_clusters));
                vec![stated("clusters", Element::Int64, None), distances]
            }
        })
    }
}

impl TransformerStep {
    /// What it makes of columns, and how many those are then.
    fn trace(&self, graph: &mut Graph, features: &Edge, width: usize) -> Option<(Edge, usize)> {
        let made_width = |own: usize| match self.fitted.outputs() {
            Outputs::Kept => own,
            Outputs::Others { count, .. } => count,
        };
        let Some(chosen) = &self.columns else {
            return Some((self.fitted.trace(graph, features)?, made_width(width)));
        };
        let own = graph.columns(features, chosen);
        let made = self.fitted.trace(graph, &own)?;
        let passing: Vec<usize> = passing_by(width, chosen).collect();
        let all = if passing.is_empty() {
            made
        } else {
            let passed = graph.columns(features, &passing);
            graph.along("Concat", 1, &[&passed, &made])
        };
        let width = passing.len() + made_width(chosen.len());
        if self.fitted.outputs() != Outputs::Kept {
            return Some((all, width));
        }
        // Behind those that pass by stand the chosen ones; each goes back to its place.
        let now: Vec<usize> = passing.iter().chain(chosen).copied().collect();
        let places: Vec<usize> = (0..width).filter_map(|place| now.iter().position(|it| *it == place)).collect();
        Some((graph.columns(&all, &places), width))
    }
}
