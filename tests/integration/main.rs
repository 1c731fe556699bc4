//! One binary for all integration tests: every further binary would link the whole crate again.
//!
//! Each test starts a real server on a free port with a temporary data folder.

#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)] // A panic is how a test fails.

mod access;
mod agreement;
mod algorithms;
mod architecture;
mod caching;
mod certificates;
mod cli;
mod client;
mod contributing;
#[cfg(feature = "failpoints")]
mod crowd;
mod docs;
mod drain;
mod durability;
mod evaluate;
mod explain;
mod export;
#[cfg(feature = "fuzzing")]
mod fuzzing;
mod golden;
mod guarded;
mod harness;
mod hostile;
mod importance;
mod large_inputs;
mod linfa_facts;
mod loading;
mod loadtest;
mod methods;
mod online;
mod ping;
mod predict_many;
mod protocols;
mod quickstart;
mod resumed_search;
mod resuming;
mod search;
mod several_targets;
mod soak;
mod stock;
mod tls;
mod transductive;
mod transformers;
