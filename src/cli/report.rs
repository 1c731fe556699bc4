//! Answers as people read them: aligned columns, dates, metrics.

use chrono::{DateTime, SecondsFormat};
use comfy_table::{Table, presets};
use std::collections::BTreeMap;

/// Rows under headings, in aligned columns; `nothing` if there are no rows.
pub(super) fn table<R>(headings: &[&str], rows: impl IntoIterator<Item = R>, nothing: &str) -> String
where
    R: IntoIterator<Item = String>,
{
    let mut table = Table::new();
    table.set_header(headings).add_rows(rows.into_iter().map(|row| row.into_iter().collect::<Vec<_>>()));
    if table.is_empty() { nothing.to_owned() } else { aligned(table) }
}

/// Names beside values, one a line.
pub(super) fn facts<'a>(facts: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut table = Table::new();
    table.add_rows(facts.into_iter().map(|(name, value)| [name.to_owned(), value]));
    aligned(table)
}

/// Two blanks between columns, none before the first or after the last, no lines: easy to read and to cut.
fn aligned(mut table: Table) -> String {
    table.load_style(presets::NOTHING);
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 2));
    });
    let text = table.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

/// "2026-01-31T12:00:00Z", or nothing for what has not happened.
pub(super) fn date(ms: Option<i64>) -> String {
    let date = ms.and_then(DateTime::from_timestamp_millis);
    date.map_or_else(String::new, |date| date.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// "accuracy 0.96, log_loss 0.11"
pub(super) fn metrics(metrics: &BTreeMap<String, f64>) -> String {
    let metrics: Vec<String> = metrics.iter().map(|(name, value)| format!("{name} {}", rounded(*value))).collect();
    metrics.join(", ")
}

/// Four digits after the point, or as many as a small number needs.
pub(super) fn rounded(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if (0.001..1e9).contains(&size) => format!("{value:.4}"),
        _ => format!("{value:.4e}"),
    }
}

/// What may be absent.
pub(super) fn optional<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_end_where_their_text_does() {
        let rows = [["wine", "1"], ["iris-of-fisher", "12"]].map(|row| row.map(String::from));

        let text = table(&["name", "version"], rows, "none");

        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| *line == line.trim()), "{text:?}");
        assert_eq!(lines[0].find("version"), lines[1].find('1'));
    }

    #[test]
    fn no_rows_are_said_in_words() {
        assert_eq!(table(&["name"], Vec::<Vec<String>>::new(), "no models yet"), "no models yet");
    }

    #[test]
    fn numbers_keep_the_digits_that_matter() {
        assert_eq!([0.0, 0.651_64, 1e-7, 2e12].map(rounded), ["0", "0.6516", "1.0000e-7", "2.0000e12"]);
    }
}
