//! Reads a file of tokens. Everything that is wrong with it comes in one report.
//!
//! ```toml
//! [[token]]                              # or [[certificate]], for a TLS client certificate
//! name = "ci"                            # stands in messages and in the audit log
//! role = "trainer"
//! sha256 = "9f86d081884c7d65…"           # of the token, or of the certificate in DER
//! models = ["churn*"]                    # absent: none
//! datasets = ["*"]                       # absent: none
//! created = 2026-01-31T12:00:00Z         # for people
//! expires = 2027-01-31T12:00:00Z         # absent: never
//! ```

use super::identity::{Grant, Identity, RESERVED};
use super::token::Digest;
use super::tokens::{Entry, Kind};
use super::{Pattern, Role};
use crate::error::{Error, Result, quotable};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Why a value is not taken.
type Taken<T> = std::result::Result<T, String>;

pub(super) fn parse(text: &str) -> Result<Vec<Entry>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { text, faults: Vec::new() };
    for error in &errors {
        // The message alone: with its place comes the line itself, and a hash may stand in it.
        reader.fault(error.span().unwrap_or_default(), error.message());
    }
    let mut entries = Vec::new();
    for (key, value) in document.get_ref() {
        match [Kind::Token, Kind::Certificate].into_iter().find(|kind| kind.name() == key.get_ref()) {
            Some(kind) => entries.extend(reader.entries(kind, value)),
            None => {
                reader.fault(key.span(), &format!("{} is none of [[token]] and [[certificate]]", quoted(key.get_ref())))
            }
        }
    }
    reader.repeated(&entries);
    reader.finish(entries.into_iter().map(|(_, entry)| entry).collect())
}

/// A name is `[A-Za-z][A-Za-z0-9_.-]{0,63}`, so that it can stand in a log and on a command line.
pub(super) fn check_name(name: &str) -> Taken<()> {
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let continues = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    if !starts || !continues || name.len() > 64 {
        return Err(format!("the name {} does not match [A-Za-z][A-Za-z0-9_.-]{{0,63}}", quoted(name)));
    }
    if RESERVED.contains(&name) {
        return Err(format!("the name {name:?} means a caller without an entry; take another one"));
    }
    Ok(())
}

struct Reader<'a> {
    text: &'a str,
    /// Line and what is wrong.
    faults: Vec<(usize, String)>,
}

/// An entry and where it stands.
type Placed = (Range<usize>, Entry);

impl Reader<'_> {
    fn fault(&mut self, place: Range<usize>, what: &str) {
        let before = self.text.as_bytes().iter().take(place.start);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        self.faults.push((line, what.to_owned()));
    }

    fn entries(&mut self, kind: Kind, value: &Spanned<DeValue<'_>>) -> Vec<Placed> {
        let DeValue::Array(array) = value.get_ref() else {
            self.fault(value.span(), &format!("{kind} is not a list; write [[{kind}]]"));
            return Vec::new();
        };
        let mut entries = Vec::new();
        for item in array.iter() {
            match item.get_ref() {
                DeValue::Table(table) => entries.extend(self.entry(kind, item.span(), table)),
                _ => self.fault(item.span(), &format!("{kind} is not a table; write [[{kind}]]")),
            }
        }
        entries
    }

    fn entry(&mut self, kind: Kind, place: Range<usize>, table: &DeTable<'_>) -> Option<Placed> {
        let mut draft = Draft::default();
        let known = self.faults.len();
        for (key, value) in table {
            if let Err(what) = draft.take(key.get_ref(), value.get_ref()) {
                self.fault(key.span(), &what);
            }
        }
        for key in ["name", "role", "sha256"] {
            if !table.contains_key(key) {
                self.fault(place.clone(), &format!("the {kind} has no {key}"));
            }
        }
        let Draft { name, role, sha256, models, datasets, created, expires } = draft;
        let grant = Grant { kind, role: role?, models, datasets };
        let entry =
            Entry { kind, sha256: sha256?, created, expires, identity: Arc::new(Identity::granted(name?, grant)) };
        (self.faults.len() == known).then_some((place, entry))
    }

    /// A name or a secret that two entries have would leave open who calls.
    fn repeated(&mut self, entries: &[Placed]) {
        let (mut names, mut secrets) = (BTreeMap::new(), BTreeMap::new());
        for (place, entry) in entries {
            let name = entry.identity.name();
            if names.insert(name, ()).is_some() {
                self.fault(place.clone(), &format!("the name {name:?} is taken"));
            }
            if let Some(first) = secrets.insert((entry.kind.name(), entry.sha256.to_hex()), name) {
                self.fault(place.clone(), &format!("{name:?} has the sha256 of {first:?}"));
            }
        }
    }

    fn finish(mut self, entries: Vec<Entry>) -> Result<Vec<Entry>> {
        if self.faults.is_empty() {
            return Ok(entries);
        }
        self.faults.sort();
        let faults: Vec<String> = self.faults.iter().map(|(line, what)| format!("line {line}: {what}")).collect();
        Err(Error::invalid(faults.join("\n")))
    }
}

/// What is read of an entry so far.
#[derive(Default)]
struct Draft {
    name: Option<String>,
    role: Option<Role>,
    sha256: Option<Digest>,
    models: Vec<Pattern>,
    datasets: Vec<Pattern>,
    created: Option<DateTime<Utc>>,
    expires: Option<DateTime<Utc>>,
}

impl Draft {
    fn take(&mut self, key: &str, value: &DeValue<'_>) -> Taken<()> {
        match key {
            "name" => self.name = Some(name(value)?),
            "role" => self.role = Some(role(value)?),
            "sha256" => self.sha256 = Some(sha256(value)?),
            "models" => self.models = patterns(key, value)?,
            "datasets" => self.datasets = patterns(key, value)?,
            "created" => self.created = Some(instant(key, value)?),
            "expires" => self.expires = Some(instant(key, value)?),
            _ => {
                let keys = "name, role, sha256, models, datasets, created and expires";
                return Err(format!("{} is none of {keys}", quoted(key)));
            }
        }
        Ok(())
    }
}

fn name(value: &DeValue<'_>) -> Taken<String> {
    let name = text(value).ok_or("name is not a text")?;
    check_name(name).map(|()| name.to_owned())
}

fn role(value: &DeValue<'_>) -> Taken<Role> {
    text(value).ok_or("role is not a text")?.parse().map_err(|error: Error| error.to_string())
}

/// The value is not repeated: whoever writes the token itself here by mistake shall not find it in a log.
fn sha256(value: &DeValue<'_>) -> Taken<Digest> {
    text(value).and_then(Digest::from_hex).ok_or_else(|| "sha256 is not 64 hexadecimal digits".to_owned())
}

fn patterns(key: &str, value: &DeValue<'_>) -> Taken<Vec<Pattern>> {
    let not_a_list = || format!("{key} is not a list of texts such as [\"churn*\"]");
    let DeValue::Array(array) = value else { return Err(not_a_list()) };
    let pattern = |item: &Spanned<DeValue<'_>>| {
        text(item.get_ref()).ok_or_else(not_a_list)?.parse().map_err(|error: Error| format!("{key}: {error}"))
    };
    array.iter().map(pattern).collect()
}

fn instant(key: &str, value: &DeValue<'_>) -> Taken<DateTime<Utc>> {
    let text = match value {
        DeValue::Datetime(datetime) => Some(datetime.to_string()),
        value => text(value).map(str::to_owned),
    };
    let instant = text.and_then(|text| DateTime::parse_from_rfc3339(&text).ok());
    let instant = instant.ok_or_else(|| format!("{key} is not a time such as 2027-01-31T12:00:00Z"))?;
    Ok(instant.to_utc())
}

fn text<'a>(value: &'a DeValue<'_>) -> Option<&'a str> {
    match value {
        DeValue::String(text) => Some(text),
        _ => None,
    }
}

fn quoted(text: &str) -> String {
    format!("{:?}", quotable(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA256: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    fn entry(name: &str, rest: &str) -> String {
        format!("[[token]]\nname = \"{name}\"\nrole = \"reader\"\nsha256 = \"{SHA256}\"\n{rest}\n")
    }

    #[test]
    fn an_entry_is_read_with_all_that_it_can_say() {
        let text = entry(
            "ci",
            "models = [\"churn*\"]\ncreated = 2026-01-01T00:00:00Z\nexpires = \"2027-01-01T02:00:00+02:00\"",
        );

        let entries = parse(&text).unwrap();

        let [entry] = &entries[..] else { panic!("{entries:?}") };
        assert_eq!((entry.kind, entry.sha256.to_hex()), (Kind::Token, SHA256.to_owned()));
        assert_eq!(entry.expires.unwrap().to_rfc3339(), "2027-01-01T00:00:00+00:00");
        assert!(entry.identity.covers_model("churn2") && !entry.identity.covers_model("wine"));
        assert!(!entry.identity.covers_dataset("rows"), "what is absent covers nothing");
    }

    #[test]
    fn all_faults_come_in_one_report_with_their_lines_and_without_a_hash() {
        let text = format!(
            "colour = 1\n[[token]]\nname = \"a b\"\nrole = \"king\"\nsha256 = \"{}\"\nmodels = [\"[x]\"]\nexpires = 2026-01-01\nprice = 3\n\
             [[certificate]]\nname = \"anyone\"\nrole = 1\nmodels = \"*\"\n",
            &SHA256[1..]
        );

        let report = parse(&text).unwrap_err().to_string();

        let lines: Vec<&str> = report.lines().collect();
        let expected = [
            "line 1: \"colour\" is none of [[token]] and [[certificate]]",
            "line 3: the name \"a b\" does not match",
            "line 4: \"king\" is not a role; roles are public,",
            "line 5: sha256 is not 64 hexadecimal digits",
            "line 6: models: \"[x]\" is not a pattern",
            "line 7: expires is not a time such as",
            "line 8: \"price\" is none of name, role,",
            "line 9: the certificate has no sha256",
            "line 10: the name \"anyone\" means a caller without an entry",
            "line 11: role is not a text",
            "line 12: models is not a list of texts",
        ];
        assert_eq!(lines.len(), expected.len(), "{report}");
        for (line, expected) in lines.iter().zip(expected) {
            assert!(line.starts_with(expected), "{line} does not start with {expected}");
        }
        assert!(!report.contains(&SHA256[1..9]), "{report}");
    }

    #[test]
    fn two_entries_of_one_name_or_one_secret_are_refused() {
        let report = parse(&(entry("ci", "") + &entry("ci", ""))).unwrap_err().to_string();

        assert_eq!(report, "line 6: \"ci\" has the sha256 of \"ci\"\nline 6: the name \"ci\" is taken");
    }

    #[test]
    fn what_is_no_toml_is_named_by_line_without_what_stands_there() {
        let report = parse(&format!("{}sha256 = \"{SHA256}\n", entry("ci", ""))).unwrap_err().to_string();

        assert!(report.starts_with("line 6: ") && !report.contains(&SHA256[..8]), "{report}");
    }

    #[test]
    fn a_file_without_entries_is_one_that_allows_nobody() {
        assert!(parse("# none yet\n").unwrap().is_empty());
        for text in ["token = 1", "token = [1]"] {
            assert!(parse(text).is_err(), "{text} was taken");
        }
    }
}
