//! Modelwire trains, versions and serves machine-learning models over Thrift.
//!
//! A request goes down the layers and its answer comes back up: [`server`] -> [`service`] -> [`wire`] ->
//! { [`registry`], [`cache`], [`batching`] } -> [`model`]. Start reading at [`model`]; it knows nothing of Thrift or sockets.

pub mod data;
pub mod error;
pub mod failpoint;
pub mod telemetry;

pub mod access;
pub mod coordination;
pub mod pool;
pub mod storage;
pub mod tls;

pub mod model;

pub mod batching;
pub mod cache;
pub mod datasets;
pub mod registry;

pub mod training;

pub mod wire;

pub mod client;
pub mod service;

pub mod server;

pub mod cli;
