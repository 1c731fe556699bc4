//! The rules as they are now, read again when their file changes.

use super::peer::{Caller, Found, Peer};
use super::token::Digest;
use super::tokens::{Kind, Tokens, unknown};
use super::{Identity, Token};
use crate::error::{Error, Result};
use arc_swap::ArcSwap;
use chrono::Utc;
use log::{info, warn};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Largest file that is read: about 4000 tokens, all of which every call is compared with.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// Longer than any token or header of ours; what is longer is not even hashed.
const MAX_TOKEN_BYTES: usize = 1024;

/// Who may do what, for the life of a server.
#[derive(Debug)]
pub struct Access {
    rules: Rules,
    anonymous: Arc<Identity>,
}

#[derive(Debug)]
enum Rules {
    /// Nothing is configured.
    Open(Arc<Identity>),
    Watched(Watched),
}

#[derive(Debug)]
struct Watched {
    path: PathBuf,
    tokens: ArcSwap<Tokens>,
    /// How often these have changed: it grows once the new ones hold.
    changes: AtomicU64,
    seen: Mutex<Seen>,
}

/// What was seen of the file.
#[derive(Debug)]
struct Seen {
    /// When it was last taken up or warned of, which is done once for each change.
    acted_on: Content,
    /// When it was last looked at.
    last: Content,
}

/// The text of a file, or why it cannot be read.
type Content = std::result::Result<String, String>;

/// What a look at the file brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reload {
    /// It is as it was, or has changed since the last look and may be in the middle of being written.
    Unchanged,
    /// Its rules hold from now on.
    Reloaded,
    /// It cannot be used, for this reason; the rules before hold on.
    Kept(String),
}

impl Access {
    /// Nothing is configured: everything is allowed to anyone.
    pub fn open() -> Self {
        Self::of(Rules::Open(Arc::new(Identity::open())))
    }

    /// The rules of a file. From now on everything but what is public needs an entry of it.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it cannot be read, or with all its faults.
    pub fn load(path: &Path) -> Result<Self> {
        let text = read(path).map_err(|cause| {
            let path = path.display();
            Error::invalid(format!(
                "the file of tokens {path} cannot be read: {cause}; \"modelwire tokens create NAME --role ROLE --file {path}\" makes one"
            ))
        })?;
        let tokens = Tokens::parse(&text)
            .map_err(|faults| Error::invalid(format!("the file of tokens {} has faults:\n{faults}", path.display())))?;
        let seen = Mutex::new(Seen { acted_on: Ok(text.clone()), last: Ok(text) });
        let tokens = ArcSwap::from_pointee(tokens);
        Ok(Self::of(Rules::Watched(Watched { path: path.to_owned(), tokens, changes: AtomicU64::new(0), seen })))
    }

    fn of(rules: Rules) -> Self {
        Self { rules, anonymous: Arc::new(Identity::anonymous()) }
    }

    /// Whether nothing is configured, so that everything is allowed.
    pub fn is_open(&self) -> bool {
        matches!(self.rules, Rules::Open(_))
    }

    /// Who calls. A token is looked at before a client certificate; who shows neither is anonymous.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if what is shown is not known or has expired.
    pub fn identify(&self, peer: &mut Peer, token: Option<&str>) -> Result<Arc<Caller>> {
        match &self.rules {
            Rules::Open(anyone) => peer.again(None, 0, |_| Ok(Found::always(anyone))),
            Rules::Watched(watched) => {
                let changes = watched.changes.load(Ordering::Acquire); // Before the rules are: older ones are asked again.
                peer.again(token, changes, |certificate| self.find(&watched.tokens.load(), token, certificate))
            }
        }
    }

    fn find(&self, tokens: &Tokens, token: Option<&str>, certificate_sha256: Option<&str>) -> Result<Found> {
        let (kind, secret) = match (token, certificate_sha256) {
            (Some(token), _) => (Kind::Token, (token.len() <= MAX_TOKEN_BYTES).then(|| Digest::of(token))),
            (None, Some(fingerprint)) => (Kind::Certificate, Digest::from_hex(fingerprint)),
            (None, None) => return Ok(Found::always(&self.anonymous)),
        };
        tokens.identify(kind, &secret.ok_or_else(|| unknown(kind))?, Utc::now())
    }

    /// A caller that shows nothing, where rules are configured.
    pub fn anonymous(&self, peer: &Peer) -> Arc<Caller> {
        peer.caller(&self.anonymous)
    }

    /// Looks at the file again. A change takes effect once two looks in a row have found it: a file that an editor writes in
    /// place is empty and then half there for a moment, which could deny everybody or leave out when a token expires. What
    /// cannot be used changes nothing and is logged, once for each change. It reads a file: not for a thread that serves.
    pub fn reload_if_changed(&self) -> Reload {
        match &self.rules {
            Rules::Open(_) => Reload::Unchanged,
            Rules::Watched(watched) => watched.reload_if_changed(),
        }
    }
}

impl Watched {
    fn reload_if_changed(&self) -> Reload {
        let now = read(&self.path).map_err(|cause| format!("it cannot be read: {cause}"));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_settled = seen.last == now;
        seen.last = now;
        if !is_settled || seen.last == seen.acted_on {
            return Reload::Unchanged;
        }
        seen.acted_on = seen.last.clone();
        self.take(seen.last.clone().and_then(|text| Tokens::parse(&text).map_err(|faults| faults.to_string())))
    }

    fn take(&self, parsed: std::result::Result<Tokens, String>) -> Reload {
        let path = self.path.display();
        match parsed {
            Ok(tokens) => {
                info!(path:%, entries = tokens.len(); "Reloaded the file of tokens.");
                self.tokens.store(Arc::new(tokens));
                self.changes.fetch_add(1, Ordering::Release);
                Reload::Reloaded
            }
            Err(reason) => {
                warn!(path:%, reason:?; "The file of tokens cannot be used; the rules before hold on.");
                Reload::Kept(reason)
            }
        }
    }
}

/// Reads a file of at most [`MAX_FILE_BYTES`].
pub(super) fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other(format!("it has more than {MAX_FILE_BYTES} bytes")));
    }
    Ok(text)
}

impl Token {
    /// An entry of the file for this token, for tests.
    #[cfg(test)]
    pub(super) fn entry(&self, name: &str, role: super::Role) -> String {
        let sha256 = self.digest().to_hex();
        format!("[[token]]\nname = \"{name}\"\nrole = \"{role}\"\nsha256 = \"{sha256}\"\nmodels = [\"*\"]\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;
    use crate::error::Code;

    fn name(access: &Access, token: &str) -> std::result::Result<String, Code> {
        access
            .identify(&mut Peer::default(), Some(token))
            .map(|it| it.identity.name().to_owned())
            .map_err(|error| error.code())
    }

    /// Two looks in a row; the first takes nothing up.
    fn look_twice(access: &Access) -> Reload {
        assert_eq!(access.reload_if_changed(), Reload::Unchanged);
        access.reload_if_changed()
    }

    fn entry(name: &str, secret: &str) -> String {
        Token::from(secret.to_owned()).entry(name, Role::Reader)
    }

    #[test]
    fn where_nothing_is_configured_anyone_may_do_everything() {
        let access = Access::open();

        for shown in [None, Some("any token")] {
            assert!(
                access
                    .identify(&mut Peer::default(), shown)
                    .unwrap()
                    .identity
                    .may_call("delete_version", Role::Admin)
                    .is_ok()
            );
        }
        assert_eq!(access.reload_if_changed(), Reload::Unchanged);
    }

    #[test]
    fn who_shows_nothing_is_anonymous_and_what_is_unknown_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.toml");
        std::fs::write(&path, entry("ci", "secret")).unwrap();
        let access = Access::load(&path).unwrap();

        assert_eq!(access.identify(&mut Peer::default(), None).unwrap().identity.name(), "anonymous");
        assert_eq!(name(&access, "secret").as_deref(), Ok("ci"));
        for token in ["", "Secret", "secret ", &"x".repeat(1025)] {
            assert_eq!(name(&access, token), Err(Code::Unauthenticated), "{token:?}");
        }
        for fingerprint in ["", "ab", &"ab".repeat(32)] {
            assert!(access.identify(&mut Peer::new("", Some(fingerprint.into())), None).is_err(), "{fingerprint:?}");
        }
    }

    #[test]
    fn a_change_takes_effect_and_what_is_broken_or_gone_keeps_the_rules_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.toml");
        std::fs::write(&path, entry("first", "one")).unwrap();
        let access = Access::load(&path).unwrap();
        assert_eq!(look_twice(&access), Reload::Unchanged);

        std::fs::write(&path, "[[token]\n").unwrap();
        assert!(matches!(look_twice(&access), Reload::Kept(reason) if reason.starts_with("line 1: ")));
        assert_eq!(access.reload_if_changed(), Reload::Unchanged, "a fault is told of once");
        assert_eq!(name(&access, "one").as_deref(), Ok("first"));

        std::fs::remove_file(&path).unwrap();
        assert!(matches!(look_twice(&access), Reload::Kept(reason) if reason.starts_with("it cannot be read")));
        assert_eq!(access.reload_if_changed(), Reload::Unchanged, "that it is gone is told of once");
        assert_eq!(name(&access, "one").as_deref(), Ok("first"));

        std::fs::write(&path, entry("second", "two")).unwrap();
        assert_eq!(look_twice(&access), Reload::Reloaded);
        assert_eq!((name(&access, "one"), name(&access, "two")), (Err(Code::Unauthenticated), Ok("second".into())));
    }

    #[test]
    fn a_file_that_is_seen_half_written_is_not_taken_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.toml");
        std::fs::write(&path, entry("first", "one")).unwrap();
        let access = Access::load(&path).unwrap();

        for half in ["", "[[token]]", &entry("first", "one")] {
            std::fs::write(&path, half).unwrap();

            assert_eq!(access.reload_if_changed(), Reload::Unchanged, "{half:?}");
            assert_eq!(name(&access, "one").as_deref(), Ok("first"), "{half:?}");
        }
        assert_eq!(access.reload_if_changed(), Reload::Unchanged, "it is as it was");
    }

    #[test]
    fn a_file_that_is_missing_or_broken_at_the_start_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.toml");

        let missing = Access::load(&path).unwrap_err().to_string();
        std::fs::write(&path, "[[token]]\n").unwrap();
        let broken = Access::load(&path).unwrap_err().to_string();

        assert!(
            missing.contains("tokens.toml cannot be read") && missing.contains("modelwire tokens create"),
            "{missing}"
        );
        assert!(broken.contains("tokens.toml has faults:\nline 1: the token has no name"), "{broken}");
    }

    #[test]
    fn a_file_without_end_is_not_read_to_it() {
        assert!(read("/dev/zero".as_ref()).unwrap_err().to_string().contains("more than 1048576 bytes"));
    }

    #[test]
    fn a_connection_that_shows_what_it_has_shown_before_is_judged_by_the_rules_of_now() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.toml");
        std::fs::write(&path, entry("ci", "secret")).unwrap();
        let (access, mut peer) = (Access::load(&path).unwrap(), Peer::default());
        let mut who =
            |token| access.identify(&mut peer, token).map(|it| it.identity.name().to_owned()).map_err(|it| it.code());
        assert_eq!([who(Some("secret")), who(Some("secret"))], [Ok("ci".into()), Ok("ci".into())]);
        assert_eq!((who(Some("other")), who(None)), (Err(Code::Unauthenticated), Ok("anonymous".into())));
        assert_eq!(who(Some("secret")), Ok("ci".into()));

        std::fs::write(&path, entry("ops", "other")).unwrap();
        look_twice(&access);

        assert_eq!((who(Some("secret")), who(Some("other"))), (Err(Code::Unauthenticated), Ok("ops".into())));
    }

    #[test]
    fn a_token_that_has_been_shown_before_expires_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.toml");
        let soon = Utc::now() + chrono::TimeDelta::milliseconds(300);
        std::fs::write(&path, format!("{}expires = {soon:?}\n", entry("ci", "secret"))).unwrap();
        let (access, mut peer) = (Access::load(&path).unwrap(), Peer::default());
        assert!(access.identify(&mut peer, Some("secret")).is_ok());

        while Utc::now() <= soon {
            std::thread::yield_now();
        }

        assert_eq!(access.identify(&mut peer, Some("secret")).unwrap_err().code(), Code::Unauthenticated);
    }
}
