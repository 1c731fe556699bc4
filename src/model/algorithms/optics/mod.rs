//! Clusters of different densities, read off an order of the rows.

mod extraction;
mod order;

#[cfg(test)]
mod tests;

use self::order::Order;
use crate::error::{Error, Result};
use crate::model::arrays::Arrays;
use crate::model::bounds::RowLimit;
use crate::model::neighbours::Metric;
use crate::model::transduction::check_weights;
use crate::model::{
    About, Algorithm, FittedStep, Inputs, Kind, ParameterSpec, Parameters, Training, TrainingResult, Transduced,
    Transductive, UnfittedStep,
};

const NAME: &str = "optics";

/// Rows that a parameter may ask for.
const MOST_MEMBERS: usize = 100_000;

/// Groups rows that lie closer together than those around them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Optics;

impl Algorithm for Optics {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Clusterer,
            summary: "Groups rows that lie closer together than those around them, whatever their density.",
            details: &[
                "The core distance of a row is that to the nearest `min_samples` rows, itself among them. Rows are put in \
                 an order: next comes the row of the smallest reachability, which is the larger of its distance from a row \
                 before it and that row's core distance. Valleys of reachability are clusters: with `cluster_method` xi \
                 those between steps down and up by a share of `xi` or more that have `min_cluster_size` rows, the \
                 smallest of those within each other; with dbscan those below `eps`. Clusters are numbered in the order. \
                 The label -1 is a row in no cluster.",
                "It labels the rows that it is trained on and no others: `get_training_result` reads the labels. Metrics \
                 are the number of clusters and the share of rows in none. It takes no weights.",
                "M. Ankerst, M. M. Breunig, H.-P. Kriegel, J. Sander, \"OPTICS: ordering points to identify the clustering \
                 structure\" (1999), doi:10.1145/304182.304187, with the corrections of scikit-learn and the one of \
                 predecessors by E. Schubert, M. Gertz, \"Improving the cluster structure extracted from OPTICS plots\" \
                 (2018). At most 100,000 rows, or `training.max_optics_rows`: time grows with their square.",
            ],
        }
    }

    fn is_transductive(&self) -> bool {
        true
    }

    fn refuses_weights(&self) -> Option<&'static str> {
        Some("counts rows and not their weights, as in scikit-learn")
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let min_samples = "Rows around a core row, itself among them; at most as many as there are.";
        let max_eps = "Distance beyond which rows are not looked at.";
        let method = "How clusters are read off the order.";
        let xi = "Share by which reachability falls or rises at the borders of a cluster.";
        let min_cluster_size = "Fewest rows of a cluster; 0 stands for min_samples.";
        let eps = "Reachability below which rows are in a cluster, with cluster_method dbscan; at most max_eps, which it is if \
                   it is not given.";
        vec![
            ParameterSpec::integer("min_samples", 5, (2, MOST_MEMBERS as i64), min_samples),
            ParameterSpec::positive_or("max_eps", &["infinite"], max_eps),
            ParameterSpec::one_of("cluster_method", &["xi", "dbscan"], method),
            ParameterSpec::number("xi", 0.05, (0.0, 0.999_999), xi),
            ParameterSpec::integer("min_cluster_size", 0, (0, MOST_MEMBERS as i64), min_cluster_size),
            ParameterSpec::positive_or("eps", &["max_eps"], eps),
            Metric::parameter(),
        ]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        let max_eps = parameters.number_unless_word("max_eps").unwrap_or(f64::INFINITY);
        let min_samples = parameters.count("min_samples");
        let read_off = match parameters.text("cluster_method") {
            "dbscan" => ReadOff::Below(parameters.number_unless_word("eps").unwrap_or(max_eps)),
            _ => ReadOff::Steps {
                xi: parameters.number("xi"),
                min_cluster_size: Some(parameters.count("min_cluster_size"))
                    .filter(|rows| *rows > 0)
                    .unwrap_or(min_samples),
            },
        };
        UnfittedStep::Transductive(Box::new(Ordering {
            min_samples,
            max_eps,
            read_off,
            metric: Metric::of(parameters),
        }))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, _: &Inputs) -> Result<FittedStep> {
        TrainingResult::load(arrays).map(FittedStep::Result)
    }
}

/// How clusters are read off the order.
#[derive(Clone, Copy, Debug)]
enum ReadOff {
    /// Between steep steps.
    Steps { xi: f64, min_cluster_size: usize },
    /// Below a reachability.
    Below(f64),
}

#[derive(Debug)]
struct Ordering {
    min_samples: usize,
    max_eps: f64,
    read_off: ReadOff,
    metric: Metric,
}

impl Transductive for Ordering {
    fn fit(&self, training: &Training<'_>) -> Result<Transduced> {
        let rows = training.rows;
        self.check(training)?;
        check_weights(NAME, rows.weights)?;
        if let Some(objection) = self.metric.objection(rows.values(), rows.n_features()) {
            return Err(Error::invalid(format!("{objection} ({NAME})")));
        }
        let order = Order::of(training, self.metric, self.min_samples, self.max_eps)?;
        let labels = match self.read_off {
            ReadOff::Below(eps) => extraction::below(&order, eps),
            ReadOff::Steps { xi, min_cluster_size } => {
                extraction::between_steps(&order, xi, self.min_samples, min_cluster_size)
            }
        };
        Ok(TrainingResult::Labels(labels).into())
    }
}

impl Ordering {
    fn check(&self, training: &Training<'_>) -> Result<()> {
        let n_rows = training.rows.len();
        training.check_rows(NAME, RowLimit::Optics, "time grows with their square")?;
        let too_many = |name: &str, rows: usize| {
            Error::invalid(format!(
                "{NAME} parameter {name} is {rows} and there are {n_rows} rows; take at most as many"
            ))
        };
        match self.read_off {
            _ if self.min_samples > n_rows => Err(too_many("min_samples", self.min_samples)),
            ReadOff::Steps { min_cluster_size, .. } if min_cluster_size > n_rows => {
                Err(too_many("min_cluster_size", min_cluster_size))
            }
            ReadOff::Below(eps) if eps > self.max_eps => Err(Error::invalid(format!(
                "{NAME} parameter eps is {eps:?} and max_eps is {:?}; rows beyond max_eps are not looked at, take a smaller eps",
                self.max_eps
            ))),
            _ => Ok(()),
        }
    }
}
