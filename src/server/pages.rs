//! What the port answers to those who speak HTTP and no Thrift: probes, and whoever collects metrics.

use super::Shared;
use crate::wire::Answer;
use crate::wire::http::{Method, POSTED, Page, Request, Status};

/// Answers a request that carries no message.
pub(super) fn answer(shared: &Shared, request: &Request) -> Answer {
    let answer = |page: Page<'_>| Answer::page(request, &page);
    let Some(page) = page(request.path()) else {
        return answer(nowhere(request));
    };
    if !matches!(request.method, Method::Get | Method::Head) {
        let words = "this path is only read; use GET\n";
        return answer(Page { allow: Some("GET, HEAD"), ..Page::text(Status::MethodNotAllowed, words) });
    }
    page(shared, &answer)
}

type Write = fn(&Shared, &dyn Fn(Page<'_>) -> Answer) -> Answer;

fn page(path: &str) -> Option<Write> {
    match path {
        "/healthz" => Some(|_, answer| answer(Page::text(Status::Ok, "ok\n"))),
        "/readyz" => Some(ready),
        "/metrics" => Some(metrics),
        _ => None,
    }
}

fn ready(shared: &Shared, answer: &dyn Fn(Page<'_>) -> Answer) -> Answer {
    match shared.service.unready() {
        None => answer(Page::text(Status::Ok, "ready\n")),
        Some(reason) => answer(Page::text(Status::Unavailable, &format!("{reason}\n"))),
    }
}

fn metrics(shared: &Shared, answer: &dyn Fn(Page<'_>) -> Answer) -> Answer {
    let telemetry = shared.service.telemetry();
    telemetry.held_bytes.set(i64::try_from(shared.memory.held()).unwrap_or(i64::MAX));
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    answer(Page { content_type, ..Page::text(Status::Ok, &telemetry.text()) })
}

fn nowhere(request: &Request) -> Page<'static> {
    match request.method {
        Method::Post => Page::text(Status::UnsupportedMediaType, POSTED),
        _ => Page::text(Status::NotFound, "this port has /healthz, /readyz and /metrics, and takes calls by POST\n"),
    }
}
