//! What the port answers to those who speak HTTP and make no call: probes, and whoever collects metrics.

use super::Shared;
use crate::error::Code;
use crate::service::Peer;
use crate::wire::Answer;
use crate::wire::http::{Method, POSTED, Page, Request, Status};

const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers a request that carries no message.
pub(super) fn answer(shared: &Shared, peer: &mut Peer, request: &Request) -> Answer {
    let is_read = matches!(request.method, Method::Get | Method::Head);
    let (status, text) = match request.path() {
        "/healthz" | "/readyz" | "/metrics" if !is_read => {
            let page = Page::text(Status::MethodNotAllowed, "this path is only read; use GET\n");
            return Answer::page(request, &Page { field: Some(("Allow", "GET, HEAD")), ..page });
        }
        "/healthz" => (Status::Ok, "ok\n".into()),
        "/readyz" => readiness(shared),
        "/metrics" => return metrics(shared, peer, request),
        _ if request.method == Method::Post => (Status::UnsupportedMediaType, POSTED.into()),
        _ => (Status::NotFound, "this port has /healthz, /readyz and /metrics, and takes calls by POST\n".into()),
    };
    Answer::page(request, &Page::text(status, &text))
}

fn readiness(shared: &Shared) -> (Status, String) {
    match shared.service.unready() {
        None => (Status::Ok, "ready\n".into()),
        Some(reason) => (Status::Unavailable, format!("{reason}\n")),
    }
}

/// What the server counts is for readers: it tells how it is used.
fn metrics(shared: &Shared, peer: &mut Peer, request: &Request) -> Answer {
    let telemetry = shared.service.telemetry();
    if let Err(error) = shared.service.may_read_metrics(peer, request.headers.get("authorization")) {
        let text = format!("{error}\n");
        let page = match error.code() {
            Code::PermissionDenied => Page::text(Status::Forbidden, &text),
            _ => Page { field: Some(("WWW-Authenticate", "Bearer")), ..Page::text(Status::Unauthorized, &text) },
        };
        return Answer::page(request, &page);
    }
    telemetry.held_bytes.set(i64::try_from(shared.memory.held()).unwrap_or(i64::MAX));
    Answer::page(request, &Page { content_type: METRICS, ..Page::text(Status::Ok, &telemetry.text()) })
}
