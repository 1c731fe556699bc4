//! The columns that there are between two steps of a pipeline.

use super::schema::listed;
use super::{Algorithm, Schema, StepSpec};
use crate::error::{Error, Result, quotable};
use std::collections::HashSet;

/// The columns that a transformer puts out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outputs {
    /// One for each that it takes: of the same name, in the same place.
    Kept,
    /// Others, behind those that it does not take. They are named by the word and a number that is free: `pca0`, `pca1`, …
    Others {
        /// scikit-learn's: the name of the algorithm in lower case.
        word: &'static str,
        /// How many there are.
        count: usize,
    },
}

/// Names of the columns as they are at a step, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns(Vec<String>);

impl Columns {
    /// As they are at the first step.
    pub(super) fn of(schema: &Schema) -> Self {
        Self(schema.features.iter().map(|feature| feature.name.clone()).collect())
    }

    /// Where the columns are that a step works on; `None` for all of them.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it names one that is not there or twice, or works on more than it can.
    pub(super) fn chosen(&self, algorithm: &dyn Algorithm, step: &StepSpec) -> Result<Option<Vec<usize>>> {
        let positions = step.columns.as_ref().map(|names| self.positions(algorithm.name(), names)).transpose()?;
        match self.width(positions.as_deref()) {
            more @ 2.. if algorithm.takes_one_column() => Err(Error::invalid(format!(
                "{} takes one column, got {more}; choose it with features",
                algorithm.name()
            ))),
            _ => Ok(positions),
        }
    }

    /// How many a step works on.
    pub(super) fn width(&self, chosen: Option<&[usize]>) -> usize {
        chosen.map_or(self.0.len(), <[usize]>::len)
    }

    /// As they are after a step that works on these.
    #[must_use]
    pub(super) fn after(self, chosen: Option<&[usize]>, outputs: Outputs) -> Self {
        let Outputs::Others { word, count } = outputs else { return self };
        let mut names = match chosen {
            None => vec![],
            Some(chosen) => passing_by(self.0.len(), chosen).map(|position| self.0[position].clone()).collect(),
        };
        let taken: HashSet<String> = names.iter().cloned().collect();
        let free = (0u64..).map(|number| format!("{word}{number}")).filter(|name| !taken.contains(name));
        names.extend(free.take(count));
        Self(names)
    }

    /// The error of a step that works on these and knows them by their positions, with the name of the one it is about.
    pub(super) fn named(&self, chosen: Option<&[usize]>, error: Error) -> Error {
        let Error::Column { position, what } = error else { return error };
        let at = chosen.map_or(Some(position), |chosen| chosen.get(position).copied());
        match at.and_then(|at| self.0.get(at)) {
            Some(name) => Error::invalid(format!("column {:?} {what}", quotable(name))),
            None => Error::column(position, what),
        }
    }

    /// Their names, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The same, taken out.
    pub(super) fn into_names(self) -> Vec<String> {
        self.0
    }

    fn positions<'a>(&self, algorithm: &str, names: &'a [String]) -> Result<Vec<usize>> {
        if names.is_empty() {
            return Err(Error::invalid(format!("step {algorithm} has an empty list of columns; leave it out for all")));
        }
        let mut seen = HashSet::new();
        let position = |name: &'a String| {
            if !seen.insert(name) {
                return Err(Error::invalid(format!("step {algorithm} names column {:?} twice", quotable(name))));
            }
            self.0.iter().position(|it| it == name).ok_or_else(|| {
                let there = listed(self.0.iter().map(String::as_str));
                let name = quotable(name);
                Error::invalid(format!(
                    "column {name:?} of step {algorithm} is not there; at that step there are {there}"
                ))
            })
        };
        names.iter().map(position).collect()
    }
}

/// The positions of so many columns that are not chosen, in their order.
pub(super) fn passing_by(width: usize, chosen: &[usize]) -> impl Iterator<Item = usize> {
    let chosen: HashSet<usize> = chosen.iter().copied().collect();
    (0..width).filter(move |position| !chosen.contains(position))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIR: Outputs = Outputs::Others { word: "pca", count: 2 };

    fn columns(names: &[&str]) -> Columns {
        Columns(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn a_step_keeps_its_columns_or_puts_its_own_behind_those_that_it_does_not_take() {
        let there = || columns(&["a", "b", "c"]);

        assert_eq!(there().after(Some(&[1]), Outputs::Kept), there());
        assert_eq!(there().after(Some(&[2, 0]), PAIR), columns(&["b", "pca0", "pca1"]));
        assert_eq!(there().after(None, PAIR), columns(&["pca0", "pca1"]));
    }

    #[test]
    fn a_name_that_is_there_is_not_given_again() {
        let once = columns(&["a", "b", "pca1", "c"]).after(Some(&[0]), PAIR);

        assert_eq!(once, columns(&["b", "pca1", "c", "pca0", "pca2"]));
        assert_eq!(once.after(Some(&[0, 2]), PAIR), columns(&["pca1", "pca0", "pca2", "pca3", "pca4"]));
    }
}
