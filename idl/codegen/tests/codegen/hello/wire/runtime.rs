//! The runtime that generated services need, without bytes: requests and answers travel as they are.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

/// A request.
pub(crate) type Arguments = Box<dyn Any + Send>;
/// A `Result` of what the method returns; `None` after a oneway method.
pub(crate) type Reply = Option<Box<dyn Any + Send>>;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Role {
    Public,
    Reader,
    Trainer,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Resource<'a> {
    Model(&'a str),
    Version(i64),
}

pub(crate) trait Resources {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>>;
}

/// What a method is told of a call; what its request names is taken down.
#[derive(Clone, Default)]
pub(crate) struct Call(pub(crate) Arc<Mutex<Vec<String>>>);

/// A call that has begun.
pub(crate) struct Begun<'a, T>(pub(crate) Pin<Box<dyn Future<Output = T> + Send + 'a>>);

impl<'a, T> Begun<'a, T> {
    pub(crate) fn waits(work: impl Future<Output = T> + Send + 'a) -> Self {
        Self(Box::pin(work))
    }
}

#[derive(Debug, PartialEq)]
pub(crate) struct Method {
    pub(crate) id: usize,
    pub(crate) service: &'static str,
    pub(crate) name: &'static str,
    pub(crate) oneway: bool,
    pub(crate) idempotent: bool,
    pub(crate) role: Role,
    pub(crate) audited: bool,
}

#[derive(Debug, PartialEq)]
pub(crate) struct CallError<E>(pub(crate) E);

pub(crate) trait Channel: Sync {
    fn exchange(&self, method: &'static Method, arguments: Arguments) -> impl Future<Output = Reply> + Send;
}

pub(crate) async fn answer<Q, A, E, F>(call: &Call, arguments: Arguments, handler: impl FnOnce(Q) -> F) -> Reply
where
    Q: Resources + 'static,
    A: Send + 'static,
    E: Send + 'static,
    F: Future<Output = Result<A, E>>,
{
    Some(Box::new(handler(named(call, take(arguments))).await))
}

pub(crate) async fn receive<Q: Resources + 'static, F>(
    call: &Call,
    arguments: Arguments,
    handler: impl FnOnce(Q) -> F,
) -> Reply
where
    F: Future<Output = ()>,
{
    handler(named(call, take(arguments))).await;
    None
}

fn named<Q: Resources>(call: &Call, request: Q) -> Q {
    call.0
        .lock()
        .expect("nothing panics while it is held")
        .extend(request.resources().map(|resource| format!("{resource:?}")));
    request
}

pub(crate) async fn call<C, Q, A, E>(channel: &C, method: &'static Method, request: Q) -> Result<A, CallError<E>>
where
    C: Channel,
    Q: Send + 'static,
    A: 'static,
    E: 'static,
{
    let reply = channel.exchange(method, Box::new(request)).await.expect("a two-way method answers");
    take::<Result<A, E>>(reply).map_err(CallError)
}

pub(crate) async fn send<C, Q, E>(channel: &C, method: &'static Method, request: Q) -> Result<(), CallError<E>>
where
    C: Channel,
    Q: Send + 'static,
{
    assert!(channel.exchange(method, Box::new(request)).await.is_none(), "a oneway method answers nothing");
    Ok(())
}

fn take<T: 'static>(value: Box<dyn Any + Send>) -> T {
    *value.downcast().expect("client and dispatcher agree on the type")
}
