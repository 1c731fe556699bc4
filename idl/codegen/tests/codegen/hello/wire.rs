//! Stands in for what the Apache compiler writes of the greeter's IDL, and for the runtime, so that its services compile.

pub(crate) mod runtime;
#[path = "../../fixtures/greeter/services.rs"]
#[allow(dead_code, unreachable_pub)]
pub(crate) mod services;

pub(crate) mod archive {
    #[derive(Default)]
    pub(crate) struct ListGreetingsRequest {
        pub(crate) model: Option<String>,
        pub(crate) version: Option<i64>,
    }
    pub(crate) struct Filter {
        pub(crate) model: Option<String>,
    }
    #[derive(Debug, PartialEq)]
    pub(crate) struct ListGreetingsResponse(pub(crate) Vec<String>);
}

pub(crate) mod common {
    #[derive(Debug, PartialEq)]
    pub(crate) struct Refusal(pub(crate) &'static str);
}

pub(crate) mod greeter {
    pub(crate) struct GreetRequest(pub(crate) Option<String>);
    #[derive(Debug, PartialEq)]
    pub(crate) struct GreetResponse(pub(crate) String);
    pub(crate) struct WaveRequest;
}
