//! Folds: which rows a candidate learns from, and which it is measured on. Without `shuffle` they are scikit-learn's.

use super::groups;
use crate::data::{ColumnSchema, ColumnType};
use crate::error::{Error, Result, quotable};
use crate::model::random::Chance;
use crate::model::{Kind, Targets};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Folds, unless a specification says otherwise.
const N_SPLITS: usize = 5;
/// What numbers of folds are for; part of their counter.
const SHUFFLED: u32 = 1 << 21;

/// How rows are parted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossValidation {
    /// Absent: by groups if there is a column of them, stratified for a classifier, else plain.
    pub kind: Option<FoldKind>,
    /// How many folds; absent: 5.
    pub n_splits: Option<usize>,
    /// Whether rows (or groups) are dealt out by chance, by the seed; absent: in their order.
    pub shuffle: bool,
    /// The column that names the group of each row.
    pub group: Option<String>,
    /// `TimeSeries`: rows between what is learned from and what is measured on, that are in neither.
    pub gap: Option<usize>,
    /// `TimeSeries`: rows to learn from, at most; the latest ones.
    pub max_train_size: Option<usize>,
    /// `TimeSeries`: rows of each fold to measure on; absent: as many as leave one part more to learn from.
    pub test_size: Option<usize>,
}

/// What decides which rows belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoldKind {
    /// Parts of equal length: scikit-learn's `KFold`.
    Plain,
    /// Parts of equal length in which each class has its share: `StratifiedKFold`.
    Stratified,
    /// Parts of about equal length, all rows of a group in one of them: `GroupKFold`.
    Group,
    /// Each part is measured by what was learned from rows before it: `TimeSeriesSplit`.
    TimeSeries,
}

impl FoldKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Stratified, Self::Group, Self::TimeSeries];

    /// The word for it on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "k_fold",
            Self::Stratified => "stratified_k_fold",
            Self::Group => "group_k_fold",
            Self::TimeSeries => "time_series_split",
        }
    }
}

/// Positions of rows, both ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fold {
    pub(super) training: Vec<usize>,
    pub(super) test: Vec<usize>,
}

/// All folds; each is made when it is needed, since all of them together have many times the rows.
pub(super) enum Folds {
    /// The part of each row, and how many there are: each is measured on once.
    Parts(Vec<usize>, usize),
    /// Rows to learn from, and to measure on.
    Windows(Vec<(Range<usize>, Range<usize>)>),
}

impl Folds {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Parts(_, n_splits) => *n_splits,
            Self::Windows(windows) => windows.len(),
        }
    }

    /// The fold at this place.
    ///
    /// # Panics
    /// If there are fewer.
    pub(super) fn fold(&self, at: usize) -> Fold {
        match self {
            Self::Parts(part_of_row, _) => {
                let (test, training) = (0..part_of_row.len()).partition(|row| part_of_row[*row] == at);
                Fold { training, test }
            }
            Self::Windows(windows) => {
                let (training, test) = windows[at].clone();
                Fold { training: training.collect(), test: test.collect() }
            }
        }
    }
}

/// What folds are made by.
pub(super) struct Parted<'a> {
    pub(super) n_rows: usize,
    pub(super) targets: &'a Targets,
    /// The group of each row, counted from 0 in ascending order.
    pub(super) groups: Option<&'a [usize]>,
    pub(super) seed: u64,
}

impl CrossValidation {
    /// How many folds.
    pub(super) fn n_splits(&self) -> usize {
        self.n_splits.unwrap_or(N_SPLITS)
    }

    /// Rows of the largest training part of so many; there may be more where they are parted by groups.
    pub(super) fn largest_training(&self, n_rows: usize) -> usize {
        let n_splits = self.n_splits();
        if self.kind != Some(FoldKind::TimeSeries) {
            return n_rows - n_rows / n_splits;
        }
        let last = self.test_size.unwrap_or(n_rows / (n_splits + 1));
        let before = n_rows.saturating_sub(last).saturating_sub(self.gap.unwrap_or(0));
        before.min(self.max_train_size.unwrap_or(usize::MAX))
    }

    /// What they are made by, for an estimator of this kind.
    pub(super) fn kind(&self, kind: Kind) -> FoldKind {
        self.kind.unwrap_or(match (&self.group, kind) {
            (Some(_), _) => FoldKind::Group,
            (None, Kind::Classifier) => FoldKind::Stratified,
            (None, _) => FoldKind::Plain,
        })
    }

    /// Checks what can be known without rows.
    pub(super) fn check(&self, columns: &[ColumnSchema]) -> Result<()> {
        if self.n_splits() < 2 {
            return Err(Error::invalid(format!("n_splits is {}; 2 folds or more are taken", self.n_splits())));
        }
        let by_time = self.kind == Some(FoldKind::TimeSeries);
        let of_time = [("gap", self.gap), ("max_train_size", self.max_train_size), ("test_size", self.test_size)];
        if let Some((name, Some(value))) = of_time.iter().find(|(_, value)| value.is_some() && !by_time) {
            return Err(Error::invalid(format!(
                "{name} is {value} and is for time_series_split only; leave it out, or name that kind"
            )));
        }
        if let Some((name, _)) = of_time[1..].iter().find(|(_, value)| *value == Some(0)) {
            return Err(Error::invalid(format!("{name} is 0; at least one row is taken")));
        }
        if by_time && self.shuffle {
            return Err(Error::invalid("time_series_split keeps the order of rows; leave shuffle out"));
        }
        match (&self.group, self.kind) {
            (None, Some(FoldKind::Group)) => {
                Err(Error::invalid("group_k_fold needs group: the column that names the group of a row"))
            }
            (Some(name), Some(other)) if other != FoldKind::Group => Err(Error::invalid(format!(
                "group {:?} is for group_k_fold and the kind is {}; leave one of them out",
                quotable(name),
                other.name()
            ))),
            (Some(name), _) => check_group(name, columns),
            (None, _) => Ok(()),
        }
    }

    /// Whether an estimator of this kind has what the folds are made by.
    pub(super) fn check_kind(&self, kind: Kind) -> Result<()> {
        if self.kind(kind) == FoldKind::Stratified && kind != Kind::Classifier {
            return Err(Error::invalid(format!(
                "stratified_k_fold parts by classes and a {} has none; use k_fold",
                kind.name()
            )));
        }
        Ok(())
    }

    /// The folds of rows.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there are fewer rows, groups or rows of every class than folds.
    pub(super) fn split(&self, kind: Kind, rows: &Parted<'_>) -> Result<Folds> {
        let n_splits = self.n_splits();
        if n_splits > rows.n_rows {
            return Err(Error::invalid(format!(
                "there are {} rows and n_splits is {n_splits}; use fewer folds",
                rows.n_rows
            )));
        }
        let part_of_row = match (self.kind(kind), rows.groups) {
            (FoldKind::TimeSeries, _) => return self.by_time(rows.n_rows),
            (FoldKind::Plain, _) => self.plain(rows),
            (FoldKind::Stratified, _) => self.stratified(rows)?,
            (FoldKind::Group, Some(of_row)) => groups::parts(of_row, n_splits, self.chance(rows, 2))?,
            (FoldKind::Group, None) => return Err(Error::internal("folds of groups have no groups")),
        };
        Ok(Folds::Parts(part_of_row, n_splits))
    }

    fn chance(&self, rows: &Parted<'_>, purpose: u32) -> Option<Chance> {
        self.shuffle.then(|| Chance::new(rows.seed, SHUFFLED + purpose))
    }

    /// The first parts have a row more where rows do not divide.
    fn plain(&self, rows: &Parted<'_>) -> Vec<usize> {
        let (n_splits, mut order) = (self.n_splits(), (0..rows.n_rows).collect::<Vec<_>>());
        if let Some(chance) = self.chance(rows, 0) {
            chance.sort(&mut order);
        }
        let mut parts = vec![0; rows.n_rows];
        order.iter().enumerate().for_each(|(at, row)| parts[*row] = part_at(at, rows.n_rows, n_splits));
        parts
    }

    /// How many rows of a class a part has is decided by dealing out all rows in the order of their classes; which these are, by
    /// their order within the class. Classes count in the order in which rows first have them.
    fn stratified(&self, rows: &Parted<'_>) -> Result<Vec<usize>> {
        let Targets::Classes { indices, labels } = rows.targets else {
            return Err(Error::internal("folds of classes have no classes"));
        };
        let n_splits = self.n_splits();
        let mut first_come = Vec::new();
        let mut of_class = vec![vec![]; labels.len()];
        for (row, class) in indices.iter().enumerate() {
            if of_class[*class].is_empty() {
                first_come.push(*class);
            }
            of_class[*class].push(row);
        }
        let most = of_class.iter().map(Vec::len).max().unwrap_or(0);
        if n_splits > most {
            return Err(Error::invalid(format!(
                "the largest class has {most} rows and n_splits is {n_splits}; use fewer folds, or k_fold"
            )));
        }
        let (mut parts, mut dealt, chance) = (vec![0; rows.n_rows], 0, self.chance(rows, 1));
        for class in first_come {
            let own = &mut of_class[class];
            let mut share = vec![0; n_splits];
            (dealt..dealt + own.len()).for_each(|at| share[at % n_splits] += 1);
            dealt += own.len();
            if let Some(chance) = &chance {
                chance.sort(own);
            }
            let places = share.iter().enumerate().flat_map(|(part, count)| std::iter::repeat_n(part, *count));
            own.iter().zip(places).for_each(|(row, part)| parts[*row] = part);
        }
        Ok(parts)
    }

    fn by_time(&self, n_rows: usize) -> Result<Folds> {
        let (n_splits, gap) = (self.n_splits(), self.gap.unwrap_or(0));
        let test_size = self.test_size.unwrap_or(n_rows / (n_splits + 1));
        let needed = n_splits.saturating_mul(test_size).saturating_add(gap);
        if test_size == 0 || needed >= n_rows {
            return Err(Error::invalid(format!(
                "{n_splits} folds of {test_size} rows with a gap of {gap} leave nothing to learn from of {n_rows} rows; use fewer or \
                 smaller folds"
            )));
        }
        let window = |at: usize| {
            let first = n_rows - (n_splits - at) * test_size;
            let end = first - gap;
            let from = self.max_train_size.map_or(0, |most| end.saturating_sub(most));
            (from..end, first..first + test_size)
        };
        Ok(Folds::Windows((0..n_splits).map(window).collect()))
    }
}

/// The part of the row at this place, where the first parts have a row more.
pub(super) fn part_at(at: usize, n_rows: usize, n_splits: usize) -> usize {
    let (size, longer) = (n_rows / n_splits, n_rows % n_splits);
    if at < longer * (size + 1) { at / (size + 1) } else { longer + (at - longer * (size + 1)) / size }
}

fn check_group(name: &str, columns: &[ColumnSchema]) -> Result<()> {
    let column = crate::model::spec::column("group", name, columns)?;
    match column.column_type {
        ColumnType::Float => Err(Error::invalid(format!(
            "group {:?} is float and groups are named by integer, boolean or text; store it as one of these",
            quotable(name)
        ))),
        _ => Ok(()),
    }
}
