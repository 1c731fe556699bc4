//! Who may do what.
//!
//! A caller shows a token or a client certificate; a file names the SHA-256 of each with a [`Role`] and [`Pattern`]s of models
//! and data sets. [`Access`] is the live state of that file: it makes an [`Identity`] of what a caller shows, and the identity
//! answers what may be called and used. Without a file everything is allowed; with one, what is not allowed is refused.
//!
//! ```
//! use modelwire::access::{Identity, Resource, Role};
//!
//! let stranger = Identity::anonymous();
//! assert!(stranger.may_call("hello", Role::Public).is_ok());
//! assert!(stranger.may_call("predict", Role::Predictor).is_err());
//! assert!(Identity::open().may_use(Resource::Model("churn@3")).is_ok());
//! ```

mod identity;
mod pattern;
mod role;
mod token;

mod file;
mod live;
mod peer;
mod tokens;

mod edit;

mod trail;

pub use edit::{Listed, NewToken, create, list, revoke};
pub use identity::{Identity, Resource};
pub use live::{Access, Reload};
pub use pattern::Pattern;
pub use peer::{Caller, Peer};
pub use role::Role;
pub use token::{Token, bearer};
pub use tokens::{Kind, Tokens};
pub use trail::Trail;
