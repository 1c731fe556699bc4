//! Clusters that are merged, two at a time, into a tree.

mod chain;
mod cut;
mod spanning_tree;

#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use crate::model::arrays::Arrays;
use crate::model::bounds::{RowLimit, bytes_of_pairs};
use crate::model::neighbours::Metric;
use crate::model::{
    About, Algorithm, FittedStep, Inputs, Kind, ParameterSpec, Parameters, Training, TrainingResult, Transduced,
    Transductive, UnfittedStep,
};

const NAME: &str = "agglomerative_clustering";

/// Clusters that a parameter may ask for.
const MOST_CLUSTERS: i64 = 100_000;

/// Merges the two nearest clusters, again and again.
#[derive(Clone, Copy, Debug)]
pub(super) struct AgglomerativeClustering;

impl Algorithm for AgglomerativeClustering {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Clusterer,
            summary: "Merges the two nearest clusters, from one for each row on, until few are left.",
            details: &[
                "How far clusters A and B are from each other is said by `linkage`. ward: `sqrt(2 |A| |B| / (|A| + |B|))` \
                 times the distance of their centres, so that each merge adds as little as possible to the squared \
                 distances to centres. complete, average, single: the largest, mean or smallest distance of a row of A \
                 and one of B. It stops at `n_clusters`, or where clusters are `distance_threshold` apart or more. \
                 Clusters are numbered as scikit-learn numbers them.",
                "It labels the rows that it is trained on and no others: `get_training_result` reads the labels. The \
                 weight of a row counts as its size.",
                "Merges follow chains of nearest neighbours: F. Murtagh, \"A survey of recent advances in hierarchical \
                 clustering algorithms\" (1983), doi:10.1093/comjnl/26.4.354, in the order of SciPy's. They keep the \
                 distances of all pairs of rows, at most 10,000 rows, or `training.max_agglomerative_rows`. Single linkage is read off the smallest spanning \
                 tree (R. C. Prim, \"Shortest connection networks and some generalizations\", 1957, \
                 doi:10.1002/j.1538-7305.1957.tb01515.x), of at most 100,000 rows, or `training.max_single_linkage_rows`.",
            ],
        }
    }

    fn is_transductive(&self) -> bool {
        true
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let n_clusters = "Clusters to stop at, at most one for each row; unless there is a distance_threshold.";
        let linkage = "How the distance of clusters is told from those of their rows.";
        let threshold = "Clusters that are as far apart, or further, are not merged.";
        vec![
            ParameterSpec::integer("n_clusters", 2, (1, MOST_CLUSTERS), n_clusters),
            ParameterSpec::one_of("linkage", &["ward", "complete", "average", "single"], linkage),
            ParameterSpec::positive_or("distance_threshold", &["none"], threshold),
            Metric::parameter(),
        ]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Transductive(Box::new(Merging {
            until: match parameters.number_unless_word("distance_threshold") {
                Some(threshold) => Until::Distance(threshold),
                None => Until::Clusters(parameters.count("n_clusters")),
            },
            linkage: match parameters.text("linkage") {
                "complete" => Linkage::Complete,
                "average" => Linkage::Average,
                "single" => Linkage::Single,
                _ => Linkage::Ward,
            },
            metric: Metric::of(parameters),
        }))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, _: &Inputs) -> Result<FittedStep> {
        TrainingResult::load(arrays).map(FittedStep::Result)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Linkage {
    Ward,
    Complete,
    Average,
    Single,
}

/// When it ends.
#[derive(Clone, Copy, Debug)]
enum Until {
    Clusters(usize),
    Distance(f64),
}

/// Two clusters that become one.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Merge {
    /// A row of each; from [`numbered`] on the clusters, of which those of one row come first and then those of each merge.
    clusters: [usize; 2],
    distance: f64,
}

#[derive(Debug)]
struct Merging {
    until: Until,
    linkage: Linkage,
    metric: Metric,
}

impl Transductive for Merging {
    fn fit(&self, training: &Training<'_>) -> Result<Transduced> {
        let rows = training.rows;
        self.check(training)?;
        if let Some(objection) = self.metric.objection(rows.values(), rows.n_features()) {
            return Err(Error::invalid(format!("{objection} ({NAME})")));
        }
        let merges = match self.linkage {
            Linkage::Single => spanning_tree::merges(self.metric, training)?,
            linkage => chain::merges(linkage, self.metric, training)?,
        };
        let merges = numbered(merges, self.linkage);
        let n_clusters = match self.until {
            Until::Clusters(n_clusters) => n_clusters,
            Until::Distance(threshold) => 1 + merges.iter().filter(|merge| merge.distance >= threshold).count(),
        };
        Ok(TrainingResult::Labels(cut::labels(&merges, n_clusters)).into())
    }
}

impl Merging {
    fn check(&self, training: &Training<'_>) -> Result<()> {
        let n_rows = training.rows.len();
        match self.linkage {
            Linkage::Single => training.check_rows(NAME, RowLimit::SingleLinkage, "time grows with their square")?,
            _ => {
                training.check_rows(NAME, RowLimit::Agglomerative, "memory grows with their square")?;
                training.check_memory(NAME, "the distances of all pairs of rows", bytes_of_pairs(n_rows, 1) / 2)?;
            }
        }
        if self.linkage == Linkage::Ward && self.metric != Metric::Euclidean {
            return Err(Error::invalid(format!(
                "{NAME} parameter linkage is ward, which takes the euclidean metric only; take another linkage"
            )));
        }
        match self.until {
            Until::Clusters(n_clusters) if n_clusters > n_rows => Err(Error::invalid(format!(
                "{NAME} parameter n_clusters is {n_clusters} and there are {n_rows} rows; at most one cluster for each row"
            ))),
            _ => Ok(()),
        }
    }
}

/// In ascending order of distances, each with the numbers of the clusters that its rows are in by then.
fn numbered(mut merges: Vec<Merge>, linkage: Linkage) -> Vec<Merge> {
    merges.sort_by(|one, other| one.distance.total_cmp(&other.distance)); // Equals stay as they are.
    let n_rows = merges.len() + 1;
    let mut parents: Vec<usize> = (0..n_rows + merges.len()).collect();
    for (at, merge) in merges.iter_mut().enumerate() {
        merge.clusters = merge.clusters.map(|row| root(&mut parents, row));
        if linkage != Linkage::Single {
            merge.clusters.sort_unstable(); // SciPy does, and scikit-learn's own single linkage does not.
        }
        merge.clusters.iter().for_each(|cluster| parents[*cluster] = n_rows + at);
    }
    merges
}

/// The cluster that a cluster is in; those on the way are led there.
fn root(parents: &mut [usize], from: usize) -> usize {
    let mut root = from;
    while parents[root] != root {
        root = parents[root];
    }
    let mut at = from;
    while parents[at] != root {
        at = std::mem::replace(&mut parents[at], root);
    }
    root
}
