//! Writes the clients from the IDL, as volo's own examples do.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let builder = ["health", "training", "inference"].iter().fold(volo_build::Builder::thrift(), |builder, service| {
        let idl = format!("../../../idl/{service}.thrift");
        println!("cargo:rerun-if-changed={idl}");
        builder.add_service(idl)
    });
    println!("cargo:rerun-if-changed=../../../idl/types.thrift");
    Ok(builder.write()?)
}
