//! Models, their versions and aliases.

use super::guard::{Declared, declare};
use super::{Service, page_limit};
use crate::data::{Name, Reference};
use crate::error::{Error, Result};
use crate::wire::convert;
use crate::wire::models::{
    DeleteVersionRequest, DeleteVersionResponse, DescribeModelRequest, DescribeModelResponse, ListModelsRequest,
    ListModelsResponse, LoadModelRequest, LoadModelResponse, SetAliasRequest, SetAliasResponse, UnloadModelRequest,
    UnloadModelResponse,
};
use crate::wire::runtime::Call;
use crate::wire::services::Models;

impl Models for Service {
    async fn list_models(&self, call: &Call, request: ListModelsRequest) -> Declared<ListModelsResponse> {
        declare(call, async {
            let shown = |name: &Name| call.identity.covers_model(name.as_str());
            let page = self.parts.registry.list(request.after.as_deref(), page_limit(request.limit), shown)?;
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

fn version(version: Option<i64>) -> Result<u64> {
    let version = version.ok_or_else(|| Error::invalid("the request names no version; versions are 1, 2, 3, …"))?;
    u64::try_from(version).map_err(|_| Error::invalid(format!("{version} is not a version; versions are 1, 2, 3, …")))
}

fn generation(generation: i64) -> Result<u64> {
    u64::try_from(generation).map_err(|_| {
        Error::invalid(format!("expected_generation is {generation}; it is 0 for a new alias, else 1, 2, 3, …"))
    })
}
