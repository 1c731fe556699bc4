//! Several requests in one call: each is answered as it would be alone, and none changes another.

use crate::guarded::Guarded;
use crate::harness::TestServer;
use crate::stock::{Clients, Input, Output, code, line, row, step, value};
use modelwire::data::{Column, Table};
use modelwire::wire::inference::{
    InferenceSyncClient, PredictItem, PredictManyRequest, PredictOutcome, PredictRequest, TInferenceSyncClient,
};
use modelwire::wire::models::{SetAliasRequest, TModelsSyncClient};
use modelwire::wire::training::{TTrainingSyncClient, TrainRequest};
use modelwire::wire::types::{Parameter, RequestContext, ServiceError, Step, Tensor};
use modelwire::wire::{convert, empty};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::RefCell;
use tempfile::TempDir;

type Inference = InferenceSyncClient<Input, Output>;

fn item(model: &str, matrix: Tensor) -> PredictItem {
    PredictItem { model: Some(model.into()), matrix: Some(matrix), ..empty() }
}

fn ask(client: &mut Inference, context: Option<RequestContext>, items: Vec<PredictItem>) -> Vec<PredictOutcome> {
    let reply = client.predict_many(PredictManyRequest { context, items: Some(items) });
    reply.unwrap().outcomes.unwrap()
}

/// What `predict` says to the same, without the id of the call.
fn alone(client: &mut Inference, item: PredictItem) -> PredictOutcome {
    let PredictItem { model, matrix, table, min_generation } = item;
    let context = Some(RequestContext { min_generation, ..empty() });
    match client.predict(PredictRequest { context, model, matrix, table }) {
        Ok(response) => PredictOutcome { response: Some(response), error: None },
        Err(thrift::Error::User(error)) => {
            nameless(PredictOutcome { response: None, error: error.downcast().ok().map(|it| *it) })
        }
        Err(other) => panic!("no declared error: {other:?}"),
    }
}

/// An answer or an error, without the id of the call.
fn nameless(outcome: PredictOutcome) -> PredictOutcome {
    let PredictOutcome { response, error } = outcome;
    assert_ne!(response.is_some(), error.is_some(), "neither an answer nor an error, or both");
    PredictOutcome { response, error: error.map(|error| ServiceError { request_id: None, ..error }) }
}

fn code_of(result: &PredictOutcome) -> &str {
    result.error.as_ref().map_or("OK", |error| error.code_name.as_deref().unwrap())
}

/// Trains a model and waits until it answers.
fn train(clients: &mut Clients, request: TrainRequest) {
    let job = clients.training.train(request).unwrap().job.unwrap();
    let job = clients.wait(&job.id.unwrap()).unwrap();
    assert_eq!(job.state_name.as_deref(), Some("SUCCEEDED"), "{job:?}");
}

/// A server with a regressor, `line`, a classifier, `sign`, and a clustering, `groups`, each of one feature.
fn three_models() -> (TempDir, TestServer, Clients) {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let mut clients = Clients::of(&server);
    let x = Column::float("x", (-5..5).map(f64::from).collect());
    let signs: Vec<String> = (-5..5).map(|x| if x < 0 { "minus".into() } else { "plus".into() }).collect();
    let table = |columns| Some(convert::table_to(&Table::new(columns).unwrap()));
    let parameters = Some(vec![Parameter { name: Some("n_clusters".into()), integer: Some(3), ..empty() }]);
    let of = |model: &str, step: Step, target: Option<&str>, table| TrainRequest {
        model: Some(model.into()),
        steps: Some(vec![step]),
        target: target.map(str::to_owned),
        table,
        ..empty()
    };
    train(&mut clients, of("line", step("linear_regression"), Some("y"), Some(convert::table_to(&line()))));
    let taught = table(vec![x.clone(), Column::text("sign", &signs)]);
    train(&mut clients, of("sign", step("logistic_regression"), Some("sign"), taught));
    train(&mut clients, of("groups", Step { parameters, ..step("k_means") }, None, table(vec![x])));
    (folder, server, clients)
}

#[test]
fn one_wrong_item_of_each_kind_changes_none_of_the_others() {
    let (_folder, _server, mut clients) = three_models();
    let both = PredictItem { table: Some(convert::table_to(&line())), ..item("line", row(1.0)) };
    let behind = PredictItem { min_generation: Some(9), ..item("line", row(1.0)) };
    let bad_shape = Tensor { shape: Some(vec![7, 7]), ..row(1.0) };
    let items = vec![
        item("line", row(20.0)),
        item("nobody", row(1.0)),
        item("line@7", row(1.0)),
        item("not a name", row(1.0)),
        item("line", convert::matrix_to(ndarray::array![[1.0, 2.0]].view())),
        item("line", row(f64::NAN)),
        item("line", bad_shape),
        PredictItem { model: Some("line".into()), ..empty() },
        both,
        behind,
        PredictItem { min_generation: Some(-1), ..item("line", row(1.0)) },
        item("sign", row(3.0)),
    ];

    let results = ask(&mut clients.inference, None, items);

    let codes: Vec<&str> = results.iter().map(code_of).collect();
    let (wrong, unknown) = ("INVALID_ARGUMENT", "NOT_FOUND");
    let expected = ["OK", unknown, unknown, wrong, wrong, wrong, wrong, wrong, wrong, "UNAVAILABLE", wrong, "OK"];
    assert_eq!(codes, expected);
    let line = results[0].response.as_ref().unwrap();
    assert!((value(line) - 41.0).abs() < 1e-9);
    assert_eq!((line.model.as_deref(), line.version, line.generation), (Some("line"), Some(1), Some(1)));
    let labels = convert::column_from(results[11].response.clone().unwrap().labels.unwrap()).unwrap();
    assert_eq!(labels, Column::text("labels", &["plus"]));
}

const NAMES: [&str; 9] = ["line", "line@1", "line@latest", "sign", "sign@stable", "groups", "groups@2", "nobody", ""];

/// Rows that suit the models, and rows, names and generations that do not.
fn any_item() -> impl Strategy<Value = PredictItem> {
    let wide = (0usize..40, 0usize..3).prop_flat_map(|(n, width)| {
        let values = proptest::collection::vec(-1e6..1e6f64, n * width);
        values.prop_map(move |values| ndarray::Array2::from_shape_vec((n, width), values).unwrap())
    });
    let fitting = proptest::collection::vec(-10.0..10.0f64, 0..60)
        .prop_map(|values| ndarray::Array2::from_shape_vec((values.len(), 1), values).unwrap());
    let matrix = prop_oneof![4 => fitting.prop_map(|it| convert::matrix_to(it.view())), 1 => wide.prop_map(|it| convert::matrix_to(it.view()))];
    let generation = prop_oneof![6 => Just(None), 1 => (-1i64..3).prop_map(Some)];
    let table = prop_oneof![4 => Just(None), 1 => Just(Some(convert::table_to(&line().slice(0, 3))))];
    (proptest::sample::select(&NAMES[..]), proptest::option::weighted(0.9, matrix), table, generation).prop_map(
        |(model, matrix, table, min_generation)| PredictItem {
            model: Some(model.into()),
            matrix,
            table,
            min_generation,
        },
    )
}

#[test]
fn any_items_are_answered_as_predict_answers_each_alone_to_the_bit() {
    let (_folder, server, _) = three_models();
    let clients = RefCell::new(Clients::of(&server));
    let config = Config { cases: 60, failure_persistence: None, ..Config::default() };

    let law = TestRunner::new(config).run(&proptest::collection::vec(any_item(), 0..30), |items| {
        let client = &mut clients.borrow_mut().inference;

        let together: Vec<_> = ask(client, None, items.clone()).into_iter().map(nameless).collect();

        let each: Vec<_> = items.into_iter().map(|item| alone(client, item)).collect();
        prop_assert_eq!(together, each);
        Ok(())
    });

    law.unwrap();
}

#[test]
fn a_denied_item_is_an_error_of_that_item() {
    let guarded = Guarded::start(&["root --role admin", "team --role predictor --models team-a-*"]);
    guarded.train("root", &["team-a-line", "team-b-line"]);
    let mut clients = Clients::of(&guarded.server);
    let names = ["team-a-line", "team-b-line", "team-b-nobody", "team-b-line@team-a-x", "", "team-a-line@1"];
    let items = || names.map(|name| item(name, row(2.0))).to_vec();

    let results = ask(&mut clients.inference, guarded.context("team"), items());
    let all = ask(&mut clients.inference, guarded.context("root"), items());

    let denied = "PERMISSION_DENIED";
    assert_eq!(results.iter().map(code_of).collect::<Vec<_>>(), ["OK", denied, denied, denied, denied, "OK"]);
    let error = results[1].error.as_ref().unwrap();
    assert_eq!(error.executed, Some(false));
    assert!(error.message.as_ref().unwrap().contains("does not cover model \"team-b-line\""), "{error:?}");
    assert_eq!(all[..2].iter().map(code_of).collect::<Vec<_>>(), ["OK", "OK"]);
    let token = guarded.token("root").unwrap();
    let head =
        format!("GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n");
    let counted = String::from_utf8(guarded.server.exchange(head.as_bytes())).unwrap();
    assert!(counted.contains("modelwire_refused_total{reason=\"permission_denied\"} 4"), "{counted}");
}

#[test]
fn a_generation_that_the_call_has_seen_holds_for_the_items_that_say_nothing() {
    let (_folder, _server, mut clients) = three_models();
    let alias = |version| SetAliasRequest {
        model: Some("line".into()),
        alias_name: Some("canary".into()),
        version: Some(version),
        ..empty()
    };
    clients.models.set_alias(alias(1)).unwrap();
    let items = vec![
        item("line@canary", row(1.0)),
        PredictItem { min_generation: Some(1), ..item("line@canary", row(1.0)) },
        item("line@1", row(1.0)),
    ];

    let context = Some(RequestContext { min_generation: Some(2), ..empty() });
    let results = ask(&mut clients.inference, context, items);

    assert_eq!(results.iter().map(code_of).collect::<Vec<_>>(), ["UNAVAILABLE", "OK", "OK"]);
}

#[test]
fn a_call_takes_a_thousand_items_and_says_so_to_more() {
    let (_folder, _server, mut clients) = three_models();
    let items = |count: u16| (0..count).map(|x| item("line", row(f64::from(x)))).collect::<Vec<_>>();

    let none = ask(&mut clients.inference, None, vec![]);
    let thousand = ask(&mut clients.inference, None, items(1000));
    let more = clients.inference.predict_many(PredictManyRequest { items: Some(items(1001)), ..empty() });

    assert_eq!(none, []);
    for (x, result) in (0..1000).zip(&thousand) {
        assert!((value(result.response.as_ref().unwrap()) - (2.0 * f64::from(x) + 1.0)).abs() < 1e-9, "{result:?}");
    }
    let thrift::Error::User(error) = more.unwrap_err() else { panic!("no declared error") };
    let error = error.downcast::<ServiceError>().unwrap();
    assert_eq!((error.code_name.as_deref(), error.executed), (Some("INVALID_ARGUMENT"), Some(false)));
    let message = error.message.unwrap();
    assert!(message.contains("1001 items") && message.contains("limit is 1000"), "{message}");
}

#[test]
fn answers_that_no_reply_holds_are_refused_before_anything_is_computed() {
    let (_folder, _server, mut clients) = three_models();
    // 3 distances and a number are 32 bytes a row: each of these answers fits a reply, two of them do not.
    let rows = |count| convert::matrix_to(ndarray::Array2::zeros((count, 1)).view());
    let items = |counts: &[usize]| counts.iter().map(|count| item("groups", rows(*count))).collect::<Vec<_>>();

    let single = ask(&mut clients.inference, None, items(&[1, 600_000]));
    let refused = clients.inference.predict_many(PredictManyRequest { items: Some(items(&[300_000; 2])), ..empty() });

    assert_eq!(
        single.iter().map(code_of).collect::<Vec<_>>(),
        ["OK", "INVALID_ARGUMENT"],
        "only the second is too large"
    );
    assert_eq!(code(refused), "INVALID_ARGUMENT");
}

#[test]
fn a_deadline_that_has_passed_is_that_of_all_items() {
    let (_folder, _server, mut clients) = three_models();
    let context = Some(RequestContext { deadline_ms: Some(0), ..empty() });
    let items = Some(vec![item("line", row(1.0)); 3]);

    let late = clients.inference.predict_many(PredictManyRequest { context, items });

    assert_eq!(code(late), "DEADLINE_EXCEEDED");
}
