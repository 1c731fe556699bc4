//! Modelwire trains, versions and serves machine-learning models over Thrift.

pub mod error;
pub mod wire;
pub mod model;
pub mod failpoint;

pub mod coordination;
pub mod data;
pub mod storage;

pub mod model;

pub mod registry;
