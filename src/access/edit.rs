//! Changes a file of tokens: comments and order stay, and a server that reads meanwhile sees the old file or the new one.

use super::file::check_name;
use super::live::read;
use super::tokens::{Entry, Kind};
use super::{Pattern, Role, Token, Tokens};
use crate::error::{Error, Result};
use chrono::{DateTime, SecondsFormat, Utc};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use toml_edit::{Array, ArrayOfTables, Datetime, DocumentMut, Item, Table, value};

/// What a new token allows.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Unique in its file.
    pub name: String,
    /// What it may call.
    pub role: Role,
    /// The models that it may use.
    pub models: Vec<Pattern>,
    /// The data sets that it may use.
    pub datasets: Vec<Pattern>,
    /// From then on it is refused.
    pub expires: Option<DateTime<Utc>>,
}

/// An entry of a file, without its hash.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Listed {
    /// Of the entry.
    pub name: String,
    /// "token" or "certificate"
    pub kind: &'static str,
    /// What it may call.
    pub role: &'static str,
    /// Patterns of the models that it may use.
    pub models: Vec<String>,
    /// Patterns of the data sets that it may use.
    pub datasets: Vec<String>,
    /// In RFC 3339, UTC.
    pub created: Option<String>,
    /// In RFC 3339, UTC.
    pub expires: Option<String>,
}

/// Adds an entry, in a new file if there is none, and answers its token: it is not kept anywhere and cannot be had again.
///
/// # Errors
/// [`Error::InvalidArgument`] for a name that is none or a file with faults, [`Error::FailedPrecondition`] if the name is
/// taken, [`Error::Storage`] if the file cannot be read or written.
pub fn create(path: &Path, new: &NewToken, now: DateTime<Utc>) -> Result<Token> {
    check_name(&new.name).map_err(Error::invalid)?;
    let editing = Editing::begin(path)?;
    if editing.tokens.entries.iter().any(|entry| entry.identity.name() == new.name) {
        let (name, file) = (&new.name, path.display());
        return Err(Error::precondition(format!(
            "the name {name:?} is taken in {file}; take another one, or free it by \"modelwire tokens revoke {name}\""
        )));
    }
    let token = Token::generate()?;
    editing.finish(|document| {
        let mut entry = table(new, &token, now)?;
        if !document.is_empty() {
            entry.decor_mut().set_prefix("\n");
        }
        entries_of(document, Kind::Token)?.push(entry);
        Ok(())
    })?;
    Ok(token)
}

/// Removes the entry of this name, with the comments above it.
///
/// # Errors
/// [`Error::InvalidArgument`] if there is none or the file has faults, [`Error::Storage`] if the file cannot be read or
/// written.
pub fn revoke(path: &Path, name: &str) -> Result<()> {
    let editing = Editing::begin(path)?;
    let named = editing.tokens.entries.iter().find(|entry| entry.identity.name() == name);
    let kind = named.map(|entry| entry.kind).ok_or_else(|| {
        Error::invalid(format!(
            "{} has no entry {name:?}; \"modelwire tokens list\" shows those it has",
            path.display()
        ))
    })?;
    editing.finish(|document| {
        entries_of(document, kind)?.retain(|entry| entry.get("name").and_then(Item::as_str) != Some(name));
        Ok(())
    })
}

/// The entries of a file, in its order, certificates last.
///
/// # Errors
/// [`Error::InvalidArgument`] if the file has faults, [`Error::Storage`] if it cannot be read.
pub fn list(path: &Path) -> Result<Vec<Listed>> {
    let text = read(path).map_err(|cause| failed("reading", path, cause))?;
    let tokens = parse(path, &text)?;
    let (certificates, tokens): (Vec<_>, Vec<_>) = tokens.entries.iter().partition(|it| it.kind == Kind::Certificate);
    Ok(tokens.into_iter().chain(certificates).filter_map(listed).collect())
}

fn listed(entry: &Entry) -> Option<Listed> {
    let grant = entry.identity.grant()?;
    let texts = |patterns: &[Pattern]| patterns.iter().map(Pattern::to_string).collect();
    Some(Listed {
        name: entry.identity.name().to_owned(),
        kind: entry.kind.name(),
        role: grant.role.name(),
        models: texts(&grant.models),
        datasets: texts(&grant.datasets),
        created: entry.created.map(rfc3339),
        expires: entry.expires.map(rfc3339),
    })
}

fn table(new: &NewToken, token: &Token, now: DateTime<Utc>) -> Result<Table> {
    let patterns = |patterns: &[Pattern]| value(patterns.iter().map(Pattern::to_string).collect::<Array>());
    let mut table = Table::new();
    table.insert("name", value(new.name.as_str()));
    table.insert("role", value(new.role.name()));
    table.insert("sha256", value(token.digest().to_hex()));
    table.insert("models", patterns(&new.models));
    table.insert("datasets", patterns(&new.datasets));
    table.insert("created", value(toml_time(now)?));
    if let Some(expires) = new.expires {
        table.insert("expires", value(toml_time(expires)?));
    }
    Ok(table)
}

fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn toml_time(time: DateTime<Utc>) -> Result<Datetime> {
    let text = rfc3339(time);
    text.parse().map_err(|_| Error::invalid(format!("{text} is no time that a TOML file can hold")))
}

/// The `[[token]]` or `[[certificate]]` of a document.
fn entries_of(document: &mut DocumentMut, kind: Kind) -> Result<&mut ArrayOfTables> {
    let entries = document.entry(kind.name()).or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    entries.as_array_of_tables_mut().ok_or_else(|| {
        Error::precondition(format!("{kind} is written as a list in brackets; write each entry as [[{kind}]] first"))
    })
}

/// A file that nobody else of us changes meanwhile.
struct Editing {
    /// Where the file really is: a link to it stays one.
    path: PathBuf,
    text: String,
    tokens: Tokens,
    /// Locked until this is dropped. It is a file of its own, since the other one is replaced, and it stays: one that is
    /// deleted could be locked by two.
    _lock: File,
}

impl Editing {
    /// Waits for its turn and reads the file; one that is not there is an empty one.
    fn begin(path: &Path) -> Result<Self> {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let aside = beside(&path, ".lock");
        let locked = private().create(true).truncate(false).open(&aside).and_then(|file| file.lock().map(|()| file));
        let lock = locked.map_err(|cause| failed("locking", &aside, cause))?;
        let text = match read(&path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => String::new(),
            found => found.map_err(|cause| failed("reading", &path, cause))?,
        };
        let tokens = parse(&path, &text)?;
        Ok(Self { path, text, tokens, _lock: lock })
    }

    /// Changes the document and puts it in the place of the file.
    fn finish(self, change: impl FnOnce(&mut DocumentMut) -> Result<()>) -> Result<()> {
        // `begin` has read it as TOML already.
        let mut document: DocumentMut = self.text.parse().map_err(|_| Error::internal("the file is no TOML"))?;
        change(&mut document)?;
        let text = document.to_string();
        parse(&self.path, &text)?;
        self.replace(&text).map_err(|cause| failed("writing", &self.path, cause))
    }

    /// Writes aside, for the owner's eyes only, and renames: whoever reads finds one or the other, also after a power cut.
    fn replace(&self, text: &str) -> io::Result<()> {
        let aside = beside(&self.path, ".new");
        match fs::remove_file(&aside) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
            _ => {} // What a crash left behind is not what is written now.
        }
        let mut file = private().create_new(true).open(&aside)?;
        self.keep_owner(&file)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&aside, &self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(".".as_ref());
        File::open(folder)?.sync_all()
    }

    /// Who changes the file as root leaves it to the user that the server runs as.
    fn keep_owner(&self, file: &File) -> io::Result<()> {
        let (Ok(old), new) = (self.path.metadata(), file.metadata()?) else { return Ok(()) };
        if (old.uid(), old.gid()) == (new.uid(), new.gid()) {
            return Ok(());
        }
        fchown(file, Some(old.uid()), Some(old.gid()))
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

fn parse(path: &Path, text: &str) -> Result<Tokens> {
    Tokens::parse(text).map_err(|faults| Error::invalid(format!("{} has faults:\n{faults}", path.display())))
}

fn failed(doing: &str, path: &Path, cause: io::Error) -> Error {
    Error::storage(format!("{doing} {}", path.display()), cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use std::os::unix::fs::PermissionsExt;

    fn new(name: &str) -> NewToken {
        let (models, datasets) = (vec!["churn*".parse().unwrap()], vec![]);
        NewToken { name: name.into(), role: Role::Trainer, models, datasets, expires: None }
    }

    fn now() -> DateTime<Utc> {
        "2026-01-31T12:00:00Z".parse().unwrap()
    }

    fn names(path: &Path) -> Vec<String> {
        list(path).unwrap().into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn a_token_that_was_made_is_the_one_that_the_file_knows_and_is_not_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.toml");

        let expires = Some("2027-01-31T12:00:00Z".parse().unwrap());
        let token = create(&path, &NewToken { expires, ..new("ci") }, now()).unwrap();

        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(token.as_str()) && text.contains(&token.digest().to_hex()), "{text}");
        let tokens = Tokens::parse(&text).unwrap();
        assert_eq!(tokens.identify(Kind::Token, &token.digest(), now()).unwrap().identity.name(), "ci");
        let listed = list(&path).unwrap().remove(0);
        assert_eq!((listed.role, listed.kind, listed.models.join(",")), ("trainer", "token", "churn*".to_owned()));
        assert_eq!(listed.created.as_deref(), Some("2026-01-31T12:00:00Z"));
        assert_eq!(listed.expires.as_deref(), Some("2027-01-31T12:00:00Z"));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_name_that_is_taken_or_none_is_refused_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.toml");
        create(&path, &new("ci"), now()).unwrap();
        let before = fs::read_to_string(&path).unwrap();

        assert_eq!(create(&path, &new("ci"), now()).unwrap_err().code(), Code::FailedPrecondition);
        for name in ["", "a b", "anonymous", "1a"] {
            assert_eq!(create(&path, &new(name), now()).unwrap_err().code(), Code::InvalidArgument, "{name:?}");
        }

        assert_eq!(fs::read_to_string(&path).unwrap(), before);
    }

    #[test]
    fn comments_and_order_of_what_stays_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.toml");
        let entry = |kind: &str, name: &str| {
            format!(
                "[[{kind}]]  # {name}'s\nrole = 'reader' # for now\nname = \"{name}\"\nsha256 = \"{}\"\n",
                Token::from(name.to_owned()).digest().to_hex()
            )
        };
        let (head, first, second, edge) =
            ("# ours\n", entry("token", "first"), entry("token", "second"), entry("certificate", "edge"));
        fs::write(&path, format!("{head}{first}\n{second}\n# the proxy\n{edge}")).unwrap();

        create(&path, &new("third"), now()).unwrap();
        revoke(&path, "second").unwrap();

        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(&format!("{head}{first}")), "{text}");
        assert!(text.contains(&format!("\n# the proxy\n{edge}")) && !text.contains("second"), "{text}");
        assert_eq!(names(&path), ["first", "third", "edge"]);
    }

    #[test]
    fn what_is_revoked_is_gone_and_cannot_be_revoked_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.toml");
        create(&path, &new("ci"), now()).unwrap();

        revoke(&path, "ci").unwrap();

        assert!(names(&path).is_empty());
        assert!(revoke(&path, "ci").unwrap_err().to_string().contains("has no entry \"ci\""));
    }

    #[test]
    fn a_file_with_faults_is_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.toml");
        fs::write(&path, "[[token]]\nname = \"ci\"\n").unwrap();

        assert!(create(&path, &new("other"), now()).unwrap_err().to_string().contains("line 1: the token has no role"));
        assert!(revoke(&path, "ci").is_err() && list(&path).is_err());

        assert_eq!(fs::read_to_string(&path).unwrap(), "[[token]]\nname = \"ci\"\n");
    }

    #[test]
    fn entries_that_are_made_at_once_are_all_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.toml");

        std::thread::scope(|scope| {
            for thread in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    (0..5).for_each(|i| drop(create(path, &new(&format!("t{thread}-{i}")), now()).unwrap()))
                });
            }
        });

        assert_eq!(names(&path).len(), 20);
    }

    #[test]
    fn a_link_to_the_file_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("tokens.toml"), folder.path().join("link.toml"));
        create(&path, &new("ci"), now()).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();

        create(&link, &new("other"), now()).unwrap();

        assert!(link.is_symlink());
        assert_eq!(names(&path), ["ci", "other"]);
    }
}
