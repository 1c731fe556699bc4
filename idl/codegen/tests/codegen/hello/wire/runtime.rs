//! The runtime that generated services need, without bytes: requests and answers travel as they are.

use std::any::Any;
use std::future::Future;

/// A request.
pub(crate) type Arguments = Box<dyn Any + Send>;
/// A `Result` of what the method returns; `None` after a oneway method.
pub(crate) type Reply = Option<Box<dyn Any + Send>>;

/// What a method is told of a call.
pub(crate) struct Call;

#[derive(Debug, PartialEq)]
pub(crate) struct Method {
    pub(crate) id: usize,
    pub(crate) service: &'static str,
    pub(crate) name: &'static str,
    pub(crate) oneway: bool,
    pub(crate) idempotent: bool,
    pub(crate) role: Option<&'static str>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct CallError<E>(pub(crate) E);

pub(crate) trait Channel: Sync {
    fn exchange(&self, method: &'static Method, arguments: Arguments) -> impl Future<Output = Reply> + Send;
}

pub(crate) async fn answer<Q, A, E, F>(arguments: Arguments, handler: impl FnOnce(Q) -> F) -> Reply
where
    Q: 'static,
    A: Send + 'static,
    E: Send + 'static,
    F: Future<Output = Result<A, E>>,
{
    Some(Box::new(handler(take(arguments)).await))
}

pub(crate) async fn receive<Q: 'static, F>(arguments: Arguments, handler: impl FnOnce(Q) -> F) -> Reply
where
    F: Future<Output = ()>,
{
    handler(take(arguments)).await;
    None
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
