//! A server on which calls can be made to last.

use super::value::{Call, Value, text};
use crate::harness::TestServer;
use crate::stock::{Clients, clustering};
use modelwire::wire::training::TTrainingSyncClient;
use tempfile::TempDir;

/// The number of the event that a job waits, after which there is none until it runs.
const QUEUED: i64 = 1;

/// A server with a model, "line", and a job that waits as long as a test lasts, because the one before it does not end.
pub struct Busy {
    pub server: TestServer,
    waiting: String,
    _data: TempDir,
}

impl Busy {
    pub fn start(flags: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = TestServer::start_with(data.path(), flags, &[]);
        let mut clients = Clients::of(&server);
        let trained = clients.train("line").unwrap().id.unwrap();
        clients.wait(&trained).unwrap();
        // Longer than any test lasts, also with a server as it is shipped.
        let running = clients.training.train(clustering(50_000, 5_000)).unwrap().job.unwrap().id.unwrap();
        clients.wait_for_fit(&running);
        let waiting = clients.train("line").unwrap().id.unwrap();
        drop(clients);
        server.metrics(0);
        Self { server, waiting, _data: data }
    }

    /// A call that is answered after this time, with what the caller says about it.
    pub fn watch(&self, seqid: i32, wait_ms: i64, context: Option<Value>) -> Call {
        let fields = [(2, text(&self.waiting)), (3, Value::I64(QUEUED)), (4, Value::I64(wait_ms))];
        let context = context.map(|context| (1, context));
        Call { seqid, ..Call::new("watch_job", context.into_iter().chain(fields)) }
    }
}
