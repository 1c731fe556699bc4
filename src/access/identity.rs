//! Who calls, and what that allows.

use super::{Kind, Pattern, Role};
use crate::error::{Error, Result, quotable};
use std::fmt;

/// What a call is about, as the caller named it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// A model: "churn", "churn@3", "churn@canary".
    Model(&'a str),
    /// A data set: "rows", "rows@3".
    Dataset(&'a str),
    /// A training job. The model that it trains decides, which is known once the job is found.
    Job(&'a str),
    /// An upload. The data set that it becomes decides, which is known once the upload is found.
    Upload(&'a str),
    /// An alias of the model.
    Alias(&'a str),
    /// A version of the model or data set.
    Version(i64),
}

/// Text of a caller, cut and escaped so that it can stand in a log.
impl fmt::Display for Resource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model(name) => write!(f, "model {:?}", quotable(name)),
            Self::Dataset(name) => write!(f, "data set {:?}", quotable(name)),
            Self::Job(id) => write!(f, "job {:?}", quotable(id)),
            Self::Upload(id) => write!(f, "upload {:?}", quotable(id)),
            Self::Alias(name) => write!(f, "alias {:?}", quotable(name)),
            Self::Version(version) => write!(f, "version {version}"),
        }
    }
}

/// Who calls.
#[derive(Clone, Debug)]
pub struct Identity {
    name: String,
    scope: Scope,
}

#[derive(Clone, Debug)]
enum Scope {
    Everything,
    PublicOnly,
    Granted(Grant),
}

/// What an entry of the file allows.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) kind: Kind,
    pub(super) role: Role,
    pub(super) models: Vec<Pattern>,
    pub(super) datasets: Vec<Pattern>,
}

/// Names that stand for no entry, so that no entry may have them.
pub(super) const RESERVED: [&str; 2] = ["anonymous", "anyone"];

impl Identity {
    /// Anyone, where nothing is configured: everything is allowed.
    pub fn open() -> Self {
        Self { name: "anyone".into(), scope: Scope::Everything }
    }

    /// A caller that shows nothing: only what is public is allowed.
    pub fn anonymous() -> Self {
        Self { name: "anonymous".into(), scope: Scope::PublicOnly }
    }

    pub(super) fn granted(name: String, grant: Grant) -> Self {
        Self { name, scope: Scope::Granted(grant) }
    }

    /// Name of its entry in the file; "anyone" or "anonymous" without one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The grant of an entry, if there is one.
    pub(super) fn grant(&self) -> Option<&Grant> {
        match &self.scope {
            Scope::Granted(grant) => Some(grant),
            Scope::Everything | Scope::PublicOnly => None,
        }
    }

    /// Whether it may call a method that wants this role.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the method wants a token and there is none, [`Error::PermissionDenied`] if the role does
    /// not include the one that is wanted.
    pub fn may_call(&self, method: &str, wanted: Role) -> Result<()> {
        match &self.scope {
            Scope::Everything => Ok(()),
            Scope::PublicOnly if wanted == Role::Public => Ok(()),
            Scope::PublicOnly => Err(Error::Unauthenticated {
                what: format!("{method} wants a token of the role {wanted} and the call has none"),
            }),
            Scope::Granted(grant) if grant.role.includes(wanted) => Ok(()),
            Scope::Granted(grant) => Err(Error::PermissionDenied {
                what: format!("{} has the role {} and {method} wants {wanted}", self.title(grant), grant.role),
                wants: format!("--role {wanted}"),
            }),
        }
    }

    /// Whether it may use a resource that a call names.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`] if none of its patterns covers the name of the model or data set.
    pub fn may_use(&self, resource: Resource<'_>) -> Result<()> {
        let (covered, flag) = match resource {
            Resource::Model(reference) => (self.covers_model(bare(reference)), "--models"),
            Resource::Dataset(reference) => (self.covers_dataset(bare(reference)), "--datasets"),
            Resource::Job(_) | Resource::Upload(_) | Resource::Alias(_) | Resource::Version(_) => return Ok(()),
        };
        if covered { Ok(()) } else { Err(self.uncovered(&resource.to_string(), flag)) }
    }

    /// Whether it may use what was found under an id: the job's model, or the upload's data set, whose name it is not told
    /// if it may not.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`]
    pub fn may_use_found(&self, id: Resource<'_>, found: Resource<'_>) -> Result<()> {
        self.may_use(found).map_err(|_| match found {
            Resource::Dataset(_) => self.uncovered(&format!("the data set of {id}"), "--datasets"),
            _ => self.uncovered(&format!("the model of {id}"), "--models"),
        })
    }

    /// Whether it may know of the model of this name, without a version.
    pub fn covers_model(&self, name: &str) -> bool {
        self.covers(name, |grant| &grant.models)
    }

    /// Whether it may know of the data set of this name, without a version.
    pub fn covers_dataset(&self, name: &str) -> bool {
        self.covers(name, |grant| &grant.datasets)
    }

    fn covers(&self, name: &str, patterns: impl Fn(&Grant) -> &[Pattern]) -> bool {
        match &self.scope {
            Scope::Everything => true,
            Scope::PublicOnly => false,
            Scope::Granted(grant) => patterns(grant).iter().any(|pattern| pattern.matches(name)),
        }
    }

    fn uncovered(&self, what: &str, flag: &str) -> Error {
        let (title, role) = match self.grant() {
            Some(grant) => (self.title(grant), grant.role),
            None => (self.name.clone(), Role::Public),
        };
        Error::PermissionDenied {
            what: format!("{title} does not cover {what}"),
            wants: format!("--role {role} {flag} PATTERN"),
        }
    }

    fn title(&self, grant: &Grant) -> String {
        format!("the {} {:?}", grant.kind, self.name)
    }
}

/// The name in a reference: what is before the `@`, as whoever resolves it will read it.
fn bare(reference: &str) -> &str {
    let end = reference.bytes().position(|byte| byte == b'@'); // A search for a character pays off in longer texts.
    end.map_or(reference, |end| &reference[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn ci(role: Role) -> Identity {
        let patterns = |text: &str| vec![text.parse().unwrap()];
        let grant = Grant { kind: Kind::Token, role, models: patterns("churn*"), datasets: patterns("rows") };
        Identity::granted("ci".into(), grant)
    }

    #[test]
    fn a_role_that_is_too_low_is_told_which_one_is_wanted_and_how_to_get_it() {
        let error = ci(Role::Reader).may_call("predict", Role::Predictor).unwrap_err();

        assert_eq!(error.to_string(), "the token \"ci\" has the role reader and predict wants predictor");
        assert_eq!(error.hint().unwrap(), "ask for a token by \"modelwire tokens create NAME --role predictor\"");
        assert_eq!((error.code(), error.executed()), (Code::PermissionDenied, Some(false)));
    }

    #[test]
    fn a_caller_without_a_token_is_asked_for_one() {
        let error = Identity::anonymous().may_call("predict", Role::Predictor).unwrap_err();

        assert_eq!((error.code(), error.executed()), (Code::Unauthenticated, Some(false)));
        assert!(Identity::anonymous().may_call("status", Role::Public).is_ok());
        assert!(Identity::open().may_call("anything", Role::Worker).is_ok());
    }

    #[test]
    fn a_reference_is_covered_by_the_name_before_its_version() {
        let ci = ci(Role::Trainer);

        for allowed in [Resource::Model("churn@3"), Resource::Model("churn2@canary"), Resource::Dataset("rows@1")] {
            assert!(ci.may_use(allowed).is_ok(), "{allowed}");
        }
        for denied in
            [Resource::Model("wine@churn"), Resource::Model("@churn"), Resource::Dataset("rows2"), Resource::Model("")]
        {
            assert_eq!(ci.may_use(denied).unwrap_err().code(), Code::PermissionDenied, "{denied}");
        }
    }

    #[test]
    fn the_name_of_what_was_found_under_an_id_is_not_given_away() {
        let error = ci(Role::Reader).may_use_found(Resource::Job("j1"), Resource::Model("secret")).unwrap_err();

        assert_eq!(error.to_string(), "the token \"ci\" does not cover the model of job \"j1\"");
    }

    #[test]
    fn what_a_caller_named_cannot_break_a_line_of_the_log() {
        assert_eq!(Resource::Model("a\nb").to_string(), "model \"a\\nb\"");
    }
}
