//! Finds the line of a declaration in the text of a `.thrift` file: the compiler's dump has no lines.

use crate::declaration::{Declaration, Kind};
use std::ops::Range;

/// A word, a number or one other character. Comments and texts in quotes are none.
#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    text: &'a str,
    line: usize,
}

/// The line of a declaration, from 1. Where it cannot be found, the line of the one around it, or 1.
pub(crate) fn line(text: &str, declaration: &Declaration) -> usize {
    let tokens = tokens(text);
    let found = match &declaration.within {
        Some(outer) => outer_token(&tokens, outer).map(|at| inner_token(&tokens, at, declaration).unwrap_or(at)),
        None => top_token(&tokens, declaration.kind, &declaration.name),
    };
    found.map_or(1, |at| tokens[at].line)
}

fn outer_token(tokens: &[Token<'_>], name: &str) -> Option<usize> {
    let kinds = [Kind::Struct, Kind::Union, Kind::Exception, Kind::Enum, Kind::Service];
    kinds.into_iter().find_map(|kind| top_token(tokens, kind, name))
}

/// The token of a name outside of all brackets, below the keyword of its kind.
fn top_token(tokens: &[Token<'_>], kind: Kind, name: &str) -> Option<usize> {
    let mut keyword: Option<usize> = None;
    for at in outside_of_brackets(tokens, 0..tokens.len()) {
        let declares = |keyword: usize| {
            tokens[keyword].text == kind.word() && tokens[at].text == name && (at > keyword + 1) == kind.follows_type()
        };
        if keyword.is_some_and(declares) {
            return Some(at);
        }
        if Kind::KEYWORDS.iter().any(|known| known.word() == tokens[at].text) {
            keyword = Some(at);
        }
    }
    None
}

/// The token of a field, a value or a method in the body of what is declared at `outer`.
fn inner_token(tokens: &[Token<'_>], outer: usize, declaration: &Declaration) -> Option<usize> {
    let open = outer + tokens[outer..].iter().position(|token| token.text == "{")?;
    let is_it = |&at: &usize| {
        let (before, after) = (tokens[at - 1].text, tokens.get(at + 1).map_or("", |token| token.text));
        tokens[at].text == declaration.name
            && match declaration.kind {
                Kind::Field => ends_a_type(before),
                Kind::Method => ends_a_type(before) && after == "(",
                _ => before != "=",
            }
    };
    outside_of_brackets(tokens, open + 1..tokens.len()).find(is_it)
}

/// A field's or method's name follows its type; a type's name follows `:`, `,`, a requiredness, …
fn ends_a_type(token: &str) -> bool {
    let is_word = token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    token == ">" || token == "&" || (is_word && !["optional", "required", "oneway", "throws"].contains(&token))
}

/// The tokens of a range that are in no bracket opened there; it ends where a bracket closes that was opened before.
fn outside_of_brackets<'a>(tokens: &'a [Token<'_>], range: Range<usize>) -> impl Iterator<Item = usize> + 'a {
    let mut depth = 0_i32;
    range
        .map_while(move |at| {
            depth += match tokens[at].text {
                "{" | "(" | "[" | "<" => 1,
                "}" | ")" | "]" | ">" => -1,
                _ => 0,
            };
            (depth >= 0).then_some((at, depth))
        })
        .filter_map(|(at, depth)| (depth == 0).then_some(at))
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut tokens, mut rest, mut line) = (Vec::new(), text, 1);
    while let Some(first) = rest.chars().next() {
        let length = length(rest, first);
        let (token, tail) = rest.split_at(length);
        if !first.is_whitespace() && !is_comment(token) && first != '"' && first != '\'' {
            tokens.push(Token { text: token, line });
        }
        line += token.matches('\n').count();
        rest = tail;
    }
    tokens
}

/// Bytes of the first token, comment or text in quotes of `rest`, which starts with `first`.
fn length(rest: &str, first: char) -> usize {
    let until = |end: &str, skip: usize| rest[skip..].find(end).map_or(rest.len(), |at| skip + at + end.len());
    match first {
        '/' if rest.starts_with("/*") => until("*/", 2),
        '/' if rest.starts_with("//") => until("\n", 2),
        '#' => until("\n", 1),
        '"' => until("\"", 1),
        '\'' => until("'", 1),
        _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
        _ => first.len_utf8(),
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '.'
}

fn is_comment(token: &str) -> bool {
    ["//", "/*", "#"].iter().any(|start| token.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::line;
    use crate::declaration::{Declaration, Kind};

    const TEXT: &str = r#"/* struct Late, a comment */
namespace rs wire # namespace py x
const string name = "struct Late { }"
typedef list<Early> Late
enum Early { value = 1,
  other }
struct Pair {
  1: optional name late
  2: optional map<string, late> name (
    key = "x") // name
  3: optional Late method
}
service Calls {
  name Pair(1: Pair method)
  Late method(1: Pair request)
    throws (1: Late error)
}"#;

    fn line_of(kind: Kind, name: &str) -> usize {
        line(TEXT, &Declaration::new(kind, name))
    }

    fn line_within(kind: Kind, name: &str, outer: &str) -> usize {
        line(TEXT, &Declaration::within(kind, name, outer))
    }

    #[test]
    fn comments_and_quotes_declare_nothing() {
        assert_eq!(line_of(Kind::Struct, "Late"), 1, "not found is line 1");
        assert_eq!(line_of(Kind::Namespace, "py"), 1);
    }

    #[test]
    fn names_at_the_top_are_found_by_their_kind() {
        let lines = [
            (Kind::Namespace, "rs"),
            (Kind::Const, "name"),
            (Kind::Typedef, "Late"),
            (Kind::Enum, "Early"),
            (Kind::Struct, "Pair"),
            (Kind::Service, "Calls"),
        ];
        assert_eq!(lines.map(|(kind, name)| line_of(kind, name)), [2, 3, 4, 5, 7, 13]);
    }

    #[test]
    fn a_field_is_found_by_its_name_and_not_by_a_type_of_that_name() {
        assert_eq!(line_within(Kind::Field, "name", "Pair"), 9);
        assert_eq!(line_within(Kind::Field, "late", "Pair"), 8);
    }

    #[test]
    fn a_method_is_found_though_an_argument_or_a_type_has_its_name() {
        assert_eq!(line_within(Kind::Method, "Pair", "Calls"), 14);
        assert_eq!(line_within(Kind::Method, "method", "Calls"), 15);
    }

    #[test]
    fn a_value_is_found_and_an_unknown_one_has_the_line_of_its_enum() {
        assert_eq!(line_within(Kind::Value, "other", "Early"), 6);
        assert_eq!(line_within(Kind::Value, "none", "Early"), 5);
    }
}
