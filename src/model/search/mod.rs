//! The search for hyper-parameters: candidates, each measured on rows that it has not learned from, and ranked.
//!
//! A [`SearchSpec`] says which values to try for which parameters of which steps ([`Dimension`]), how candidates are chosen
//! ([`Strategy`]), how rows are parted ([`CrossValidation`]) and what counts as better ([`Scoring`](super::Scoring), by its name).
//! [`search`] answers [`Searched`]: the table of all candidates, best first, and the specification of the best one, which
//! [`fit`](fn@super::fit) makes a model of all rows.
//!
//! Each candidate is a whole pipeline, fitted anew on the training rows of each fold: a transformer never sees the rows that it is
//! measured on. One that cannot be fitted is in the table with its error. The same rows, specification and seed give the same
//! candidates, folds, scores and ranks, on any number of threads.

mod ahead;
mod spec;

mod candidates;
mod folds;
mod groups;
mod halving;

mod found;
mod measure;
mod ranking;
mod run;

#[cfg(test)]
mod tests;

pub use ahead::Ahead;
pub use folds::{CrossValidation, FoldKind};
pub use ranking::{Candidate, Choice, Searched};
pub use run::search;
pub use spec::{Choices, Dimension, MAX_FITS, SearchSpec, Strategy};
