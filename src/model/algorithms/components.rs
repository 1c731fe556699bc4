//! How many columns a transformer puts out.

use crate::error::{Error, Result};
use crate::model::{Outputs, ParameterSpec, Parameters, Range, Value};

/// As the parameter `n_components` says it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum NumberOf {
    /// As many as there are; or as many as the algorithm finds good.
    All,
    /// So many.
    These(usize),
    /// As few as hold more than this share of the variance.
    Share(f64),
}

impl NumberOf {
    /// The parameter, which is one of these, and a word if it is not given.
    pub(super) fn parameter(range: &'static [Range], default: &str, meaning: &'static str) -> ParameterSpec {
        let default = Value::Text(default.to_owned());
        ParameterSpec { name: "n_components", default, range: Range::AnyOf(range), meaning }
    }

    /// What was asked for.
    pub(super) fn components(parameters: &Parameters) -> Self {
        match parameters.values().get("n_components") {
            Some(Value::Integer(count)) => Self::These(usize::try_from(*count).unwrap_or(usize::MAX)),
            Some(Value::Number(share)) => Self::Share(*share),
            _ => Self::All,
        }
    }

    /// The columns that an algorithm puts out which finds no more than it takes; `None` if only the rows tell.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if they are more.
    pub(super) fn outputs(self, algorithm: &str, word: &'static str, n_features: usize) -> Result<Option<Outputs>> {
        match self {
            Self::These(count) if count > n_features => Err(Error::invalid(format!(
                "{algorithm} parameter n_components is {count} and it works on {n_features} columns; it puts out no more than \
                 it takes"
            ))),
            Self::These(count) => Ok(Some(Outputs::Others { word, count })),
            Self::All | Self::Share(_) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn asked(value: Value) -> Result<NumberOf> {
        static RANGES: [Range; 3] = [Range::Integer(1, 100), Range::Number(0.01, 0.99), Range::OneOf(&["all"])];
        let specs = [NumberOf::parameter(&RANGES, "all", "Directions.")];
        let given = BTreeMap::from([("n_components".to_owned(), value)]);
        Parameters::check("pca", &specs, &given).map(|parameters| NumberOf::components(&parameters))
    }

    #[test]
    fn a_count_a_share_or_a_word_is_taken_and_nothing_else() {
        assert_eq!(asked(Value::Integer(1)).unwrap(), NumberOf::These(1));
        assert_eq!(asked(Value::Integer(100)).unwrap(), NumberOf::These(100));
        assert_eq!(asked(Value::Number(0.95)).unwrap(), NumberOf::Share(0.95));
        assert_eq!(asked(Value::Text("all".into())).unwrap(), NumberOf::All);
        for bad in
            [Value::Integer(0), Value::Integer(101), Value::Number(1.0), Value::Number(f64::NAN), Value::Flag(true)]
        {
            assert!(asked(bad.clone()).is_err(), "{bad}");
        }
        let message = asked(Value::Number(2.0)).unwrap_err().to_string();
        assert!(message.ends_with("an integer from 1 to 100 or a number from 0.01 to 0.99 or \"all\""), "{message}");
    }

    #[test]
    fn what_is_put_out_is_known_if_it_is_counted_and_no_more_than_is_taken() {
        let outputs = |number: NumberOf| number.outputs("pca", "pca", 4);

        assert_eq!(outputs(NumberOf::These(4)).unwrap(), Some(Outputs::Others { word: "pca", count: 4 }));
        assert_eq!([NumberOf::All, NumberOf::Share(0.5)].map(|it| outputs(it).unwrap()), [None, None]);
        assert!(
            outputs(NumberOf::These(5))
                .unwrap_err()
                .to_string()
                .contains("n_components is 5 and it works on 4 columns")
        );
    }
}
