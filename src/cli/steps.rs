//! The steps of a pipeline as people type them: `standard_scaler,logistic_regression(C=0.5,max_iter=200)`.

use crate::model::{StepSpec, Value};
use std::collections::BTreeMap;
use std::str::FromStr;

/// Steps in their order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Steps(pub(super) Vec<StepSpec>);

impl std::str::FromStr for Steps {
    type Err = String;

    /// Reads names separated by commas, each with parameters in parentheses or without.
    ///
    /// A value is a whole number, a number, `true`, `false`, whole numbers in brackets (`[10, 20]`), or else text, which may stand
    /// in double quotes. Which names and values there are is for the server to say.
    fn from_str(text: &str) -> Result<Self, String> {
        split(text)?.into_iter().map(step).collect::<Result<_, _>>().map(Self)
    }
}

/// The parts between those commas that are neither in parentheses or brackets nor in quotes.
pub(super) fn split(text: &str) -> Result<Vec<&str>, String> {
    let (mut parts, mut start, mut depth, mut quoted) = (vec![], 0, 0_usize, false);
    for (position, character) in text.char_indices() {
        match character {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' => depth += 1,
            ')' | ']' => {
                depth = depth
                    .checked_sub(1)
                    .ok_or_else(|| format!("{text:?} closes a parenthesis or bracket that is not open"))?
            }
            ',' if depth == 0 => {
                parts.push(&text[start..position]);
                start = position + 1;
            }
            _ => {}
        }
    }
    if depth > 0 || quoted {
        return Err(format!("{text:?} leaves a parenthesis, bracket or quote open"));
    }
    parts.push(&text[start..]);
    Ok(parts)
}

fn step(text: &str) -> Result<StepSpec, String> {
    let text = text.trim();
    let (algorithm, parameters) = match text.split_once('(') {
        None => (text, BTreeMap::new()),
        Some((algorithm, rest)) => {
            let inside =
                rest.strip_suffix(')').ok_or_else(|| format!("{text:?} has something after its parenthesis"))?;
            (algorithm.trim(), parameters(algorithm.trim(), inside)?)
        }
    };
    if algorithm.is_empty() {
        return Err("a step has no name; steps are names separated by commas".into());
    }
    Ok(StepSpec { algorithm: algorithm.to_owned(), parameters, columns: None })
}

fn parameters(algorithm: &str, text: &str) -> Result<BTreeMap<String, Value>, String> {
    let mut parameters = BTreeMap::new();
    if text.trim().is_empty() {
        return Ok(parameters);
    }
    for part in split(text)? {
        let (name, text) = part
            .split_once('=')
            .ok_or_else(|| format!("{:?} of {algorithm} is not name=value, such as C=0.5", part.trim()))?;
        if parameters.insert(name.trim().to_owned(), value(text.trim())?).is_some() {
            return Err(format!("{algorithm} has the parameter {:?} twice", name.trim()));
        }
    }
    Ok(parameters)
}

/// A value as [`Steps`] reads it.
pub(super) fn value(text: &str) -> Result<Value, String> {
    if let Some(quoted) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return Ok(Value::Text(quoted.to_owned()));
    }
    if let Some(list) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let whole = numbers(list).map(Value::Integers);
        let real = || numbers(list).filter(|them| them.iter().all(|it: &f64| it.is_finite())).map(Value::Numbers);
        return whole.or_else(real).ok_or_else(|| format!("{text:?} is no list of numbers, such as [10, 20]"));
    }
    let flag = || text.parse().ok().map(Value::Flag);
    let number = || text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Number);
    let whole = text.parse().ok().map(Value::Integer);
    Ok(whole.or_else(number).or_else(flag).unwrap_or_else(|| Value::Text(text.to_owned())))
}

fn numbers<T: FromStr>(list: &str) -> Option<Vec<T>> {
    if list.trim().is_empty() {
        return Some(vec![]);
    }
    list.split(',').map(|number| number.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<StepSpec>, String> {
        text.parse::<Steps>().map(|steps| steps.0)
    }

    #[test]
    fn steps_are_names_with_or_without_parameters() {
        let steps =
            parse(r#"standard_scaler, k_means(n_clusters=3, tolerance=1e-4, init="a,b)", exact=true, mode=fast)"#);

        let steps = steps.unwrap();
        assert_eq!(steps.iter().map(|it| it.algorithm.as_str()).collect::<Vec<_>>(), ["standard_scaler", "k_means"]);
        let expected = [
            ("n_clusters", Value::Integer(3)),
            ("tolerance", Value::Number(1e-4)),
            ("init", Value::Text("a,b)".into())),
            ("exact", Value::Flag(true)),
            ("mode", Value::Text("fast".into())),
        ];
        assert_eq!(steps[1].parameters, expected.map(|(name, value)| (name.into(), value)).into());
        assert_eq!(parse("k_means()").unwrap(), parse("k_means").unwrap());
    }

    #[test]
    fn whole_numbers_in_brackets_are_a_list() {
        for (text, numbers) in [("[10, 20]", vec![10, 20]), ("[-3]", vec![-3]), ("[]", vec![])] {
            let steps = parse(&format!("scale,net(sizes={text},tol=1)")).unwrap();

            assert_eq!(steps[1].parameters["sizes"], Value::Integers(numbers));
        }
    }

    #[test]
    fn numbers_in_brackets_of_which_one_is_not_whole_are_a_list_too() {
        let steps = parse("scale(range=[-0.5, 1],tol=1)").unwrap();

        assert_eq!(steps[0].parameters["range"], Value::Numbers(vec![-0.5, 1.0]));
        assert!(parse("scale(range=[0.5, NaN])").is_err());
    }

    #[test]
    fn what_is_no_list_of_steps_is_refused() {
        let wrong = ["", ",", "a,,b", "a(", "a)", "a(b)", "a(b=1", "a(b=1)c", "a(b=1,b=2)", "(b=1)", "a(b=\"1)"];
        let wrong = wrong.into_iter().chain(["a(b=[1)", "a(b=1])", "a(b=[1,])", "a(b=[x])"]);
        for text in wrong {
            assert!(parse(text).is_err(), "{text:?} was taken");
        }
    }
}
