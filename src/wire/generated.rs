//! Written by `make gen` from `idl/`: the structs of the Apache compiler, and our services.

macro_rules! generated {
    ($($name:ident = $path:literal;)*) => {$(
        #[allow(missing_docs, unreachable_pub, dead_code, clippy::all, clippy::pedantic, clippy::unwrap_used)]
        #[path = $path]
        pub mod $name;
    )*};
}

generated! {
    datasets = "../../gen/rust/datasets.rs";
    health = "../../gen/rust/health.rs";
    inference = "../../gen/rust/inference.rs";
    models = "../../gen/rust/models.rs";
    search = "../../gen/rust/search.rs";
    services = "../../gen/rust/services.rs";
    training = "../../gen/rust/training.rs";
    types = "../../gen/rust/types.rs";
}
