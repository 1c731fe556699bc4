//! Writes the services of volo from `peer.thrift`, and those of tonic, by hand, so that nobody needs the compiler of
//! Protocol Buffers.

use tonic_build::manual::{Builder, Method, Service};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=peer.thrift");
    println!("cargo:rerun-if-changed=build.rs");
    volo_build::Builder::thrift().add_service("peer.thrift").write()?;
    let service = Service::builder()
        .package("peer")
        .name("Peer")
        .method(method("echo", "Echo", "crate::Payload"))
        .method(method("predict", "Predict", "crate::Numbers"))
        .build();
    Builder::new().build_client(false).compile(&[service]);
    Ok(())
}

/// A method that answers what it takes.
fn method(name: &str, route: &str, message: &str) -> Method {
    Method::builder()
        .name(name)
        .route_name(route)
        .input_type(message)
        .output_type(message)
        .codec_path("tonic_prost::ProstCodec")
        .build()
}
