//! Generated services at work: a client calls a method of the trait through the dispatcher.

use crate::hello::wire::archive::{Filter, ListGreetingsRequest, ListGreetingsResponse};
use crate::hello::wire::common::Refusal;
use crate::hello::wire::greeter::{GreetRequest, GreetResponse, WaveRequest};
use crate::hello::wire::runtime::{Arguments, Call, CallError, Channel, Method, Reply, Resources, Role};
use crate::hello::wire::services::{self, Archive, ArchiveClient, Greeter, GreeterClient, METHODS};
use std::future::Future;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

/// Serves both services, and is the channel to itself.
#[derive(Default)]
struct Doorman {
    heard: Mutex<Vec<String>>,
    call: Call,
}

impl Greeter for Doorman {
    async fn greet(&self, _: &Call, request: GreetRequest) -> Result<GreetResponse, Refusal> {
        let name = request.0.ok_or(Refusal("no name"))?;
        self.heard.lock().unwrap().push(name.clone());
        Ok(GreetResponse(format!("Hello, {name}!")))
    }

    async fn wave(&self, _: &Call, _: WaveRequest) {
        self.heard.lock().unwrap().push("a wave".to_owned());
    }

    async fn greet_in_a_language_that_is_not_listed(
        &self,
        _: &Call,
        _: GreetRequest,
    ) -> Result<GreetResponse, Refusal> {
        Err(Refusal("no such language"))
    }
}

impl Archive for Doorman {
    async fn list_greetings(&self, _: &Call, _: ListGreetingsRequest) -> Result<ListGreetingsResponse, Refusal> {
        Ok(ListGreetingsResponse(self.heard.lock().unwrap().clone()))
    }
}

impl Channel for Doorman {
    fn exchange(&self, method: &'static Method, arguments: Arguments) -> impl Future<Output = Reply> + Send {
        services::dispatch(self, method, &self.call, arguments).0
    }
}

/// Nothing here waits for anything, so that one poll is enough.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the call waits"),
    }
}

fn greet(name: &str) -> GreetRequest {
    GreetRequest(Some(name.to_owned()))
}

#[test]
fn a_call_reaches_its_method_and_brings_the_answer_back() {
    let doorman = Doorman::default();

    let answer = ready(GreeterClient(&doorman).greet(greet("Ada")));

    assert_eq!(answer, Ok(GreetResponse("Hello, Ada!".to_owned())));
}

#[test]
fn what_a_method_throws_is_what_the_client_gets() {
    let answer = ready(GreeterClient(&Doorman::default()).greet(GreetRequest(None)));

    assert_eq!(answer, Err(CallError(Refusal("no name"))));
}

#[test]
fn the_last_method_of_the_table_is_called_too() {
    let doorman = Doorman::default();

    let answer = ready(GreeterClient(&doorman).greet_in_a_language_that_is_not_listed(greet("Ada")));

    assert_eq!(answer, Err(CallError(Refusal("no such language"))));
}

#[test]
fn a_oneway_method_is_called_and_a_second_service_is_served_by_the_same_value() {
    let doorman = Doorman::default();

    ready(GreeterClient(&doorman).wave(WaveRequest)).unwrap();

    let heard = ready(ArchiveClient(&doorman).list_greetings(ListGreetingsRequest::default()));
    assert_eq!(heard, Ok(ListGreetingsResponse(vec!["a wave".to_owned()])));
}

#[test]
fn what_a_request_names_is_told_before_its_method_is_called() {
    let doorman = Doorman::default();
    let request = ListGreetingsRequest { model: Some("line".to_owned()), version: Some(3) };

    ready(ArchiveClient(&doorman).list_greetings(request)).unwrap();

    assert_eq!(*doorman.call.0.lock().unwrap(), ["Model(\"line\")", "Version(3)"]);
}

#[test]
fn what_an_item_of_a_request_names_is_told_for_the_item() {
    let filter = Filter { model: Some("line".to_owned()) };

    let named: Vec<_> = filter.resources().map(|resource| format!("{resource:?}")).collect();

    assert_eq!(named, ["Model(\"line\")"]);
}

#[test]
fn a_method_is_audited_if_its_annotation_says_so() {
    let audited: Vec<_> = METHODS.iter().filter(|method| method.audited).map(|method| method.name).collect();

    assert_eq!(audited, ["greet_in_a_language_that_is_not_listed"]);
}

#[test]
fn a_method_is_found_bare_and_within_its_service_only() {
    let wave = METHODS.iter().find(|method| method.name == "wave");

    assert!(wave.is_some_and(|wave| wave.oneway && !wave.idempotent && wave.role == Role::Reader));
    assert_eq!(services::find(None, "wave"), wave);
    assert_eq!(services::find(Some("Greeter"), "wave"), wave);
    assert_eq!(services::find(Some("Archive"), "wave"), None);
    assert_eq!(services::find(None, "Wave"), None);
}

#[test]
fn the_id_of_a_method_is_its_place_in_the_table() {
    let ids: Vec<_> = METHODS.iter().map(|method| method.id).collect();

    assert_eq!(ids, (0..METHODS.len()).collect::<Vec<_>>());
}
