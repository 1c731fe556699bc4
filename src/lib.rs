//! Modelwire trains, versions and serves machine-learning models over Thrift.

pub mod data;
pub mod error;
pub mod wire;
pub mod model;
