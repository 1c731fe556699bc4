//! Lines as rustfmt would break them: at 120 columns, a list on one line or one item a line.

const WIDTH: usize = 120;

/// Documentation as `///` lines; nothing if there is none.
pub(super) fn docs(indent: usize, doc: Option<&str>) -> String {
    let lines = doc.unwrap_or_default().trim().lines();
    lines.map(|line| format!("{:indent$}{}\n", "", format!("/// {line}").trim_end())).collect()
}

/// `open item, item close` on one line, or `open`, each item on a line of its own, and `close`.
pub(super) fn list(indent: usize, open: &str, items: &[String], close: &str) -> String {
    let pad = if open.ends_with('{') { " " } else { "" };
    let line = format!("{:indent$}{open}{pad}{}{pad}{close}\n", "", items.join(", "));
    if line.trim_end().len() <= WIDTH {
        return line;
    }
    let inner = indent + 4;
    let items: String = items.iter().map(|item| format!("{:inner$}{item},\n", "")).collect();
    format!("{:indent$}{open}\n{items}{:indent$}{close}\n", "", "")
}

/// `open item, item close` on one line, or as many items on each line as fit.
pub(super) fn filled<'a>(open: &str, items: impl IntoIterator<Item = &'a str>, close: &str) -> String {
    let items: Vec<_> = items.into_iter().collect();
    let line = format!("{open}{}{close}\n", items.join(", "));
    if line.trim_end().len() <= WIDTH {
        return line;
    }
    let mut lines = vec![String::from("   ")];
    for item in items {
        if lines.last().is_some_and(|last| last.len() + item.len() + 2 > WIDTH) {
            lines.push(String::from("   "));
        }
        lines.last_mut().into_iter().for_each(|last| *last += &format!(" {item},"));
    }
    format!("{open}\n{}\n{close}\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::{docs, filled, list};

    #[test]
    fn a_list_that_fits_stays_on_one_line() {
        let items = ["id: 0".to_owned(), "oneway: false".to_owned()];
        assert_eq!(list(4, "Method {", &items, "},"), "    Method { id: 0, oneway: false },\n");
    }

    #[test]
    fn a_list_of_more_than_120_columns_has_an_item_a_line() {
        let items = [format!("a: {}", "A".repeat(60)), format!("b: {}", "B".repeat(60))];
        let expected = format!("f(\n    a: {},\n    b: {},\n) -> C;\n", "A".repeat(60), "B".repeat(60));
        assert_eq!(list(0, "f(", &items, ") -> C;"), expected);
    }

    #[test]
    fn imports_fill_their_lines() {
        let modules: Vec<_> = (100..130).map(|i| format!("m{i}")).collect();
        let text = filled("use wire::{", modules.iter().map(String::as_str), "};");
        assert_eq!(text.lines().map(str::len).collect::<Vec<_>>(), [11, 117, 69, 2]);
    }

    #[test]
    fn documentation_keeps_its_paragraphs_without_blanks_at_the_end() {
        assert_eq!(docs(2, Some("One.\n\n  Two.")), "  /// One.\n  ///\n  ///   Two.\n");
        assert_eq!(docs(2, None), "");
    }
}
