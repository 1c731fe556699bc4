//! Trees as arrays: the nodes of all of them in a row.

use super::flat::{Tree, whole};
use crate::error::Result;
use crate::model::arrays::{Arrays, damaged};
use ndarray::{Array1, ArrayD};

/// Of each node its column, threshold and left child (as a number within its tree, and the right one follows it), zeros of leaves;
/// of each leaf, in the order of nodes, what part of its tree's rows it has.
pub(super) fn nodes(trees: &[Tree]) -> Vec<(&'static str, ArrayD<f64>)> {
    let of_nodes = |which: usize| -> ArrayD<f64> {
        let numbers: Array1<f64> = trees.iter().flat_map(|tree| tree.nodes().map(move |it| it[which])).collect();
        numbers.into_dyn()
    };
    let shares: Array1<f64> = trees.iter().flat_map(Tree::shares).copied().collect();
    vec![("feature", of_nodes(0)), ("threshold", of_nodes(1)), ("left", of_nodes(2)), ("share", shares.into_dyn())]
}

/// Where each tree begins among the nodes.
pub(super) fn roots(trees: &[Tree]) -> (&'static str, ArrayD<f64>) {
    let roots = trees.iter().scan(0, |next, tree| {
        let root = *next;
        *next += tree.n_nodes();
        Some(root as f64)
    });
    ("roots", roots.collect::<Array1<f64>>().into_dyn())
}

/// How many rows an array has; 0 if it is not there.
pub(super) fn rows_of(arrays: &Arrays, name: &str) -> usize {
    arrays.shape(name).and_then(|shape| shape.first().copied()).unwrap_or(0)
}

/// Where the trees of a forest begin.
///
/// # Errors
/// [`Error::Damaged`](crate::error::Error::Damaged) if the array is not there.
pub(super) fn take_roots(arrays: &mut Arrays) -> Result<Vec<usize>> {
    let n_trees = rows_of(arrays, "roots");
    let roots: Option<Vec<usize>> = arrays.take("roots", n_trees)?.iter().map(|root| whole(*root)).collect();
    Ok(roots.unwrap_or_default())
}

/// What each of so many trees counts: above 0, and finite together. `what` names what counts.
///
/// # Errors
/// [`Error::Damaged`](crate::error::Error::Damaged) if they do not.
pub(super) fn take_voices(arrays: &mut Arrays, n_trees: usize, what: &str) -> Result<Vec<f64>> {
    let voices = arrays.take("estimator_weights", n_trees)?;
    if voices.iter().any(|voice| *voice <= 0.0) || !voices.sum().is_finite() {
        return Err(damaged(format!("the {what} of a tree do not count")));
    }
    Ok(voices.to_vec())
}

/// The trees that begin there, whose leaves answer these values, `n_outputs` each, in the order of nodes.
///
/// # Errors
/// [`Error::Damaged`](crate::error::Error::Damaged) if they are no trees.
pub(super) fn take_trees(
    arrays: &mut Arrays,
    roots: &[usize],
    n_features: usize,
    (values, n_outputs): (&[f64], usize),
) -> Result<Vec<Tree>> {
    let (n_nodes, n_leaves) = (rows_of(arrays, "feature"), values.len() / n_outputs.max(1));
    let (feature, threshold, left) =
        (arrays.take("feature", n_nodes)?, arrays.take("threshold", n_nodes)?, arrays.take("left", n_nodes)?);
    let shares = arrays.take("share", n_leaves)?;
    if shares.iter().any(|share| !(*share > 0.0 && *share <= 1.0)) {
        return Err(damaged("a leaf has no part of the rows, from above 0 to 1"));
    }
    let ends = roots.iter().skip(1).copied().chain([n_nodes]);
    if roots.first() != Some(&0) || roots.iter().zip(ends.clone()).any(|(root, end)| *root >= end) {
        return Err(damaged("trees do not begin one behind the other"));
    }
    let nodes =
        feature.iter().zip(&threshold).zip(&left).map(|((feature, threshold), left)| [*feature, *threshold, *left]);
    let nodes: Vec<[f64; 3]> = nodes.collect();
    let (mut values, mut shares) = (values.iter().copied(), shares.iter().copied());
    let trees = roots.iter().zip(ends).map(|(root, end)| {
        Tree::load(&nodes[*root..end], n_features, n_outputs, |n_leaves| {
            let own: Vec<f64> = values.by_ref().take(n_leaves * n_outputs).collect();
            let shares = shares.by_ref().take(n_leaves).collect();
            if own.len() == n_leaves * n_outputs { Ok((own, shares)) } else { Err(damaged("leaves have no answers")) }
        })
    });
    let trees = trees.collect::<Result<_>>()?;
    if values.next().is_some() {
        return Err(damaged("there are answers of leaves that no tree has"));
    }
    Ok(trees)
}
