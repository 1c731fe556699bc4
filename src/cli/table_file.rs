//! Tables from CSV files.

use super::Failure;
use crate::data::{Column, Table, Values};
use crate::error::Error;
use arrow_array::builder::StringBuilder;
use arrow_array::{BooleanArray, Float64Array, Int64Array, StringArray};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Most bytes of one column of a file: what a column of text can address.
const MAX_COLUMN_BYTES: usize = i32::MAX as usize;

/// Reads a table from a CSV file with a heading line; `-` is standard input.
///
/// The values say what a column is: all whole numbers, all numbers, all `true` or `false` in any case, or else text. An
/// empty field is a missing value; a column of nothing else is one of whole numbers.
pub(super) fn read(path: &Path) -> Result<Table, Failure> {
    let name = if is_standard_input(path) { "standard input".into() } else { path.display().to_string() };
    let table = if is_standard_input(path) {
        parse(std::io::stdin().lock())
    } else {
        let cannot_read = |cause| Failure::Failed(format!("{name} cannot be read: {cause}"));
        parse(File::open(path).map_err(cannot_read)?)
    };
    table.map_err(|reason| Failure::Failed(format!("{name} is no table: {reason}")))
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn parse(bytes: impl Read) -> Result<Table, String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(bytes);
    let names = reader.headers().map_err(in_words)?.clone();
    let mut columns: Vec<Texts> = names.iter().map(|_| Texts::default()).collect();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(in_words)? {
        for ((column, field), name) in columns.iter_mut().zip(&record).zip(&names) {
            column.push(name, field)?;
        }
    }
    let columns = names.iter().zip(columns).map(|(name, texts)| Column { name: name.into(), values: texts.typed() });
    Table::new(columns.collect()).map_err(|error: Error| error.to_string())
}

/// The reason without the position of the byte, which no editor shows.
fn in_words(error: csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            format!("line {line} has {len} fields and the heading has {expected_len}")
        }
        csv::ErrorKind::Utf8 { pos, .. } => {
            format!("line {} is not UTF-8", pos.as_ref().map_or(0, csv::Position::line))
        }
        _ => error.to_string(),
    }
}

/// A column whose type is not known yet.
#[derive(Default)]
struct Texts {
    fields: StringBuilder,
    bytes: usize,
}

impl Texts {
    fn push(&mut self, name: &str, field: &str) -> Result<(), String> {
        self.bytes += field.len();
        if self.bytes > MAX_COLUMN_BYTES {
            return Err(format!("column {name:?} has more than {MAX_COLUMN_BYTES} bytes; split the file"));
        }
        self.fields.append_option((!field.is_empty()).then_some(field));
        Ok(())
    }

    fn typed(mut self) -> Values {
        let texts = self.fields.finish();
        let finite = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
        if texts.iter().all(|text| text.is_none()) {
            return Values::Integer(Int64Array::new_null(texts.iter().len()));
        }
        all(&texts, |text| text.parse().ok())
            .map(|values: Int64Array| Values::Integer(values))
            .or_else(|| all(&texts, finite).map(|values: Float64Array| Values::Float(values)))
            .or_else(|| all(&texts, truth).map(|values: BooleanArray| Values::Boolean(values)))
            .unwrap_or(Values::Text(texts))
    }
}

fn truth(text: &str) -> Option<bool> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    is("true").then_some(true).or_else(|| is("false").then_some(false))
}

/// The values if every text that is there has one.
fn all<T, A: FromIterator<Option<T>>>(texts: &StringArray, read: impl Fn(&str) -> Option<T>) -> Option<A> {
    texts.iter().map(|text| text.map_or(Some(None), |text| read(text.trim()).map(Some))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ColumnType::{self, Boolean, Float, Integer, Text};

    fn types(text: &str) -> Vec<ColumnType> {
        parse(text.as_bytes()).unwrap().schema().into_iter().map(|column| column.column_type).collect()
    }

    #[test]
    fn the_values_say_what_a_column_is() {
        let rows = "a,b,c,d,e,f,g\n1,1,1e3,TRUE,true,inf,\n-2,0.5,2,false,1,1,\n";

        assert_eq!(types(rows), [Integer, Float, Float, Boolean, Text, Text, Integer]);
        assert_eq!(types("big\n9223372036854775808\n"), [Float]);
        assert_eq!(types("spaced\n 1\n"), [Integer]);
    }

    #[test]
    fn an_empty_field_is_a_missing_value_and_not_a_type() {
        let table = parse("x,y\n1,a\n,\n3,c\n".as_bytes()).unwrap();

        let (x, y) = (table.column("x").unwrap(), table.column("y").unwrap());
        assert_eq!(x.values, Values::Integer(vec![Some(1), None, Some(3)].into()));
        assert_eq!(y.values, Values::Text(vec![Some("a"), None, Some("c")].into()));
    }

    #[test]
    fn a_heading_without_rows_is_a_table_without_rows() {
        assert_eq!(parse("x,y\n".as_bytes()).unwrap().n_rows(), 0);
    }

    #[test]
    fn what_is_no_table_is_refused_with_its_place() {
        let refused = |text: &[u8]| parse(text).unwrap_err();

        assert_eq!(refused(b"x,y\n1,2\n3\n"), "line 3 has 1 fields and the heading has 2");
        assert!(refused(b"x\n\xff\n").contains("line 2 is not UTF-8"));
        assert!(refused(b"").contains("no columns"));
        assert!(refused(b"x,x\n1,2\n").contains("\"x\" is there twice"));
    }
}
