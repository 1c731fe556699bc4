//! The server of Apache's Rust library, framed, binary: `thrift-server HOST:PORT`. A thread for each connection.

use modelwire_peers::model;
use thrift::OrderedFloat;
use thrift::protocol::{TBinaryInputProtocolFactory, TBinaryOutputProtocolFactory};
use thrift::server::TServer;
use thrift::transport::{TFramedReadTransportFactory, TFramedWriteTransportFactory};

#[path = "../../gen/peer.rs"]
#[allow(dead_code, clippy::all)]
mod generated;

/// Connections that are answered at once; more would wait.
const THREADS: usize = 128;

struct Handler;

impl generated::PeerSyncHandler for Handler {
    fn handle_echo(&self, payload: Vec<u8>) -> thrift::Result<Vec<u8>> {
        Ok(payload)
    }

    fn handle_predict(&self, rows: Vec<OrderedFloat<f64>>) -> thrift::Result<Vec<OrderedFloat<f64>>> {
        Ok(model::predict(rows.iter().map(|value| value.0)).into_iter().map(OrderedFloat).collect())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut server = TServer::new(
        TFramedReadTransportFactory::new(),
        TBinaryInputProtocolFactory::new(),
        TFramedWriteTransportFactory::new(),
        TBinaryOutputProtocolFactory::new(),
        generated::PeerSyncProcessor::new(Handler),
        THREADS,
    );
    Ok(server.listen(modelwire_peers::address()?)?)
}
