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
        if asked.csv {
            return print(&to_csv(&explained)?);
        }
        asked.remote.print(&document(&explained), || {
            let headings = headings(&explained);
            let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
            report::table(&headings, cells(&explained, Answers::Largest, report::rounded), "no rows")
        })
    })
}

/// Which answers of a row are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answers {
    All,
    /// The first one of those of the largest sum.
    Largest,
}

/// The row, the class if there are some, the sum under the name of its scale, the base value, the columns.
fn headings(explained: &Explained) -> Vec<String> {
    let class = explained.classes.is_some().then(|| "class".to_owned());
    let sum = explained.explanation.scale.name().to_owned();
    let first = ["row".to_owned()].into_iter().chain(class).chain([sum, "base".to_owned()]);
    first.chain(explained.features.iter().cloned()).collect()
}

fn cells(explained: &Explained, which: Answers, number: impl Fn(f64) -> String) -> Vec<Vec<String>> {
    let Explanation { base_values, contributions, .. } = &explained.explanation;
    let classes = explained.classes.as_deref().map(texts);
    let sums = explained.explanation.sums();
    let mut cells = vec![];
    for (row, (sums, parts)) in sums.outer_iter().zip(contributions.outer_iter()).enumerate() {
        let chosen = match which {
            Answers::All => 0..sums.len(),
            Answers::Largest => largest(sums),
        };
        for answer in chosen {
            let class = classes.as_ref().map(|classes| classes[answer].clone());
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

fn to_csv(explained: &Explained) -> Result<String, Failure> {
    csv_text(headings(explained), cells(explained, Answers::All, |number| digits(&number)))
}

/// A document with the fields of the IDL that the model has.
fn document(explained: &Explained) -> Value {
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
        }
    }

    #[test]
    fn the_table_has_the_class_that_is_answered_and_csv_has_all() {
        let largest = cells(&explained(), Answers::Largest, report::rounded);
        let Ok(csv) = to_csv(&explained()) else { panic!("it is written to memory") };

        assert_eq!(largest[0], ["0", "no", "0.8750", "0.5000", "0.2500", "0.1250"]);
        assert_eq!(largest[1], ["1", "yes", "1.0000", "0.5000", "0.5000", "0"]);
        assert_eq!(csv.lines().next(), Some("row,class,probability,base,length,width"));
        assert_eq!(csv.lines().nth(2), Some("0,yes,0.125,0.5,-0.25,-0.125"));
        assert_eq!(csv.lines().count(), 5);
    }

    #[test]
    fn a_document_has_the_fields_of_the_idl() {
        let document = document(&explained());

        assert_eq!((&document["scale"], &document["classes"]), (&json!("probability"), &json!(["no", "yes"])));
        assert_eq!(document["contributions"][1], json!([[-0.5, 0.0], [0.5, 0.0]]));
    }
}
