//! Generated structs into plain types and back: one file a subject. A bad shape or type stops here and names itself.

mod datasets;
mod error;
mod health;
mod inference;
mod models;
mod parameters;
mod table;
mod tensor;
mod training;

pub use datasets::{dataset, statistics};
pub use error::{application_error, received_error, service_error};
pub use health::{algorithm, limits, method};
pub use inference::{features, prediction};
pub use models::{alias, model_summary, model_version};
pub use parameters::{spec_steps, wire_steps};
pub use table::{column_from, column_to, rows_crc32, schema_from, schema_to, table_from, table_to};
pub use tensor::{matrix_from, matrix_to, vector_to};
pub use training::{job, job_event, job_spec};
