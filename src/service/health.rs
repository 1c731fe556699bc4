//! Who is there, what can it do, how is it.

use super::Service;
use super::guard::{Declared, declare, declared};
use crate::access::Identity;
use crate::error::{Error, Result};
use crate::model::ALGORITHMS;
use crate::registry::{LoadState, VersionStatus};
use crate::wire::convert;
use crate::wire::health::{
    DescribeRequest, DescribeResponse, EchoRequest, EchoResponse, HelloRequest, HelloResponse, ModelStatus,
    StatusRequest, StatusResponse,
};
use crate::wire::runtime::{Begun, Call};
use crate::wire::services::{Health, IDL_SHA256, METHODS};
use bytes::Bytes;
use chrono::{SecondsFormat, Utc};
use std::sync::atomic::Ordering;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const MAX_GREETED: usize = 256;

impl Health for Service {
    async fn hello(&self, call: &Call, request: HelloRequest) -> Declared<HelloResponse> {
        declare(call, async { self.greet(request) }).await
    }

    async fn status(&self, call: &Call, _request: StatusRequest) -> Declared<StatusResponse> {
        Ok(self.status(&call.caller.identity))
    }

    async fn describe(&self, _call: &Call, _request: DescribeRequest) -> Declared<DescribeResponse> {
        let parts = &self.parts;
        Ok(DescribeResponse {
            version: Some(VERSION.into()),
            idl_hash: Some(IDL_SHA256.into()),
            limits: Some(convert::limits(
                &parts.wire_limits,
                &parts.batching_limits,
                parts.max_calls_in_flight,
                parts.max_deadline,
            )),
            methods: Some(METHODS.iter().map(convert::method).collect()),
            algorithms: Some(ALGORITHMS.iter().map(|it| convert::algorithm(*it)).collect()),
        })
    }

    fn echo<'a>(&'a self, call: &Call, request: EchoRequest) -> Begun<'a, Declared<EchoResponse>> {
        let echoed = self.echoed(request).map(|payload| EchoResponse { payload: Some(payload) });
        Begun::Done(echoed.map_err(|error| declared(call, &error)))
    }
}

impl Service {
    fn echoed(&self, request: EchoRequest) -> Result<Bytes> {
        let Some(bytes) = request.reply_bytes else { return Ok(request.payload.unwrap_or_default()) };
        let limit = self.parts.wire_limits.max_frame_bytes;
        match usize::try_from(bytes) {
            Ok(bytes) if bytes <= limit => Ok(vec![0; bytes].into()),
            _ => Err(Error::invalid(format!("reply_bytes is {bytes} and at most {limit} bytes are sent"))),
        }
    }

    fn greet(&self, request: HelloRequest) -> Result<HelloResponse> {
        let name = request.name.filter(|name| !name.is_empty()).unwrap_or_else(|| "World".into());
        let length = name.chars().count();
        if length > MAX_GREETED {
            return Err(Error::invalid(format!(
                "the name has {length} characters and at most {MAX_GREETED} are greeted"
            )));
        }
        let now = Utc::now();
        Ok(HelloResponse {
            greeting: Some(format!("Hello, {name}!")),
            server: Some("modelwire".into()),
            version: Some(VERSION.into()),
            uptime_ms: Some(i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)),
            time_ms: Some(now.timestamp_millis()),
            time: Some(now.to_rfc3339_opts(SecondsFormat::Millis, true)),
        })
    }

    /// Why the server is not ready, if it is not.
    pub fn unready(&self) -> Option<String> {
        self.reason(&self.parts.registry.statuses())
    }

    fn reason(&self, statuses: &[VersionStatus]) -> Option<String> {
        if self.draining.load(Ordering::SeqCst) { Some("the server is draining".into()) } else { unready(statuses) }
    }

    /// Whether the server is ready is told to everyone, which models it has only to who may know of them.
    fn status(&self, identity: &Identity) -> StatusResponse {
        let statuses = self.parts.registry.statuses();
        let reason = self.reason(&statuses);
        let shown = statuses.into_iter().filter(|status| identity.covers_model(status.name.as_str()));
        let models = shown.map(|status| ModelStatus {
            name: Some(status.name.to_string()),
            version: Some(i64::try_from(status.version).unwrap_or(i64::MAX)),
            ready: Some(status.is_ready()),
            state: Some(status.state.name().into()),
            reason: status.reason,
        });
        StatusResponse {
            live: Some(true),
            ready: Some(reason.is_none()),
            reason,
            models: Some(models.collect()),
            rows_in_flight: Some(i64::try_from(self.parts.batcher.rows_in_flight()).unwrap_or(i64::MAX)),
            jobs_in_flight: Some(i64::try_from(self.parts.jobs.in_flight()).unwrap_or(i64::MAX)),
        }
    }
}

/// Why models make the server not ready. One that is unloaded on purpose or being loaded does not, as long as another answers.
fn unready(statuses: &[VersionStatus]) -> Option<String> {
    let all = statuses.len();
    let wrong =
        |state: LoadState| statuses.iter().filter(|status| status.state == state && status.reason.is_some()).count();
    let loaded = statuses.iter().filter(|status| status.is_ready()).count();
    match (wrong(LoadState::Damaged), wrong(LoadState::Unloaded)) {
        _ if all == 0 => Some("no model is there yet".into()),
        (0, 0) if loaded == 0 => Some("no model is loaded".into()),
        (0, 0) => None,
        (0, missing) => Some(format!("{missing} of {all} model versions are not loaded and should be")),
        (damaged, _) => Some(format!("{damaged} of {all} model versions are damaged")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Name;
    use LoadState::{Damaged, Loaded, Loading, Unloaded};

    fn status(state: LoadState, reason: Option<&str>) -> VersionStatus {
        let name = Name::parse("model", "wine").unwrap();
        VersionStatus { name, version: 1, state, reason: reason.map(Into::into) }
    }

    #[test]
    fn the_server_is_ready_if_something_answers_and_nothing_is_wrong() {
        let (loaded, loading, unloaded) = (status(Loaded, None), status(Loading, None), status(Unloaded, None));
        let (damaged, missing) = (status(Damaged, Some("it is cut")), status(Unloaded, Some("no room")));

        for (statuses, reason) in [
            (vec![], Some("no model is there yet")),
            (vec![&loaded], None),
            (vec![&loaded, &loading], None),
            (vec![&loaded, &unloaded], None),
            (vec![&loading], Some("no model is loaded")),
            (vec![&unloaded, &unloaded], Some("no model is loaded")),
            (vec![&loaded, &damaged], Some("1 of 2 model versions are damaged")),
            (vec![&loaded, &missing, &unloaded], Some("1 of 3 model versions are not loaded and should be")),
            (vec![&missing, &damaged], Some("1 of 2 model versions are damaged")),
        ] {
            let statuses: Vec<VersionStatus> = statuses.into_iter().cloned().collect();
            assert_eq!(unready(&statuses).as_deref(), reason, "{statuses:?}");
        }
    }
}
