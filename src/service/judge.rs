//! Who calls, whether that allows the method, and what the caller said about the call: judged before its arguments are
//! decoded.

use super::audit::Denied;
use crate::access::{Access, Caller, Identity, Peer, Role, Trail};
use crate::error::{Error, Result};
use crate::wire::runtime::{Call, Method, RequestId};
use crate::wire::types::RequestContext;
use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// When a call was there.
#[derive(Clone, Copy, Debug)]
pub struct Received {
    /// Its last byte was read.
    pub at: Instant,
    /// It may have waited so long for that.
    pub waited: Duration,
    /// It has waited so long before that, half there, for memory.
    pub held_up: Duration,
}

/// Why a call goes no further than its context.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) request_id: RequestId,
    /// Who calls, as far as that is known.
    caller: Option<Arc<Caller>>,
    pub(super) error: Box<Error>,
}

impl Refused {
    pub(super) fn denied<'a>(&'a self, method: &'static Method, peer: &'a Peer) -> Denied<'a> {
        let Self { request_id, caller, error } = self;
        let who = caller.as_ref().map_or("anonymous", |caller| caller.identity.name());
        Denied { method, who, peer: &peer.address, request_id, code: error.code() }
    }
}

/// Judges who calls and what the caller said about the call, before its arguments are decoded.
pub(super) fn judge(
    method: &Method,
    context: RequestContext,
    received: Received,
    peer: &mut Peer,
    access: &Access,
    max_deadline: Duration,
) -> std::result::Result<Call, Refused> {
    let (request_id, id) = request_id(context.request_id);
    let caller = match identify(method, context.token.as_deref(), peer, access) {
        Ok(caller) => caller,
        Err(error) => return Err(Refused { request_id, caller: None, error: Box::new(error) }),
    };
    let judged = || {
        id?;
        caller.identity.may_call(method.name, method.role)?;
        let received = if is_load(method) { received } else { Received { waited: Duration::ZERO, ..received } };
        let deadline = deadline(context.deadline_ms, received, max_deadline)?;
        let key = key(context.idempotency_key, &caller.identity, access)?;
        Ok((deadline, key, generation(context.min_generation)?))
    };
    match judged() {
        Ok((deadline, idempotency_key, min_generation)) => Ok(Call {
            request_id,
            deadline,
            idempotency_key,
            min_generation,
            priority: context.priority.unwrap_or_default(),
            caller,
            trail: if method.audited { Trail::kept() } else { Trail::default() },
        }),
        Err(error) => Err(Refused { request_id, caller: Some(caller), error: Box::new(error) }),
    }
}

/// The caller's id, or one of ours; and what is wrong with the former.
fn request_id(id: Option<String>) -> (RequestId, Result<()>) {
    match id {
        Some(id) if id.chars().count() > 128 => {
            (RequestId::Own(number()), Err(Error::invalid("the request_id has more than 128 characters")))
        }
        Some(id) if !id.is_empty() => (RequestId::Given(id), Ok(())),
        _ => (RequestId::Own(number()), Ok(())),
    }
}

/// A number that no other call has. Each thread takes some at a time, so that threads do not wait for each other at every call.
fn number() -> u64 {
    const SOME: u64 = 1024;
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static OWN: Cell<Range<u64>> = const { Cell::new(0..0) };
    }
    OWN.with(|own| {
        let mut numbers = own.take();
        let number = numbers.next().unwrap_or_else(|| {
            let first = NEXT.fetch_add(SOME, Ordering::Relaxed);
            numbers = first + 1..first + SOME;
            first
        });
        own.set(numbers);
        number
    })
}

/// Who calls. A token goes before the certificate. What is public is answered whatever is shown: a probe whose token has
/// expired has to see that the server is up.
fn identify(method: &Method, token: Option<&str>, peer: &mut Peer, access: &Access) -> Result<Arc<Caller>> {
    match access.identify(peer, token) {
        Err(_) if method.role == Role::Public => Ok(access.anonymous(peer)),
        shown => shown,
    }
}

/// Whether calls of this method can be too many. Who asks how the server is, or administers it, is always heard.
pub(super) fn is_load(method: &Method) -> bool {
    method.service != "Health" && method.role != Role::Admin
}

/// The time counts from when the message was there, or would have been if it had not waited for memory: what is refused here had
/// none from the start, or has waited for too long.
fn deadline(asked_ms: Option<i64>, received: Received, max_deadline: Duration) -> Result<Instant> {
    let asked = asked_ms.map_or(max_deadline, |ms| Duration::from_millis(u64::try_from(ms).unwrap_or_default()));
    let limit = asked.min(max_deadline);
    let limit = limit.saturating_sub(received.held_up);
    match limit.checked_sub(received.waited) {
        _ if limit.is_zero() => Err(Error::DeadlineExceeded),
        Some(left) if !left.is_zero() => Ok(received.at + left),
        _ => Err(Error::TooBusy { wait: received.waited, what: "the call can wait for", limit }),
    }
}

/// A key belongs to who sent it: another caller's, which may be the same, is another key.
fn key(key: Option<String>, identity: &Identity, access: &Access) -> Result<Option<String>> {
    let Some(key) = key.filter(|key| !key.is_empty()) else { return Ok(None) };
    if key.chars().count() > 128 {
        return Err(Error::invalid("the idempotency_key has more than 128 characters"));
    }
    Ok(Some(if access.is_open() { key } else { format!("{}:{key}", identity.name()) }))
}

/// The generation that the caller has seen.
pub(super) fn generation(generation: Option<i64>) -> Result<Option<u64>> {
    let negative = |_| Error::invalid("min_generation is negative; generations are 1, 2, 3, …");
    generation.map(|generation| u64::try_from(generation).map_err(negative)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use crate::wire::services::find;

    const SECOND: Duration = Duration::from_secs(1);

    fn method(name: &str) -> &'static Method {
        find(None, name).unwrap()
    }

    /// Rules that know the trainer "ci" by the token "secret" and by a certificate.
    fn rules() -> Access {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.toml");
        let sha256 = crate::storage::sha256(b"secret");
        let entry = |kind: &str, name: &str, sha256: &str| {
            format!("[[{kind}]]\nname = \"{name}\"\nrole = \"trainer\"\nsha256 = \"{sha256}\"\n")
        };
        let text = entry("token", "ci", &sha256) + &entry("certificate", "edge", &"ab".repeat(32));
        std::fs::write(&path, text).unwrap();
        Access::load(&path).unwrap()
    }

    fn judged(
        name: &str,
        context: RequestContext,
        mut peer: Peer,
        access: &Access,
    ) -> std::result::Result<Call, Refused> {
        let received = Received { at: Instant::now(), waited: Duration::ZERO, held_up: Duration::ZERO };
        judge(method(name), context, received, &mut peer, access, SECOND)
    }

    fn edge() -> Peer {
        Peer::new("", Some("ab".repeat(32)))
    }

    /// Name of the caller that is let through to `train`, or the code of the refusal.
    fn who(token: Option<&str>, peer: Peer) -> std::result::Result<String, Code> {
        let context = RequestContext { token: token.map(str::to_owned), ..crate::wire::empty() };
        let judged = judged("train", context, peer, &rules());
        judged.map(|call| call.caller.identity.name().to_owned()).map_err(|refused| refused.error.code())
    }

    #[test]
    fn a_deadline_that_has_passed_is_refused_before_anything_is_decoded() {
        let context = RequestContext { deadline_ms: Some(0), ..crate::wire::empty() };

        let refused = judged("hello", context, Peer::default(), &Access::open()).unwrap_err();

        assert_eq!(refused.error.code(), Code::DeadlineExceeded);
        assert_eq!(refused.error.executed(), Some(false));
    }

    #[test]
    fn a_call_that_may_have_waited_for_longer_than_it_can_is_refused_unless_it_asks_how_the_server_is() {
        let at = Instant::now();
        let received = Received { at, waited: Duration::from_millis(30), held_up: Duration::ZERO };
        let judged = |name, deadline_ms| {
            let context = RequestContext { deadline_ms: Some(deadline_ms), ..crate::wire::empty() };
            judge(method(name), context, received, &mut Peer::default(), &Access::open(), SECOND)
        };

        let [refused, just] = [29, 30].map(|deadline_ms| judged("predict", deadline_ms).unwrap_err());
        let [heard, status] = [("predict", 31), ("status", 20)].map(|(name, ms)| judged(name, ms).unwrap().deadline);

        assert_eq!(
            refused.error.to_string(),
            "the work that goes before takes about 30.0ms and the call can wait for 29.0ms"
        );
        assert_eq!(
            [refused, just].map(|it| (it.error.code(), it.error.executed())),
            [(Code::Overloaded, Some(false)); 2]
        );
        assert_eq!([heard, status], [at + Duration::from_millis(1), at + Duration::from_millis(20)]);
    }

    #[test]
    fn a_call_that_waited_for_memory_has_so_much_less_time_whatever_it_asks() {
        let at = Instant::now();
        let received = Received { at, waited: Duration::ZERO, held_up: Duration::from_millis(30) };
        let judged = |deadline_ms| {
            let context = RequestContext { deadline_ms: Some(deadline_ms), ..crate::wire::empty() };
            judge(method("status"), context, received, &mut Peer::default(), &Access::open(), SECOND)
        };

        let refused = judged(30).unwrap_err().error;

        assert_eq!((refused.code(), refused.executed()), (Code::DeadlineExceeded, Some(false)));
        assert_eq!(judged(31).unwrap().deadline, at + Duration::from_millis(1));
    }

    #[test]
    fn a_token_goes_before_a_certificate() {
        let denied = Err(Code::Unauthenticated);

        assert_eq!(who(Some("secret"), Peer::default()).as_deref(), Ok("ci"));
        assert_eq!(who(None, edge()).as_deref(), Ok("edge"));
        assert_eq!(who(Some("secret"), edge()).as_deref(), Ok("ci"));
        assert_eq!(who(None, Peer::default()), denied);
        assert_eq!(who(Some("other"), edge()), denied);
    }

    #[test]
    fn what_is_public_is_answered_whatever_token_is_shown() {
        let context = RequestContext { token: Some("expired".into()), ..crate::wire::empty() };

        let call = judged("status", context, Peer::default(), &rules()).unwrap();

        assert_eq!(call.caller.identity.name(), "anonymous");
    }

    #[test]
    fn the_same_key_of_two_callers_is_two_keys() {
        let rules = rules();
        let key = |token: Option<&str>, peer: Peer| {
            let (token, key) = (token.map(str::to_owned), Some("k".to_owned()));
            let context = RequestContext { token, idempotency_key: key, ..crate::wire::empty() };
            judged("train", context, peer, &rules).unwrap().idempotency_key.unwrap()
        };

        assert_ne!(key(Some("secret"), Peer::default()), key(None, edge()));
        assert_eq!(key(Some("secret"), Peer::default()), key(Some("secret"), edge()));
    }

    #[test]
    fn who_is_not_known_is_not_told_what_else_is_wrong_with_the_call() {
        let context = RequestContext { deadline_ms: Some(0), ..crate::wire::empty() };

        let refused = judged("train", context, Peer::default(), &rules()).unwrap_err();

        assert_eq!(refused.error.code(), Code::Unauthenticated);
    }
}
