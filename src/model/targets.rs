//! The column to learn, or the columns, as the kind of the estimator wants them.

use super::Kind;
use crate::data::{Column, ColumnSchema, ColumnType, Labels, Values};
use crate::error::{Error, Result, quotable};
use ndarray::{Array1, Array2, Axis};
use std::ops::Range;
use std::sync::Arc;

/// A target of more classes is a number or a key, not a class; and a model keeps coefficients for each.
pub const MAX_CLASSES: usize = 1_000;
/// Classes that an error shows.
const SHOWN: usize = 10;

/// What an estimator learns, one for each row.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// Nothing: clusterers, outlier detectors and transformers learn without.
    None,
    /// Regression: finite numbers.
    Values(Array1<f64>),
    /// Regression of several targets at once: finite numbers, `(n_samples, n_targets)`, row-major.
    Several(Array2<f64>),
    /// Classification.
    Classes {
        /// The class of each row, as a position in `labels`.
        indices: Array1<usize>,
        /// The classes in ascending order, two at least.
        labels: Arc<Labels>,
    },
}

impl Targets {
    /// Reads the target column for an estimator of this kind.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if its type does not suit, a value is missing or not finite, or there are fewer than two
    /// classes or more than [`MAX_CLASSES`].
    pub fn read(kind: Kind, column: &Column) -> Result<Self> {
        check_type(kind, &column.schema())?;
        if let Some(row) = column.first_missing() {
            return Err(Error::invalid(format!("target {:?} row {row} is missing; leave the row out", column.name)));
        }
        match kind {
            Kind::Regressor => numbers(column).map(Self::Values),
            Kind::Classifier => classes(column),
            Kind::Transformer | Kind::Clusterer | Kind::OutlierDetector | Kind::Calibrator => Ok(Self::None),
        }
    }

    /// Reads several target columns for a regressor.
    ///
    /// # Errors
    /// As [`Targets::read`], for each of them.
    pub fn read_several(columns: &[&Column]) -> Result<Self> {
        let mut targets = Array2::zeros((columns.first().map_or(0, |column| column.len()), columns.len()));
        for (mut place, column) in targets.columns_mut().into_iter().zip(columns) {
            let Self::Values(values) = Self::read(Kind::Regressor, column)? else { continue };
            place.assign(&values);
        }
        Ok(Self::Several(targets))
    }

    /// Reads the target column for an estimator that learns from these rows alone.
    ///
    /// # Errors
    /// As [`Targets::read`], also of the other rows; their classes do not count.
    pub(super) fn read_some(kind: Kind, column: &Column, rows: &[usize]) -> Result<Self> {
        let all = Self::read(kind, column)?;
        let Self::Classes { indices, labels } = all.select(rows) else { return Ok(all.select(rows)) };
        let (indices, there) = rank(indices.iter().copied(), |positions| labels.take(&positions));
        check_count(&column.name, there.len())?;
        Ok(Self::Classes { indices, labels: Arc::new(there) })
    }

    /// Reads the target column for a classifier that knows its classes, which need not all be there.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if its type does not suit, a value is missing, or is none of the classes.
    pub fn among(classes: &Arc<Labels>, column: &Column) -> Result<Self> {
        check_type(Kind::Classifier, &column.schema())?;
        if let Some(row) = column.first_missing() {
            return Err(Error::invalid(format!("target {:?} row {row} is missing; leave the row out", column.name)));
        }
        let positions: Vec<Option<usize>> = match (&column.values, &**classes) {
            (Values::Integer(array), Labels::Integer(labels)) => {
                array.values().iter().map(|it| labels.binary_search(it).ok()).collect()
            }
            (Values::Boolean(array), Labels::Boolean(labels)) => {
                array.values().iter().map(|it| labels.binary_search(&it).ok()).collect()
            }
            (Values::Text(array), Labels::Text(labels)) => {
                array.iter().flatten().map(|it| labels.binary_search_by(|label| label.as_str().cmp(it)).ok()).collect()
            }
            (other, _) => {
                let found = other.column_type();
                return Err(Error::invalid(format!("target {:?} is {found}, and the classes are not", column.name)));
            }
        };
        if let Some(row) = positions.iter().position(Option::is_none) {
            let found = match &column.values {
                Values::Integer(array) => array.value(row).to_string(),
                Values::Boolean(array) => array.value(row).to_string(),
                Values::Text(array) => format!("{:?}", quotable(array.value(row))),
                Values::Float(array) => array.value(row).to_string(),
            };
            let known = (0..classes.len().min(SHOWN)).map(|at| classes.shown(at)).collect::<Vec<_>>().join(", ");
            return Err(Error::invalid(format!(
                "target {:?} row {row} is {found}, which is of a class that the learner does not know: it knows {}, {known}{}; classes \
                 are stated once, with the first batch, and that has to name all of them",
                column.name,
                classes.len(),
                if classes.len() > SHOWN { ", …" } else { "" }
            )));
        }
        Ok(Self::Classes { indices: positions.into_iter().flatten().collect(), labels: classes.clone() })
    }

    /// Classes that rows are of, and no others, with the place of each among all; `None` if nothing has classes.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is only one.
    pub(super) fn there(&self) -> Result<Option<(Self, Vec<usize>)>> {
        let Self::Classes { indices, labels } = self else { return Ok(None) };
        let mut places = indices.to_vec();
        places.sort_unstable();
        places.dedup();
        if places.len() < 2 {
            return Err(Error::invalid(
                "the rows to learn from are of 1 class and two are needed; use fewer folds, or deal them out",
            ));
        }
        let indices = indices.iter().map(|class| places.partition_point(|it| it < class)).collect();
        Ok(Some((Self::Classes { indices, labels: Arc::new(labels.take(&places)) }, places)))
    }

    /// Those of these rows, in this order.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::None => Self::None,
            Self::Values(values) => Self::Values(values.select(Axis(0), rows)),
            Self::Several(values) => Self::Several(values.select(Axis(0), rows)),
            Self::Classes { indices, labels } => {
                Self::Classes { indices: indices.select(Axis(0), rows), labels: labels.clone() }
            }
        }
    }

    /// To be looked at.
    ///
    /// # Panics
    /// If they do not stand one after the other; [`Targets::read`] makes no such.
    pub fn view(&self) -> TargetView<'_> {
        match self {
            Self::None => TargetView::None,
            Self::Values(values) => TargetView::Values(values.as_slice().expect("targets of a fit are contiguous")),
            Self::Several(values) => TargetView::Several {
                values: values.as_slice().expect("targets of a fit are contiguous"),
                n_targets: values.ncols(),
            },
            Self::Classes { indices, labels } => {
                TargetView::Classes { indices: indices.as_slice().expect("targets of a fit are contiguous"), labels }
            }
        }
    }
}

/// [`Targets`], or those of some rows.
#[derive(Clone, Copy, Debug)]
pub enum TargetView<'a> {
    /// Nothing: clusterers, outlier detectors and transformers learn without.
    None,
    /// Regression: finite numbers.
    Values(&'a [f64]),
    /// Regression of several targets at once: finite numbers, those of a row after the other.
    Several {
        /// `n_targets` for each row.
        values: &'a [f64],
        /// Two at least.
        n_targets: usize,
    },
    /// Classification.
    Classes {
        /// The class of each row, as a position in `labels`.
        indices: &'a [usize],
        /// The classes in ascending order, two at least.
        labels: &'a Arc<Labels>,
    },
}

impl<'a> TargetView<'a> {
    /// Those of some rows, in their order.
    #[must_use]
    pub fn slice(&self, rows: Range<usize>) -> Self {
        match *self {
            Self::None => Self::None,
            Self::Values(values) => Self::Values(&values[rows]),
            Self::Several { values, n_targets } => {
                Self::Several { values: &values[rows.start * n_targets..rows.end * n_targets], n_targets }
            }
            Self::Classes { indices, labels } => Self::Classes { indices: &indices[rows], labels },
        }
    }

    /// The numbers that a regressor of one target learns.
    ///
    /// # Errors
    /// [`Error::Internal`] if there are none: [`Targets::read`] gives a regressor nothing else.
    pub fn values(&self) -> Result<&'a [f64]> {
        match *self {
            Self::Values(values) => Ok(values),
            _ => Err(Error::internal("a regressor was given other targets than numbers")),
        }
    }

    /// The numbers that a regressor of one target or several learns, those of a row after the other, and how many each row has.
    ///
    /// # Errors
    /// As [`TargetView::values`].
    pub fn numbers(&self) -> Result<(&'a [f64], usize)> {
        match *self {
            Self::Several { values, n_targets } => Ok((values, n_targets)),
            _ => self.values().map(|values| (values, 1)),
        }
    }

    /// The classes that a classifier learns: the position of each row's label, and the labels.
    ///
    /// # Errors
    /// [`Error::Internal`] if there are none: [`Targets::read`] gives a classifier nothing else.
    pub fn classes(&self) -> Result<(&'a [usize], &'a Arc<Labels>)> {
        match *self {
            Self::Classes { indices, labels } => Ok((indices, labels)),
            _ => Err(Error::internal("a classifier was given other targets than classes")),
        }
    }
}

/// Whether a column of this type can be the target of this kind of estimator.
///
/// # Errors
/// [`Error::InvalidArgument`] with advice.
pub(super) fn check_type(kind: Kind, column: &ColumnSchema) -> Result<()> {
    let (name, found) = (&column.name, column.column_type);
    match (kind, found) {
        (Kind::Classifier, ColumnType::Float) => Err(Error::invalid(format!(
            "target {name:?} is float and a classifier takes integer, boolean or text; \
             store classes as one of these, or use a regressor"
        ))),
        (Kind::Regressor, ColumnType::Boolean | ColumnType::Text) => Err(Error::invalid(format!(
            "target {name:?} is {found} and a regressor takes float or integer; use a classifier"
        ))),
        _ => Ok(()),
    }
}

/// Whether [`Targets::read`] could have found these classes in a column of this type.
pub(super) fn are_classes(labels: &Labels, column_type: ColumnType) -> bool {
    let ascending = match (labels, column_type) {
        (Labels::Integer(labels), ColumnType::Integer) => labels.is_sorted_by(|one, next| one < next),
        (Labels::Boolean(labels), ColumnType::Boolean) => labels.is_sorted_by(|one, next| one < next),
        (Labels::Text(labels), ColumnType::Text) => labels.is_sorted_by(|one, next| one < next),
        _ => false,
    };
    ascending && (2..=MAX_CLASSES).contains(&labels.len())
}

/// Classes that are stated beforehand: of the type of the target, in ascending order, two at least.
///
/// # Errors
/// [`Error::InvalidArgument`] if they are not.
pub(super) fn check_classes(labels: &Labels, target: &ColumnSchema) -> Result<()> {
    if are_classes(labels, target.column_type) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the {} stated classes do not suit target {:?}, which is {}; 2 to {MAX_CLASSES} different ones of its type are taken",
        labels.len(),
        target.name,
        target.column_type
    )))
}

/// A finite number for each row.
pub(super) fn numbers(column: &Column) -> Result<Array1<f64>> {
    let values: Array1<f64> = match &column.values {
        Values::Float(array) => array.values().iter().copied().collect(),
        Values::Integer(array) => array.values().iter().map(|value| *value as f64).collect(),
        Values::Boolean(_) | Values::Text(_) => Array1::default(0), // check_type refused them
    };
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(values),
        Some(row) => Err(Error::invalid(format!(
            "target {:?} row {row} is {} and has to be finite; leave the row out",
            column.name, values[row]
        ))),
    }
}

fn classes(column: &Column) -> Result<Targets> {
    let (indices, labels) = classes_of(column);
    check_count(&column.name, labels.len())?;
    Ok(Targets::Classes { indices, labels: Arc::new(labels) })
}

/// The position of each row's value among the distinct ones, and these; none of a column of real numbers.
pub(super) fn classes_of(column: &Column) -> (Array1<usize>, Labels) {
    match &column.values {
        Values::Integer(array) => rank(array.values().iter().copied(), Labels::Integer),
        Values::Boolean(array) => rank(array.values().iter(), Labels::Boolean),
        Values::Text(array) => {
            rank(array.iter().flatten(), |it| Labels::Text(it.into_iter().map(str::to_owned).collect()))
        }
        Values::Float(_) => (Array1::default(0), Labels::Integer(vec![])), // Those who call refused it.
    }
}

fn check_count(name: &str, n_classes: usize) -> Result<()> {
    match n_classes {
        2..=MAX_CLASSES => Ok(()),
        few @ 0..2 => Err(Error::invalid(format!("target {name:?} has {few} class and two are needed"))),
        many => Err(Error::invalid(format!(
            "target {name:?} has {many} classes and at most {MAX_CLASSES} are taken; use a regressor or another column"
        ))),
    }
}

/// The distinct values in ascending order, and the position of each value among them.
fn rank<T: Ord + Copy>(
    values: impl Iterator<Item = T> + Clone,
    labels: impl FnOnce(Vec<T>) -> Labels,
) -> (Array1<usize>, Labels) {
    let distinct: std::collections::BTreeSet<T> = values.clone().collect();
    let distinct: Vec<T> = distinct.into_iter().collect();
    let indices = values.map(|value| distinct.partition_point(|it| *it < value)).collect();
    (indices, labels(distinct))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_in_ascending_order_whatever_comes_first() {
        let text = Targets::read(Kind::Classifier, &Column::text("y", &["no", "yes", "maybe", "no"])).unwrap();
        let integer = Targets::read(Kind::Classifier, &Column::integer("y", vec![10, -2, 10])).unwrap();

        let (indices, labels) = text.view().classes().unwrap();
        assert_eq!(indices, [1, 2, 0, 1]);
        assert_eq!(**labels, Labels::Text(vec!["maybe".into(), "no".into(), "yes".into()]));
        assert_eq!(integer.view().classes().unwrap().0, [1, 0, 1]);
    }

    #[test]
    fn a_float_target_is_no_class_and_the_message_says_what_to_do() {
        let message = Targets::read(Kind::Classifier, &Column::float("y", vec![0.0, 1.0])).unwrap_err().to_string();

        assert!(message.contains("\"y\" is float") && message.contains("use a regressor"), "{message}");
    }

    #[test]
    fn one_class_teaches_nothing() {
        let message = Targets::read(Kind::Classifier, &Column::integer("y", vec![1, 1])).unwrap_err().to_string();

        assert_eq!(message, "target \"y\" has 1 class and two are needed");
    }

    #[test]
    fn a_target_that_is_not_finite_or_missing_is_refused_with_its_row() {
        let nan = Targets::read(Kind::Regressor, &Column::float("y", vec![0.0, f64::NAN])).unwrap_err();
        let values = Values::Integer(vec![Some(1), None].into());
        let missing = Targets::read(Kind::Classifier, &Column { name: "y".into(), values }).unwrap_err();

        assert!(nan.to_string().contains("row 1 is NaN"), "{nan}");
        assert!(missing.to_string().contains("row 1 is missing"), "{missing}");
    }

    #[test]
    fn as_many_classes_as_rows_are_refused() {
        let keys = Column::integer("id", (0..2_000).collect());

        let message = Targets::read(Kind::Classifier, &keys).unwrap_err().to_string();

        assert!(message.contains("2000 classes"), "{message}");
    }
}
