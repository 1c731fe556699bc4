//! Who may do what: every method for every role over every protocol, patterns of names, a file that changes, the audit log.

use crate::guarded::{Field, Guarded, Open, call, create, modelwire, succeeded};
use crate::harness::{Carrier, TestServer, binary_call, contains};
use crate::stock::{Clients, framed_binary, framed_compact, line, unframed_binary};
use modelwire::wire::services::METHODS;
use modelwire::wire::{Protocol, convert, datasets, empty, health, models, training};
use std::path::Path;
use std::process::Command;

/// Protocols that calls are written in.
const PROTOCOLS: [Protocol; 4] = [Protocol::Binary, Protocol::OldBinary, Protocol::Compact, Protocol::Json];

/// Every transport with every protocol that it carries.
fn wires() -> impl Iterator<Item = (Carrier, Protocol)> {
    Carrier::ALL.into_iter().flat_map(|carrier| {
        PROTOCOLS
            .into_iter()
            .filter(move |protocol| carrier.carries(*protocol))
            .map(move |protocol| (carrier, protocol))
    })
}

/// The role that each method wants.
const METHOD_ROLES: [(&str, &str); 33] = [
    ("hello", "public"),
    ("status", "public"),
    ("describe", "reader"),
    ("echo", "reader"),
    ("list_models", "reader"),
    ("describe_model", "reader"),
    ("get_training_result", "reader"),
    ("list_datasets", "reader"),
    ("describe_dataset", "reader"),
    ("get_job", "reader"),
    ("watch_job", "reader"),
    ("list_jobs", "reader"),
    ("get_search_result", "reader"),
    ("evaluate", "reader"),
    ("permutation_importance", "reader"),
    ("get_learner", "reader"),
    ("predict", "predictor"),
    ("predict_many", "predictor"),
    ("explain", "predictor"),
    ("train", "trainer"),
    ("search", "trainer"),
    ("cancel_job", "trainer"),
    ("partial_fit", "trainer"),
    ("delete_learner", "trainer"),
    ("export_model", "trainer"),
    ("load_model", "trainer"),
    ("unload_model", "trainer"),
    ("set_alias", "trainer"),
    ("create_dataset", "trainer"),
    ("append_rows", "trainer"),
    ("commit_dataset", "trainer"),
    ("delete_version", "admin"),
    ("delete_dataset", "admin"),
];

/// What each role may call beside what is public.
const GRANTS: [(&str, &[&str]); 5] = [
    ("reader", &["reader"]),
    ("predictor", &["reader", "predictor"]),
    ("trainer", &["reader", "predictor", "trainer"]),
    ("admin", &["reader", "predictor", "trainer", "admin"]),
    ("worker", &["worker"]),
];

#[test]
fn metrics_are_for_readers_and_probes_for_everybody() {
    let guarded = Guarded::start(&["watcher --role reader", "peer --role worker"]);
    let get = |path: &str, authorization: String| {
        let head = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{authorization}\r\n");
        String::from_utf8(guarded.server.exchange(head.as_bytes())).unwrap()
    };
    let token = |name: &str| format!("Authorization: Bearer {}\r\n", guarded.token(name).unwrap());

    assert!(get("/metrics", token("watcher")).contains("modelwire_calls_total"));
    assert!(get("/metrics", token("peer")).starts_with("HTTP/1.1 403 "));
    for stranger in ["", "Authorization: Bearer nobody\r\n", "Authorization: Basic eDp5\r\n"] {
        let refused = get("/metrics", stranger.into());
        assert!(refused.starts_with("HTTP/1.1 401 ") && refused.contains("WWW-Authenticate: Bearer"), "{refused}");
        assert!(get("/healthz", stranger.into()).starts_with("HTTP/1.1 200 "));
    }
}

#[test]
fn every_method_is_for_the_roles_that_it_is_for_over_every_protocol() {
    let roles = GRANTS.map(|(role, _)| format!("the-{role} --role {role}"));
    let guarded = Guarded::start(&roles.each_ref().map(String::as_str));
    let mut methods: Vec<_> = METHODS.iter().map(|method| (method.name, method.role.name())).collect();
    let mut expected = METHOD_ROLES.to_vec();
    methods.sort_unstable();
    expected.sort_unstable();
    assert_eq!(methods, expected, "a method that is not walked, or another role than this test knows");

    for wire in wires() {
        for (method, wanted) in METHOD_ROLES {
            for (role, granted) in GRANTS {
                let answer = guarded.call_over(wire, method, guarded.token(&format!("the-{role}")));

                let allowed = wanted == "public" || granted.contains(&wanted);
                assert_eq!(answer.is_denied(), !allowed, "{method} by a {role} over {wire:?}: {answer:?}");
                if !allowed {
                    assert_eq!((answer.code.as_str(), answer.executed), ("PERMISSION_DENIED", Some(false)));
                    let reason = format!("has the role {role} and {method} wants {wanted}");
                    assert!(answer.message.contains(&reason), "{answer:?}");
                }
            }
            for token in [None, Some("mw_not-a-token-of-this-server"), Some("")] {
                let answer = guarded.call_over(wire, method, token);

                assert_eq!(answer.is_denied(), wanted != "public", "{method} with {token:?} over {wire:?}: {answer:?}");
                if wanted != "public" {
                    assert_eq!((answer.code.as_str(), answer.executed), ("UNAUTHENTICATED", Some(false)));
                    assert!(!answer.message.contains("mw_"), "{answer:?}");
                }
            }
        }
    }
}

#[test]
fn a_server_without_a_file_of_tokens_allows_everything_to_anyone() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());

    for (method, _) in METHOD_ROLES {
        for token in [None, Some("any")] {
            let answer = call(framed_compact(&server.address), method, token, &[]);
            assert!(!answer.is_denied(), "{method}: {answer:?}");
        }
    }
}

#[test]
fn what_a_method_names_has_to_be_covered_by_the_patterns_of_the_caller() {
    let guarded = Guarded::start(&["root --role admin", "team --role admin --models team-a-* --datasets team-a-*"]);
    let jobs = guarded.train("root", &["team-a-line", "team-b-line"]);
    let uploads = guarded.uploads("root", &["team-a-rows", "team-b-rows"]);
    let number = |id| Field::Number(id, 7);
    // The method; the field that decides, with a value that is covered and one that is not; and what else it wants.
    let rows: &[(&str, i16, &str, &str, &[Field])] = &[
        ("predict", 2, "team-a-line@1", "team-b-line@1", &[]),
        ("explain", 2, "team-a-line@1", "team-b-line@1", &[]),
        ("describe_model", 2, "team-a-line", "team-b-line@team-a-x", &[]),
        ("get_training_result", 2, "team-a-line", "team-b-line@team-a-x", &[]),
        ("export_model", 2, "team-a-line", "team-b-line@team-a-x", &[]),
        ("set_alias", 2, "team-a-line", "team-b-line", &[Field::Text(3, "canary"), number(4)]),
        ("load_model", 2, "team-a-line", "team-b-line", &[number(3)]),
        ("unload_model", 2, "team-a-line", "team-b-line", &[number(3)]),
        ("delete_version", 2, "team-a-line", "team-b-line", &[number(3)]),
        ("train", 2, "team-a-line", "team-b-line", &[Field::Text(5, "team-a-rows")]),
        ("train", 5, "team-a-rows", "team-b-rows@1", &[Field::Text(2, "team-a-line")]),
        ("search", 2, "team-a-line", "team-b-line", &[Field::Text(5, "team-a-rows")]),
        ("search", 5, "team-a-rows", "team-b-rows@1", &[Field::Text(2, "team-a-line")]),
        ("get_search_result", 2, &jobs[0], &jobs[1], &[]),
        ("evaluate", 2, "team-a-line", "team-b-line", &[Field::Text(4, "team-a-rows")]),
        ("evaluate", 4, "team-a-rows", "team-b-rows@1", &[Field::Text(2, "team-a-line")]),
        ("permutation_importance", 2, "team-a-line", "team-b-line", &[Field::Text(4, "team-a-rows")]),
        ("permutation_importance", 4, "team-a-rows", "team-b-rows@1", &[Field::Text(2, "team-a-line")]),
        ("get_job", 2, &jobs[0], &jobs[1], &[]),
        ("watch_job", 2, &jobs[0], &jobs[1], &[]),
        ("cancel_job", 2, &jobs[0], &jobs[1], &[]),
        ("partial_fit", 2, "team-a-line", "team-b-line", &[]),
        ("get_learner", 2, "team-a-line", "team-b-line", &[]),
        ("delete_learner", 2, "team-a-line", "team-b-line", &[]),
        ("create_dataset", 2, "team-a-more", "team-b-more", &[]),
        ("append_rows", 2, &uploads[0], &uploads[1], &[]),
        ("commit_dataset", 2, &uploads[0], &uploads[1], &[]),
        ("describe_dataset", 2, "team-a-rows", "team-b-rows", &[]),
        ("delete_dataset", 2, "team-a-rows", "team-b-rows", &[]),
    ];
    let lists = ["hello", "status", "describe", "echo", "list_models", "list_datasets", "list_jobs"];
    let by_items = ["predict_many"]; // Its own tests hold what each item names against the caller.
    let names_nothing = |name| lists.contains(&name) || by_items.contains(&name);
    for method in METHODS.iter().filter(|method| !names_nothing(method.name)) {
        assert!(rows.iter().any(|row| row.0 == method.name), "{} names nothing here", method.name);
    }

    let wires: [(&str, Open); 3] =
        [("framed binary", framed_binary), ("framed compact", framed_compact), ("unframed binary", unframed_binary)];
    for (wire, open) in wires {
        for (method, id, covered, foreign, others) in rows {
            for (name, value, denied) in
                [("team", *foreign, true), ("team", *covered, false), ("root", *foreign, false)]
            {
                let fields = [&[Field::Text(*id, value)][..], others].concat();

                let answer = guarded.call(open, method, guarded.token(name), &fields);

                assert_eq!(answer.is_denied(), denied, "{method} of {value} by {name} over {wire}: {answer:?}");
                if denied {
                    assert_eq!((answer.code.as_str(), answer.executed), ("PERMISSION_DENIED", Some(false)));
                    let tells = answer.message.contains("team-b") && !value.contains("team-b");
                    assert!(!tells, "the name behind an id is given away: {answer:?}");
                }
            }
        }
    }
}

#[test]
fn lists_show_what_the_patterns_cover_page_by_page() {
    let guarded = Guarded::start(&["root --role admin", "team --role reader --models team-a-* --datasets team-a-*"]);
    let names = ["team-a-one", "team-a-two", "team-b-one", "team-b-two", "team-c-one"];
    guarded.train("root", &names);
    let mut clients = Clients::of(&guarded.server);
    for (upload, name) in guarded.uploads("root", &names).into_iter().zip(names) {
        let (context, table) = (guarded.context("root"), Some(convert::table_to(&line())));
        let upload_id = Some(upload);
        let append =
            datasets::AppendRowsRequest { context: context.clone(), upload_id: upload_id.clone(), table, ..empty() };
        datasets::TDatasetsSyncClient::append_rows(&mut clients.datasets, append).unwrap();
        let commit = datasets::CommitDatasetRequest { context, upload_id, n_rows: None };
        let committed = datasets::TDatasetsSyncClient::commit_dataset(&mut clients.datasets, commit).unwrap();
        assert_eq!(committed.dataset.unwrap().name.as_deref(), Some(name));
    }

    let names = names.map(str::to_owned);
    for (caller, expected) in [("team", &names[..2]), ("root", &names[..])] {
        let (context, limit) = (|| guarded.context(caller), Some(1));
        let models = pages(|after| {
            let request = models::ListModelsRequest { context: context(), after, limit };
            let page = models::TModelsSyncClient::list_models(&mut clients.models, request).unwrap();
            (page.models.unwrap().into_iter().map(|it| it.name.unwrap()).collect(), page.next_page)
        });
        let datasets = pages(|after| {
            let request = datasets::ListDatasetsRequest { context: context(), after, limit };
            let page = datasets::TDatasetsSyncClient::list_datasets(&mut clients.datasets, request).unwrap();
            (page.datasets.unwrap().into_iter().map(|it| it.name.unwrap()).collect(), page.next_page)
        });
        let mut jobs = pages(|after| {
            let request = training::ListJobsRequest { context: context(), after, limit };
            let page = training::TTrainingSyncClient::list_jobs(&mut clients.training, request).unwrap();
            (page.jobs.unwrap().into_iter().map(|it| it.model.unwrap()).collect(), page.next_page)
        });
        jobs.reverse(); // Newest first.
        assert_eq!((&models[..], &datasets[..], &jobs[..]), (expected, expected, expected), "{caller}");
    }
    for (caller, expected) in [("nobody", &names[..0]), ("team", &names[..2])] {
        let request = health::StatusRequest { context: guarded.context(caller) };
        let status = health::THealthSyncClient::status(&mut clients.health, request).unwrap();
        let models: Vec<String> = status.models.unwrap().into_iter().map(|it| it.name.unwrap()).collect();
        assert_eq!((status.live, status.ready, &models[..]), (Some(true), Some(true), expected), "{caller}");
    }
}

/// Everything of a list, whose pages have one entry each, none is empty and the last names no next.
fn pages(mut page: impl FnMut(Option<String>) -> (Vec<String>, Option<String>)) -> Vec<String> {
    let (mut all, mut after) = (vec![], None);
    loop {
        let (entries, next) = page(after);
        assert_eq!(entries.len(), 1);
        all.extend(entries);
        after = next;
        if after.is_none() {
            return all;
        }
    }
}

#[test]
fn tokens_are_made_and_revoked_while_the_server_runs() {
    let guarded = Guarded::start(&[]);
    let call = |token: &str| guarded.call(framed_compact, "describe", Some(token), &[]).code;

    let (_, token) = create(&guarded.file(), "late --role reader");
    guarded.until("the new token is known", || call(&token) == "OK");

    succeeded(modelwire(&["tokens", "revoke", "late", "--file"]).arg(guarded.file()));
    guarded.until("the revoked token is refused", || call(&token) == "UNAUTHENTICATED");
}

#[test]
fn a_file_that_breaks_or_vanishes_is_warned_of_once_and_changes_nothing() {
    let guarded = Guarded::start(&["ci --role reader"]);
    let warned = |reason: &str| guarded.log().matches(reason).count();
    let assert_unchanged = || {
        assert_eq!(guarded.call(framed_compact, "describe", guarded.token("ci"), &[]).code, "OK");
        assert_eq!(guarded.call(framed_compact, "describe", None, &[]).code, "UNAUTHENTICATED");
    };

    std::fs::write(guarded.file(), "[[token]]\nname = \"other\"\n").unwrap();
    guarded.until("the broken file is warned of", || warned("line 1: the token has no role") > 0);
    assert_unchanged();

    std::fs::remove_file(guarded.file()).unwrap();
    guarded.until("the missing file is warned of", || warned("it cannot be read") > 0);
    assert_unchanged();

    let (_, token) = create(&guarded.file(), "next --role reader");
    guarded.until("the new file holds", || guarded.call(framed_compact, "describe", Some(&token), &[]).code == "OK");
    assert_eq!(guarded.call(framed_compact, "describe", guarded.token("ci"), &[]).code, "UNAUTHENTICATED");
    assert_eq!((warned("line 1: the token has no role"), warned("it cannot be read")), (1, 1));
}

#[test]
fn changes_and_denied_changes_stand_in_the_audit_log_and_no_secret_in_any() {
    let guarded = Guarded::start(&["root --role admin", "team --role trainer --models team-*", "guest --role reader"]);
    let jobs = guarded.train("root", &["line"]);
    let call = |name: &str, method, fields: &[Field]| {
        guarded.call(framed_binary, method, guarded.token(name).or(Some("mw_unknown-token")), fields).code
    };
    let (model, version) = (Field::Text(2, "line"), |id| Field::Number(id, 1));

    let codes = [
        call("root", "set_alias", &[model, Field::Text(3, "canary"), version(4)]),
        call("root", "delete_version", &[Field::Text(2, "line\nwho=root"), version(3)]),
        call("team", "cancel_job", &[Field::Text(2, &jobs[0])]),
        call("guest", "delete_version", &[model, version(3)]),
        call("nobody", "train", &[model]),
        call("guest", "predict", &[model]),
        call("root", "describe_model", &[model]),
        call("root", "export_model", &[model, Field::Text(3, "onnx")]),
        call("guest", "export_model", &[model, Field::Text(3, "onnx")]),
    ];

    let denied = "PERMISSION_DENIED";
    assert_eq!(codes, ["OK", "INVALID_ARGUMENT", denied, denied, "UNAUTHENTICATED", denied, "OK", "OK", denied]);
    let log = guarded.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(" audit] ")).collect();
    let expected = [
        ["who=root", "method=train", "about=model \"line\", job \"j1\"", "outcome=OK"],
        ["who=root", "method=set_alias", "about=model \"line\", alias \"canary\", version 1", "outcome=OK"],
        ["who=team", "method=cancel_job", "about=job \"j1\", model \"line\"", "outcome=PERMISSION_DENIED"],
        ["who=guest", "method=delete_version", "about=", "outcome=PERMISSION_DENIED"],
        ["who=anonymous", "method=train", "about=", "outcome=UNAUTHENTICATED"],
        ["who=root", "method=export_model", "about=model \"line\"", "outcome=OK"],
        ["who=guest", "method=export_model", "about=", "outcome=PERMISSION_DENIED"],
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, expected) in lines.iter().zip(expected) {
        let has = |part: &&str| line.contains(part) && line.contains("peer=127.0.0.1:") && line.contains("request_id=");
        assert!(expected.iter().all(has) && line.contains("INFO"), "{line}\nis not {expected:?}");
    }
    let file = std::fs::read_to_string(guarded.file()).unwrap();
    let hashes = file.lines().filter_map(|line| line.strip_prefix("sha256 = ")).map(|hash| hash.trim_matches('"'));
    for secret in guarded.tokens.values().map(String::as_str).chain(hashes).chain(["mw_unknown-token"]) {
        assert!(!log.contains(secret), "a secret is in the log");
    }
}

#[test]
fn a_token_may_come_in_the_header_of_the_transport() {
    let guarded = Guarded::start(&["ci --role reader"]);
    let call = binary_call("describe", 1, b"\x0c\x00\x01\x00");
    let post = |authorization: &str| {
        let head = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-thrift\r\nConnection: close\r\n\
             {authorization}Content-Length: {}\r\n\r\n",
            call.len()
        );
        guarded.server.exchange(&[head.as_bytes(), &call].concat())
    };

    let known = post(&format!("Authorization: Bearer {}\r\n", guarded.token("ci").unwrap()));
    assert!(contains(&known, b"standard_scaler"), "{}", String::from_utf8_lossy(&known));
    for header in ["", "Authorization: Bearer mw_other\r\n", "Authorization: Basic bXc6bXc=\r\n"] {
        let refused = post(header);
        assert!(contains(&refused, b"UNAUTHENTICATED"), "{header:?}: {}", String::from_utf8_lossy(&refused));
    }
}

#[test]
fn a_call_that_the_patterns_deny_is_counted_as_refused() {
    let guarded = Guarded::start(&["team --role reader --models team-*"]);
    let token = guarded.token("team");

    let denied = guarded.call(framed_binary, "describe_model", token, &[Field::Text(2, "line")]);

    assert_eq!(denied.code, "PERMISSION_DENIED");
    let head = format!("Host: a\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n", token.unwrap());
    let metrics = guarded.server.exchange(format!("GET /metrics HTTP/1.1\r\n{head}").as_bytes());
    let metrics = String::from_utf8(metrics).unwrap();
    assert!(metrics.contains("reason=\"permission_denied\"} 1"), "{metrics}");
}

#[test]
fn commands_take_the_token_from_the_environment_a_file_or_a_flag() {
    let guarded = Guarded::start(&["ci --role reader"]);
    let token = guarded.token("ci").unwrap();
    let token_file = guarded.folder.path().join("token");
    std::fs::write(&token_file, format!("{token}\n")).unwrap();
    let list = || modelwire(&["models", "list", "--address", &guarded.server.address]);

    succeeded(list().env("MODELWIRE_TOKEN", token));
    succeeded(list().args(["--token", token]));
    succeeded(list().env("MODELWIRE_TOKEN", "another").arg("--token-file").arg(&token_file));

    let refused = list().output().unwrap();
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        told.contains("list_models wants a token of the role reader") && told.contains("MODELWIRE_TOKEN"),
        "{told}"
    );
}

/// The blocks of a language in the documentation, in their order.
fn documented(language: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md");
    let text = std::fs::read_to_string(path).unwrap();
    let section = text.split("## Tokens and roles").nth(1).expect("the section is there").to_owned();
    let fence = format!("```{language}\n");
    section.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn the_file_and_the_commands_of_the_documentation_work() {
    let folder = tempfile::tempdir().unwrap();
    let binaries = Path::new(env!("CARGO_BIN_EXE_modelwire")).parent().unwrap();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    let commands = documented("sh");
    let commands: Vec<&str> = commands.lines().filter(|line| line.starts_with("modelwire tokens ")).collect();
    assert!(commands.len() >= 3, "the documentation has lost its commands");

    for line in commands {
        succeeded(Command::new("bash").args(["-c", line]).current_dir(folder.path()).env("PATH", &path));
    }
    assert!(modelwire::access::Tokens::parse(&documented("toml")).unwrap().len() >= 2);
}
