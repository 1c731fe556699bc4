//! tonic, gRPC: `tonic-server HOST:PORT`, on two threads. `peer.proto` says what it speaks.

use modelwire_peers::model;
use tonic::{Request, Response, Status};

#[derive(Clone, PartialEq, prost::Message)]
pub struct Payload {
    #[prost(bytes = "bytes", tag = "1")]
    payload: bytes::Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Numbers {
    #[prost(double, repeated, tag = "1")]
    values: Vec<f64>,
}

mod generated {
    include!(concat!(env!("OUT_DIR"), "/peer.Peer.rs"));
}

struct Handler;

#[tonic::async_trait]
impl generated::peer_server::Peer for Handler {
    async fn echo(&self, request: Request<Payload>) -> Result<Response<Payload>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn predict(&self, request: Request<Numbers>) -> Result<Response<Numbers>, Status> {
        let values = model::predict(request.into_inner().values.into_iter());
        Ok(Response::new(Numbers { values }))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = modelwire_peers::address()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let service = generated::peer_server::PeerServer::new(Handler);
    Ok(runtime.block_on(tonic::transport::Server::builder().add_service(service).serve(address))?)
}
