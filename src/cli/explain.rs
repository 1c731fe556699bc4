//! `modelwire explain`

use super::model_rows::{ModelRows, known_columns};
use super::predictions::{csv_text, digits, labels_of, texts};
use super::remote::print;
use super::{Failure, report, table_file};
use crate::client::Explained;
use crate::data::Features;
use crate::model::Explanation;
use ndarray::ArrayView1;
use serde_json::{Value, json};

/// Say what each column adds to a prediction
///
/// Reads rows as "modelwire predict" does. Prints for each row what is answered and what it is the sum of: a base value and a
/// part for each column. Of a classifier the table has the class of the largest sum, CSV and JSON have all. Linear models, trees and
/// forests can be explained.
///
/// Examples:
///     modelwire explain wine rows.csv
///     modelwire explain wine@3 - --csv < rows.csv > parts.csv
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) asked: ModelRows,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let asked = &arguments.asked;
    let table = table_file::read(&asked.file)?;
    asked.remote.run(async |client| {
        let described = client.describe_model(&asked.model).await?;
        let rows = Features::Table(known_columns(&described, &table)?);
        let explained = client.explain(&format!("{}@{}", described.name, described.version), &rows).await?;
        let names = Names::of(&explained);
        if asked.csv {
            return print(&to_csv(&explained, &names)?);
        }
        asked.remote.print(&document(&explained, &names), || {
            let headings = headings(&explained, &names);
            let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
            report::table(&headings, cells(&explained, &names, Answers::Telling, report::rounded), "no rows")
        })
    })
}

/// What the answers to a row stand for.
#[derive(Debug)]
enum Names {
    /// There is one answer.
    None,
    Classes(Vec<String>),
    Targets(Vec<String>),
}

impl Names {
    fn of(explained: &Explained) -> Self {
        match (&explained.classes, &explained.outputs) {
            (Some(classes), _) => Self::Classes(texts(classes)),
            (None, Some(outputs)) => Self::Targets(outputs.clone()),
            (None, None) => Self::None,
        }
    }

    fn heading(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Classes(_) => Some("class"),
            Self::Targets(_) => Some("target"),
        }
    }

    fn get(&self, answer: usize) -> Option<&String> {
        match self {
            Self::None => None,
            Self::Classes(names) | Self::Targets(names) => names.get(answer),
        }
    }
}

/// Which answers of a row are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answers {
    All,
    /// Of classes the first one of those of the largest sum, else all.
    Telling,
}

/// The row, the class or target if there are some, the sum under the name of its scale, the base value, the columns.
fn headings(explained: &Explained, names: &Names) -> Vec<String> {
    let class = names.heading().map(str::to_owned);
    let sum = explained.explanation.scale.name().to_owned();
    let first = ["row".to_owned()].into_iter().chain(class).chain([sum, "base".to_owned()]);
    first.chain(explained.features.iter().cloned()).collect()
}

fn cells(explained: &Explained, names: &Names, which: Answers, number: impl Fn(f64) -> String) -> Vec<Vec<String>> {
    let Explanation { base_values, contributions, .. } = &explained.explanation;
    let sums = explained.explanation.sums();
    let mut cells = vec![];
    for (row, (sums, parts)) in sums.outer_iter().zip(contributions.outer_iter()).enumerate() {
        let chosen = match (which, names) {
            (Answers::Telling, Names::Classes(_)) => largest(sums),
            _ => 0..sums.len(),
        };
        for answer in chosen {
            let class = names.get(answer).cloned();
            let numbers = [sums[answer], base_values[answer]].into_iter().chain(parts.row(answer).to_vec());
            cells.push([row.to_string()].into_iter().chain(class).chain(numbers.map(&number)).collect());
        }
    }
    cells
}

fn largest(sums: ArrayView1<'_, f64>) -> std::ops::Range<usize> {
    let first = sums.iter().enumerate().reduce(|best, it| if it.1 > best.1 { it } else { best });
    first.map_or(0..0, |(place, _)| place..place + 1)
}

fn to_csv(explained: &Explained, names: &Names) -> Result<String, Failure> {
    csv_text(headings(explained, names), cells(explained, names, Answers::All, |number| digits(&number)))
}

/// A document with the fields of the IDL that the model has, and the names of several targets.
fn document(explained: &Explained, names: &Names) -> Value {
    let Explanation { scale, base_values, contributions } = &explained.explanation;
    let of_row = |row: ndarray::ArrayView2<'_, f64>| row.outer_iter().map(|answer| answer.to_vec()).collect::<Vec<_>>();
    let mut document = json!({
        "model": explained.model,
        "version": explained.version,
        "scale": scale.name(),
        "base_values": base_values.to_vec(),
        "contributions": contributions.outer_iter().map(of_row).collect::<Vec<_>>(),
        "features": explained.features,
    });
    if let Some(classes) = &explained.classes {
        document["classes"] = labels_of(classes);
    }
    if let Names::Targets(targets) = names {
        document["outputs"] = json!(targets);
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Labels;
    use crate::model::Scale;
    use ndarray::array;
    use std::sync::Arc;

    fn explained() -> Explained {
        Explained {
            model: "iris".into(),
            version: 1,
            generation: None,
            explanation: Explanation {
                scale: Scale::Probability,
                base_values: array![0.5, 0.5],
                contributions: array![[[0.25, 0.125], [-0.25, -0.125]], [[-0.5, 0.0], [0.5, 0.0]]],
            },
            features: vec!["length".into(), "width".into()],
            classes: Some(Arc::new(Labels::Text(vec!["no".into(), "yes".into()]))),
            outputs: None,
        }
    }

    #[test]
    fn the_table_has_the_class_that_is_answered_and_csv_has_all() {
        let names = Names::of(&explained());
        let largest = cells(&explained(), &names, Answers::Telling, report::rounded);
        let Ok(csv) = to_csv(&explained(), &names) else { panic!("it is written to memory") };

        assert_eq!(largest[0], ["0", "no", "0.8750", "0.5000", "0.2500", "0.1250"]);
        assert_eq!(largest[1], ["1", "yes", "1.0000", "0.5000", "0.5000", "0"]);
        assert_eq!(csv.lines().next(), Some("row,class,probability,base,length,width"));
        assert_eq!(csv.lines().nth(2), Some("0,yes,0.125,0.5,-0.25,-0.125"));
        assert_eq!(csv.lines().count(), 5);
    }

    #[test]
    fn several_targets_are_all_there_by_their_names() {
        let outputs = Some(vec!["price".to_owned(), "count".into()]);
        let explained = Explained { classes: None, outputs, ..explained() };
        let names = Names::of(&explained);

        let cells = cells(&explained, &names, Answers::Telling, report::rounded);

        assert_eq!(headings(&explained, &names)[..3], ["row", "target", "probability"]);
        let targets: Vec<&str> = cells.iter().map(|row| row[1].as_str()).collect();
        assert_eq!(targets, ["price", "count", "price", "count"]);
        assert_eq!(document(&explained, &names)["outputs"], json!(["price", "count"]));
    }

    #[test]
    fn a_document_has_the_fields_of_the_idl() {
        let document = document(&explained(), &Names::of(&explained()));

        assert_eq!((&document["scale"], &document["classes"]), (&json!("probability"), &json!(["no", "yes"])));
        assert_eq!(document["contributions"][1], json!([[-0.5, 0.0], [0.5, 0.0]]));
    }
}
