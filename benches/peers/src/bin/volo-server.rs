//! volo-thrift, framed, binary: `volo-server HOST:PORT [THREADS]`, two threads if nothing is said.

use modelwire_peers::model;
use volo_thrift::ServerError;
use volo_thrift::codec::default::DefaultMakeCodec;

mod generated {
    include!(concat!(env!("OUT_DIR"), "/volo_gen.rs"));
}

use generated::volo_gen::peer::{Peer, PeerServer};

struct Handler;

impl Peer for Handler {
    async fn echo(&self, payload: pilota::Bytes) -> Result<pilota::Bytes, ServerError> {
        Ok(payload)
    }

    async fn predict(&self, rows: Vec<f64>) -> Result<Vec<f64>, ServerError> {
        Ok(model::predict(rows.into_iter()))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = volo::net::Address::from(modelwire_peers::address()?);
    let threads = std::env::args().nth(2).map_or(Ok(2), |threads| threads.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    runtime
        .block_on(PeerServer::new(Handler).make_codec(DefaultMakeCodec::framed()).run(address))
        .map_err(|error| error.to_string().into())
}
