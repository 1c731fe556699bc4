//! Decision trees, alone and in forests.
//!
//! A fit puts the columns into bins, grows each tree from sums over them, and keeps its nodes in flat arrays:
//! `bins` -> `histogram` -> `split` -> `grow` -> `flat`. What is summed is an `objective`: shares of classes, or means.
//! A tree depends on the rows, the seed and its own number; `crate::model::crew` lets several threads grow trees, each a whole one.
//! They answer together by their `average`, or by `votes` or their `median` where each was grown on what others got wrong
//! (`boosting`: `boost`, `boost_means`).

mod forest;
mod parameters;

mod chance;

mod bins;
mod grow;
mod histogram;
mod objective;
mod split;

mod flat;

mod contributions;

mod average;
mod boost;
mod boost_means;
mod boosting;
mod median;
mod stored;
mod votes;

#[cfg(test)]
mod tests;

pub(super) use average::load;
pub(super) use boost::Boost;
pub(super) use boost_means::BoostMeans;
pub(super) use forest::{Forest, Size};
pub(super) use median::load_median;
pub(super) use parameters::{crowd, growth, purity, squares};
pub(super) use votes::load_votes;
