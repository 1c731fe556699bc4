//! How much the answers of a model rest on each of its columns.
//!
//! Each shuffle of a column is an evaluation: rows go the way of every prediction, chunk by chunk.

use super::Service;
use super::evaluation::beside;
use crate::error::{Error, Result};
use crate::model::{Examination, Importances, LoadedModel, MOST_REPEATS, REPEATS, Scoring, Shuffled};
use crate::registry::Resolved;
use crate::wire::runtime::Call;
use crate::wire::training::{PermutationImportanceRequest, PermutationImportanceResponse};
use crate::wire::{aside, convert};
use ndarray::Array2;
use std::sync::Arc;

/// Calls that are worked on at once; others wait for as long as their callers do. Evaluations have places of their own, since
/// these take many times as long.
pub(super) const AT_ONCE: usize = 2;

impl Service {
    pub(super) async fn importances(
        &self,
        call: &Call,
        request: PermutationImportanceRequest,
    ) -> Result<PermutationImportanceResponse> {
        let PermutationImportanceRequest { model, table, dataset, target, sample_weight, scoring, .. } = request;
        let Resolved { model, generation } = self.answering(call, model)?;
        let scoring = Scoring::to_shuffle(model.pipeline.kind(), scoring.as_deref())?;
        let n_repeats = self.repeats(request.n_repeats, &model)?;
        let place = self.importances.acquire().await;
        let _place = place.map_err(|_| Error::internal("the places of importances are closed"))?;
        let examination = self.examination(&model, (table, dataset), target, sample_weight).await?;
        let asked = Asked { call, model: &model, examination, scoring };
        let found = self.shuffled(&asked, n_repeats, request.seed.unwrap_or(0) as u64).await?;
        Ok(convert::importances(&found, model.name.as_str(), model.version, generation))
    }

    /// # Errors
    /// [`Error::InvalidArgument`] if there are none, too many, or more numbers than fit a reply.
    fn repeats(&self, asked: Option<i32>, model: &LoadedModel) -> Result<usize> {
        let n_repeats = asked.map_or(REPEATS as i64, i64::from);
        let valid = usize::try_from(n_repeats).ok().filter(|repeats| (1..=MOST_REPEATS).contains(repeats));
        let valid = valid.ok_or_else(|| {
            Error::invalid(format!("n_repeats is {n_repeats}; each column is shuffled 1 to {MOST_REPEATS} times"))
        })?;
        let columns = model.pipeline.schema().features.len();
        // Half a message: text protocols write three bytes as four, and names of columns travel as well.
        let most = self.parts.wire_limits.max_frame_bytes / 2 / size_of::<f64>() / columns.max(1);
        if valid <= most {
            return Ok(valid);
        }
        Err(Error::invalid(format!(
            "n_repeats is {valid} and the model takes {columns} columns, which are more numbers than fit a reply; take {most} or less"
        )))
    }

    async fn shuffled(&self, asked: &Asked<'_>, n_repeats: usize, seed: u64) -> Result<Importances> {
        let schema = asked.model.pipeline.schema();
        let (features, n_rows) = (schema.features.iter().map(|it| it.name.clone()), asked.examination.n_rows());
        let baseline = self.scored(asked, None).await?.ok_or_else(|| {
            let name = asked.scoring.name;
            Error::invalid(format!(
                "{name} is not defined for these rows: roc_auc wants rows of each class, r2 two rows, adjusted_rand_score a target; \
                 name another scoring"
            ))
        })?;
        let mut importances = Array2::zeros((schema.features.len(), n_repeats));
        for ((column, repeat), importance) in importances.indexed_iter_mut() {
            let work = move || Shuffled::new(n_rows, column, repeat, seed);
            // Ten rounds of a generator for each row, which take about as long as copying so many bytes.
            let order = Arc::new(aside(n_rows.saturating_mul(64), work).await?);
            let now = self.scored(asked, Some(&order)).await?.ok_or_else(|| {
                let (name, column) = (asked.scoring.name, &schema.features[column].name);
                Error::invalid(format!(
                    "{name} is not defined once column {column:?} is shuffled; name another scoring"
                ))
            })?;
            *importance = baseline - now;
        }
        let scoring = asked.scoring.name.to_owned();
        Ok(Importances { n_samples: n_rows, scoring, baseline, features: features.collect(), importances })
    }

    async fn scored(&self, asked: &Asked<'_>, shuffled: Option<&Arc<Shuffled>>) -> Result<Option<f64>> {
        let Asked { call, model, examination, scoring } = asked;
        let answers = self.answers(call, model, examination, shuffled).await?;
        let (examination, scoring) = (Arc::clone(examination), *scoring);
        beside(call, move |ask| examination.score(scoring, &answers, ask)).await
    }
}

/// What stays the same from shuffle to shuffle.
struct Asked<'a> {
    call: &'a Call,
    model: &'a Arc<LoadedModel>,
    examination: Arc<Examination>,
    scoring: Scoring,
}
