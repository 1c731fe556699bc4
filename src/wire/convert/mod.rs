//! Generated structs into plain types and back: one file a subject. A bad shape or type stops here and names itself.

mod datasets;
mod error;
mod evaluation;
mod explanation;
mod export;
mod health;
mod importance;
mod inference;
mod learners;
mod models;
mod parameters;
mod search;
mod table;
mod tensor;
mod training;
mod training_result;

pub use datasets::{dataset, dataset_from, statistics, statistics_from};
pub use error::{application_error, may_retry, received_error, service_error};
pub use evaluation::{evaluate_request, evaluated_from, evaluation};
pub use explanation::{explanation, explanation_from};
pub use export::{check_export, exported, exported_from};
pub use health::{algorithm, description_from, greeting_from, limits, method, status_from};
pub use importance::{importance_request, importances, importances_from};
pub use inference::{features, outcomes_from, predict_item, predict_request, prediction, prediction_from, row_bytes};
pub use learners::{batch, learned, learned_from, learner, learner_from, partial_fit_request};
pub use models::{alias, alias_from, model_summary, model_summary_from, model_version, model_version_from};
pub use parameters::{spec_steps, wire_steps};
pub use search::{search_job, search_request, search_result, search_result_from};
pub use table::{column_from, column_to, rows_crc32, schema_from, schema_to, table_from, table_to};
pub use tensor::{matrix_from, matrix_to, vector_to};
pub use training::{job, job_event, job_from, job_spec, train_request, watched_from};
pub use training_result::{training_result, training_result_from};
