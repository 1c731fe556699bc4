//! Hyper-parameters: what an algorithm takes, and the check that nothing else reaches its `fit`.

mod range;

pub use range::Range;

use crate::error::{Error, Result, quotable};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The value of a hyper-parameter. In JSON it is the bare value: `3`, `0.5`, `true`, `"random"`, `[10, 20]`, `[0.5, 1.0]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A whole number. It is taken where a number is wanted.
    Integer(i64),
    /// A real number, finite.
    Number(f64),
    /// A truth value.
    Flag(bool),
    /// Text.
    Text(String),
    /// Whole numbers. They are taken where real ones are wanted.
    Integers(Vec<i64>),
    /// Real numbers, finite.
    Numbers(Vec<f64>),
}

/// Numbers of a list that are shown.
const SHOWN: usize = 20;

impl Value {
    /// "integer", "number", "flag", "text", "integers" or "numbers".
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Integer(_) => "integer",
            Self::Number(_) => "number",
            Self::Flag(_) => "flag",
            Self::Text(_) => "text",
            Self::Integers(_) => "integers",
            Self::Numbers(_) => "numbers",
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value:?}"),
            Self::Flag(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "{:?}", quotable(value)),
            Self::Integers(values) => write_list(f, values),
            Self::Numbers(values) => write_list(f, values),
        }
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, values: &[impl fmt::Debug]) -> fmt::Result {
    match values.get(..SHOWN) {
        Some(first) if values.len() > SHOWN => write!(f, "{first:?} and {} more", values.len() - SHOWN),
        _ => write!(f, "{values:?}"),
    }
}

/// What an algorithm says about one of its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterSpec {
    /// Unique within the algorithm; scikit-learn's name where it has one.
    pub name: &'static str,
    /// What an absent parameter means; within `range`.
    pub default: Value,
    /// The values it takes; `to_string()` says it in words.
    pub range: Range,
    /// What it does.
    pub meaning: &'static str,
}

impl ParameterSpec {
    /// A whole number from `least` to `most`.
    pub fn integer(name: &'static str, default: i64, (least, most): (i64, i64), meaning: &'static str) -> Self {
        Self { name, default: Value::Integer(default), range: Range::Integer(least, most), meaning }
    }

    /// A finite number above 0.
    pub fn positive(name: &'static str, default: f64, meaning: &'static str) -> Self {
        Self { name, default: Value::Number(default), range: Range::Positive, meaning }
    }

    /// A finite number, 0 or greater.
    pub fn not_negative(name: &'static str, default: f64, meaning: &'static str) -> Self {
        Self::number(name, default, (0.0, f64::MAX), meaning)
    }

    /// A number from `least` to `most`, which are finite.
    pub fn number(name: &'static str, default: f64, (least, most): (f64, f64), meaning: &'static str) -> Self {
        Self { name, default: Value::Number(default), range: Range::Number(least, most), meaning }
    }

    /// A truth value.
    pub fn flag(name: &'static str, default: bool, meaning: &'static str) -> Self {
        Self { name, default: Value::Flag(default), range: Range::Flag, meaning }
    }

    /// At most so many whole numbers, each from `least` to `largest`.
    pub fn integers(name: &'static str, default: &[i64], most: usize, each: (i64, i64), meaning: &'static str) -> Self {
        Self { name, default: Value::Integers(default.to_vec()), range: Range::Integers { most, each }, meaning }
    }

    /// Two numbers from `least` to `most`, the lower one first.
    pub fn interval(name: &'static str, default: [f64; 2], (least, most): (f64, f64), meaning: &'static str) -> Self {
        Self { name, default: Value::Numbers(default.to_vec()), range: Range::Interval(least, most), meaning }
    }

    /// One of several words, of which the first is the default.
    pub fn one_of(name: &'static str, words: &'static [&'static str], meaning: &'static str) -> Self {
        Self { name, default: Value::Text(words[0].to_owned()), range: Range::OneOf(words), meaning }
    }

    /// A finite number above 0, or one of several words, of which the first is the default.
    pub fn positive_or(name: &'static str, words: &'static [&'static str], meaning: &'static str) -> Self {
        Self { name, default: Value::Text(words[0].to_owned()), range: Range::PositiveOr(words), meaning }
    }
}

/// Hyper-parameters that were checked: all of an algorithm's and no others, each within its range.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters(BTreeMap<String, Value>);

impl Parameters {
    /// Checks what was given and fills in defaults.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that names algorithm, parameter, value and range.
    pub fn check(algorithm: &str, specs: &[ParameterSpec], given: &BTreeMap<String, Value>) -> Result<Self> {
        if let Some(unknown) = given.keys().find(|name| specs.iter().all(|spec| spec.name != name.as_str())) {
            let known: Vec<&str> = specs.iter().map(|spec| spec.name).collect();
            return Err(Error::invalid(format!(
                "{algorithm} has no parameter {:?}; it takes {}",
                quotable(unknown),
                known.join(", ")
            )));
        }
        let checked = specs.iter().map(|spec| {
            let value = given.get(spec.name).unwrap_or(&spec.default);
            let accepted = spec.range.accept(value).ok_or_else(|| {
                Error::invalid(format!(
                    "{algorithm} parameter {} is {value} ({}) and should be {}",
                    spec.name,
                    value.type_name(),
                    spec.range
                ))
            })?;
            Ok((spec.name.to_owned(), accepted))
        });
        Ok(Self(checked.collect::<Result<_>>()?))
    }

    /// All of them by name.
    pub fn values(&self) -> &BTreeMap<String, Value> {
        &self.0
    }

    /// A number, if it is none of the words that may stand for it.
    pub fn number_unless_word(&self, name: &str) -> Option<f64> {
        self.0.get(name).and_then(|value| if let Value::Number(it) = value { Some(*it) } else { None })
    }

    /// A whole number.
    ///
    /// # Panics
    /// If the algorithm specifies no such integer; so do the other readers for their type.
    pub fn integer(&self, name: &str) -> i64 {
        let found = self.0.get(name).and_then(|value| if let Value::Integer(it) = value { Some(*it) } else { None });
        found.expect("an algorithm reads only the integers that it specifies")
    }

    /// A whole number whose range starts at 0 or above.
    pub fn count(&self, name: &str) -> usize {
        usize::try_from(self.integer(name)).expect("the range of a count starts at 0")
    }

    /// Whole numbers whose range starts at 0 or above.
    pub fn counts(&self, name: &str) -> Vec<usize> {
        let found = self.0.get(name).and_then(|value| if let Value::Integers(it) = value { Some(it) } else { None });
        let them = found.expect("an algorithm reads only the lists that it specifies");
        them.iter().map(|it| usize::try_from(*it).expect("the range of a count starts at 0")).collect()
    }

    /// A real number.
    pub fn number(&self, name: &str) -> f64 {
        self.number_unless_word(name).expect("an algorithm reads only the numbers that it specifies")
    }

    /// Two numbers, the lower one first.
    pub fn interval(&self, name: &str) -> [f64; 2] {
        let found = self.0.get(name).and_then(|value| if let Value::Numbers(it) = value { Some(it) } else { None });
        found.and_then(|it| it[..].try_into().ok()).expect("an algorithm reads only the intervals that it specifies")
    }

    /// A truth value.
    pub fn flag(&self, name: &str) -> bool {
        let found = self.0.get(name).and_then(|value| if let Value::Flag(it) = value { Some(*it) } else { None });
        found.expect("an algorithm reads only the flags that it specifies")
    }

    /// A word.
    pub fn text(&self, name: &str) -> &str {
        let found = self.0.get(name).and_then(|value| if let Value::Text(it) = value { Some(it) } else { None });
        found.expect("an algorithm reads only the words that it specifies")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn specs() -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::integer("n_clusters", 8, (1, 100), "Centres."),
            ParameterSpec::positive("tol", 1e-4, "Tolerance."),
            ParameterSpec::flag("fit_intercept", true, "Intercept."),
            ParameterSpec::one_of("init", &["k-means++", "random"], "First centres."),
            ParameterSpec::integers("sizes", &[10], 3, (1, 50), "Sizes."),
        ]
    }

    fn check(name: &str, value: Value) -> Result<Parameters> {
        Parameters::check("k_means", &specs(), &BTreeMap::from([(name.to_owned(), value)]))
    }

    #[test]
    fn absent_parameters_take_their_defaults() {
        let parameters = Parameters::check("k_means", &specs(), &BTreeMap::new()).unwrap();

        assert_eq!((parameters.count("n_clusters"), parameters.number("tol")), (8, 1e-4));
        assert_eq!((parameters.flag("fit_intercept"), parameters.text("init")), (true, "k-means++"));
    }

    #[test]
    fn an_integer_is_taken_where_a_number_is_wanted() {
        assert_eq!(check("tol", Value::Integer(2)).unwrap().number("tol"), 2.0);
    }

    #[test]
    fn a_list_of_whole_numbers_may_be_empty_and_one_number_is_a_list_of_one() {
        for (given, counts) in [(Value::Integers(vec![]), vec![]), (Value::Integer(7), vec![7])] {
            assert_eq!(check("sizes", given).unwrap().counts("sizes"), counts);
        }
    }

    #[test]
    fn a_long_list_is_refused_without_repeating_all_of_it() {
        let message = check("sizes", Value::Integers(vec![5; 1_000_000])).unwrap_err().to_string();

        assert!(
            message.contains("and 999980 more (integers) and should be up to 3 integers from 1 to 50"),
            "{message}"
        );
        assert!(message.len() < 300);
    }

    #[test]
    fn a_refusal_names_algorithm_parameter_value_and_range() {
        let message = check("n_clusters", Value::Integer(0)).unwrap_err().to_string();

        assert_eq!(message, "k_means parameter n_clusters is 0 (integer) and should be an integer from 1 to 100");
    }

    #[test]
    fn an_unknown_parameter_is_refused_with_those_that_are_known() {
        let message = check("n_cluster", Value::Integer(3)).unwrap_err().to_string();

        assert_eq!(
            message,
            "k_means has no parameter \"n_cluster\"; it takes n_clusters, tol, fit_intercept, init, sizes"
        );
    }

    #[test]
    fn what_is_not_finite_or_of_another_type_is_refused() {
        for (name, value) in [
            ("tol", Value::Number(f64::NAN)),
            ("tol", Value::Number(f64::INFINITY)),
            ("tol", Value::Number(0.0)),
            ("tol", Value::Text("1".into())),
            ("n_clusters", Value::Number(3.0)),
            ("fit_intercept", Value::Integer(1)),
            ("init", Value::Text("k-means".into())),
            ("sizes", Value::Integers(vec![1, 51])),
            ("sizes", Value::Integers(vec![1; 4])),
            ("sizes", Value::Number(1.0)),
        ] {
            assert!(check(name, value.clone()).is_err(), "{name} = {value} was taken");
        }
    }

    #[test]
    fn an_interval_is_two_numbers_within_bounds_the_lower_one_first() {
        let specs = [ParameterSpec::interval("feature_range", [0.0, 1.0], (-10.0, 10.0), "Range.")];
        let interval = |value: Value| {
            let given = BTreeMap::from([("feature_range".to_owned(), value)]);
            Parameters::check("min_max_scaler", &specs, &given).map(|it| it.interval("feature_range"))
        };

        assert_eq!(interval(Value::Numbers(vec![-0.5, 10.0])).unwrap(), [-0.5, 10.0]);
        assert_eq!(interval(Value::Integers(vec![-1, 1])).unwrap(), [-1.0, 1.0]);
        for wrong in
            [vec![], vec![1.0], vec![1.0, 1.0], vec![2.0, 1.0], vec![0.0, 11.0], vec![f64::NAN, 1.0], vec![0.0; 3]]
        {
            let message = interval(Value::Numbers(wrong)).unwrap_err().to_string();
            assert!(message.ends_with("should be two numbers from -10.0 to 10.0, the lower one first"), "{message}");
        }
        assert!(interval(Value::Number(1.0)).is_err());
    }

    #[test]
    fn a_number_or_a_word_is_taken_and_nothing_else() {
        let specs = [ParameterSpec::positive_or("gamma", &["scale", "auto"], "Width.")];
        let gamma = |value: Value| {
            let given = BTreeMap::from([("gamma".to_owned(), value)]);
            Parameters::check("svc", &specs, &given).map(|it| it.number_unless_word("gamma"))
        };

        assert_eq!(gamma(Value::Number(0.5)).unwrap(), Some(0.5));
        assert_eq!(gamma(Value::Integer(2)).unwrap(), Some(2.0));
        assert_eq!(gamma(Value::Text("auto".into())).unwrap(), None);
        let message = gamma(Value::Number(0.0)).unwrap_err().to_string();
        assert!(message.ends_with("should be a finite number greater than 0 or \"scale\" or \"auto\""), "{message}");
        assert!(gamma(Value::Text("wide".into())).is_err());
    }

    #[test]
    fn a_value_survives_json_with_its_type() {
        for value in [
            Value::Integer(1),
            Value::Number(1.0),
            Value::Number(0.1),
            Value::Flag(true),
            Value::Text("1".into()),
            Value::Integers(vec![]),
            Value::Integers(vec![10, -20]),
            Value::Numbers(vec![1.0, -2.5]),
            Value::Numbers(vec![3.0]),
        ] {
            let json = serde_json::to_string(&value).unwrap();

            assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value, "{json}");
        }
    }
}
