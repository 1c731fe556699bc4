//! Models, their versions and aliases.

use super::guard::{Declared, declare};
use super::{Service, page_limit};
use crate::data::{Name, Reference};
use crate::error::{Error, Result};
use crate::wire::models::{
    DeleteVersionRequest, DeleteVersionResponse, DescribeModelRequest, DescribeModelResponse, ExportModelRequest,
    ExportModelResponse, GetTrainingResultRequest, GetTrainingResultResponse, ListModelsRequest, ListModelsResponse,
    LoadModelRequest, LoadModelResponse, SetAliasRequest, SetAliasResponse, UnloadModelRequest, UnloadModelResponse,
};
use crate::wire::runtime::Call;
use crate::wire::services::Models;
use crate::wire::{aside, convert};
use std::ops::Range;
use std::sync::Arc;

impl Models for Service {
    async fn list_models(&self, call: &Call, request: ListModelsRequest) -> Declared<ListModelsResponse> {
        declare(call, async {
            let shown = |name: &Name| call.caller.identity.covers_model(name.as_str());
            let page = self.parts.registry.list(request.after.as_deref(), page_limit(request.limit)?, shown)?;
            let models = page.entries.iter().map(convert::model_summary).collect();
            Ok(ListModelsResponse { models: Some(models), next_page: page.next })
        })
        .await
    }

    async fn describe_model(&self, call: &Call, request: DescribeModelRequest) -> Declared<DescribeModelResponse> {
        declare(call, async {
            let reference = Reference::parse("model", request.model.unwrap_or_default())?;
            let description = self.parts.registry.describe(&reference)?;
            let model = convert::model_version(&description);
            Ok(DescribeModelResponse { model: Some(model) })
        })
        .await
    }

    async fn get_training_result(
        &self,
        call: &Call,
        request: GetTrainingResultRequest,
    ) -> Declared<GetTrainingResultResponse> {
        declare(call, async {
            let reference = Reference::parse("model", request.model.unwrap_or_default())?;
            let model = self.parts.registry.resolve(&reference)?.model;
            let result = model.training_result()?;
            // Half a message: text protocols write three bytes as four.
            let most = (self.parts.wire_limits.max_frame_bytes / 2 / result.row_bytes()).max(1);
            let rows = rows(request.from_row, request.limit, most, result.n_rows())?;
            let bytes = rows.len().saturating_mul(result.row_bytes());
            let of_model = Arc::clone(&model);
            aside(bytes, move || {
                let result = of_model.training_result()?;
                Ok(convert::training_result(result, rows, of_model.name.as_str(), of_model.version))
            })
            .await?
        })
        .await
    }

    async fn export_model(&self, call: &Call, request: ExportModelRequest) -> Declared<ExportModelResponse> {
        declare(call, self.exported(request)).await
    }

    async fn set_alias(&self, call: &Call, request: SetAliasRequest) -> Declared<SetAliasResponse> {
        declare(call, async {
            let model = Name::parse("model", request.model.unwrap_or_default())?;
            let alias = Name::parse("alias", request.alias_name.unwrap_or_default())?;
            let version = match version(request.version)? {
                0 => None,
                version => Some(version),
            };
            let expected = request.expected_generation.map(generation).transpose()?;
            let current = self.parts.registry.set_alias(&model, &alias, version, expected).await?;
            Ok(SetAliasResponse { current: current.as_ref().map(convert::alias) })
        })
        .await
    }

    async fn load_model(&self, call: &Call, request: LoadModelRequest) -> Declared<LoadModelResponse> {
        declare(call, async {
            let model = Name::parse("model", request.model.unwrap_or_default())?;
            let version = version(request.version)?;
            let replacement = request.replacement.map(|text| text.parse().map_err(|why: String| Error::invalid(why)));
            let replacement = replacement.transpose()?;
            let bytes = self.parts.registry.load_model(&model, version, replacement).await?;
            Ok(LoadModelResponse { model_bytes: i64::try_from(bytes).ok() })
        })
        .await
    }

    async fn unload_model(&self, call: &Call, request: UnloadModelRequest) -> Declared<UnloadModelResponse> {
        declare(call, async {
            let model = Name::parse("model", request.model.unwrap_or_default())?;
            self.parts.registry.unload_model(&model, version(request.version)?).await?;
            Ok(UnloadModelResponse {})
        })
        .await
    }

    async fn delete_version(&self, call: &Call, request: DeleteVersionRequest) -> Declared<DeleteVersionResponse> {
        declare(call, async {
            let model = Name::parse("model", request.model.unwrap_or_default())?;
            let version = version(request.version)?;
            self.parts.registry.delete_version(&model, version).await?;
            Ok(DeleteVersionResponse {})
        })
        .await
    }
}

/// The rows of a page.
fn rows(from: Option<i64>, limit: Option<i64>, most: usize, total: usize) -> Result<Range<usize>> {
    let from = from.unwrap_or(0);
    let start = usize::try_from(from).ok().filter(|from| *from <= total).ok_or_else(|| {
        Error::invalid(format!("from_row is {from} and the model was trained on {total} rows; they are counted from 0"))
    })?;
    let length = match limit {
        None => most,
        Some(limit) => usize::try_from(limit).ok().filter(|limit| *limit > 0).ok_or_else(|| {
            Error::invalid(format!(
                "limit is {limit}; an answer has 1 row or more, and at most as many as fit a message"
            ))
        })?,
    };
    Ok(start..start.saturating_add(length.min(most)).min(total))
}

fn version(version: Option<i64>) -> Result<u64> {
    let version = version.ok_or_else(|| Error::invalid("the request names no version; versions are 1, 2, 3, …"))?;
    u64::try_from(version).map_err(|_| Error::invalid(format!("{version} is not a version; versions are 1, 2, 3, …")))
}

fn generation(generation: i64) -> Result<u64> {
    u64::try_from(generation).map_err(|_| {
        Error::invalid(format!("expected_generation is {generation}; it is 0 for a new alias, else 1, 2, 3, …"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_as_many_rows_as_were_asked_for_and_fit() {
        let page = |from, limit| rows(from, limit, 10, 25).unwrap();

        assert_eq!([page(None, None), page(Some(20), None), page(Some(25), None)], [0..10, 20..25, 25..25]);
        assert_eq!([page(Some(3), Some(4)), page(Some(3), Some(i64::MAX))], [3..7, 3..13]);
    }

    #[test]
    fn rows_that_are_not_there_and_pages_of_none_are_refused() {
        let refused = |from, limit| rows(from, limit, 10, 25).unwrap_err().to_string();

        assert!(refused(Some(26), None).contains("from_row is 26 and the model was trained on 25 rows"));
        assert!(refused(Some(-1), None).contains("from_row is -1"));
        assert!(refused(None, Some(0)).contains("limit is 0") && refused(None, Some(-5)).contains("limit is -5"));
    }
}
