//! Models, their versions and aliases.

use super::{Client, ModelVersion, TrainedRows};
use crate::data::Page;
use crate::error::{Error, Result};
use crate::registry::{Alias, ModelSummary, Replacement};
use crate::wire::convert;
use crate::wire::models::{
    DeleteVersionRequest, DescribeModelRequest, GetTrainingResultRequest, ListModelsRequest, LoadModelRequest,
    SetAliasRequest, UnloadModelRequest,
};
use crate::wire::services::ModelsClient;

impl Client {
    /// A page of the models, by name, that come after the name `after`.
    ///
    /// # Errors
    /// Only those of every call.
    pub async fn list_models(&self, after: Option<&str>) -> Result<Page<ModelSummary>> {
        let answer = self.call(|exchange, context| async move {
            let request = ListModelsRequest { context, after: after.map(Into::into), limit: None };
            ModelsClient(&*exchange).list_models(request).await
        });
        let answer = answer.await?;
        let models = answer.models.unwrap_or_default().into_iter().map(convert::model_summary_from);
        Ok(Page { entries: self.plain(models.collect())?, next: answer.next_page })
    }

    /// What a version takes, how it was made and how well it fits. `model` as in [`Client::predict`].
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `NotFound`, or `InvalidArgument` if `model` is no reference.
    pub async fn describe_model(&self, model: &str) -> Result<ModelVersion> {
        let answer = self.call(|exchange, context| async move {
            let request = DescribeModelRequest { context, model: Some(model.into()) };
            ModelsClient(&*exchange).describe_model(request).await
        });
        self.plain(convert::model_version_from(answer.await?.model))
    }

    /// What a transductive model, such as one of `dbscan`, made of the rows that it was trained on, in their order. `model` as
    /// in [`Client::predict`]. A large result comes in several calls, all of one version.
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `NotFound`, or `FailedPrecondition` if the model answers `predict` instead.
    pub async fn training_result(&self, model: &str) -> Result<TrainedRows> {
        let (mut read, mut next) = self.trained_rows(model.to_owned(), 0).await?;
        while let Some(from) = next {
            let so_far = read.result.n_rows() as u64;
            if from != so_far || so_far == 0 {
                return self.plain(Err(Error::invalid(format!("after {so_far} rows it goes on at row {from}"))));
            }
            let (page, then) = self.trained_rows(format!("{}@{}", read.model, read.version), from).await?;
            if page.result.n_rows() == 0 {
                return self.plain(Err(Error::invalid(format!("it has no rows from row {from} on, and more to come"))));
            }
            let other = || Error::invalid("its rows are of another kind than those before");
            read.result = self.plain(read.result.followed_by(page.result).ok_or_else(other))?;
            next = then;
        }
        Ok(read)
    }

    async fn trained_rows(&self, model: String, from: u64) -> Result<(TrainedRows, Option<u64>)> {
        let answer = self.call(|exchange, context| {
            let model = Some(model.clone());
            async move {
                let request = GetTrainingResultRequest { context, model, from_row: Some(number(from)), limit: None };
                ModelsClient(&*exchange).get_training_result(request).await
            }
        });
        self.plain(convert::training_result_from(answer.await?))
    }

    /// Points an alias at a version, or removes it (`None`), if it is still as the caller has seen it.
    ///
    /// `expected_generation` is the generation that the caller has seen, 0 for an alias that is new; `None` compares
    /// nothing. The result is the alias as it is now.
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `NotFound` for model or version, `InvalidArgument` for a name, `FailedPrecondition`
    /// for another generation or the removal of `stable`.
    pub async fn set_alias(
        &self,
        model: &str,
        alias: &str,
        version: Option<u64>,
        expected_generation: Option<u64>,
    ) -> Result<Option<Alias>> {
        let answer = self.call(|exchange, context| async move {
            let request = SetAliasRequest {
                context,
                model: Some(model.into()),
                alias_name: Some(alias.into()),
                version: Some(version.map_or(0, number)),
                expected_generation: expected_generation.map(number),
            };
            ModelsClient(&*exchange).set_alias(request).await
        });
        self.plain(answer.await?.current.map(convert::alias_from).transpose())
    }

    /// Serves a version from now on, also after a restart; the bytes that it takes. It may take long for a large model.
    ///
    /// `replacement` says what gives way where there is no room; `None` leaves it to the server.
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `NotFound`, or `FailedPrecondition` if there is no room or the version is damaged.
    pub async fn load_model(&self, model: &str, version: u64, replacement: Option<Replacement>) -> Result<u64> {
        let answer = self.call(|exchange, context| async move {
            let request = LoadModelRequest {
                context,
                model: Some(model.into()),
                version: Some(number(version)),
                replacement: replacement.map(|it| it.name().into()),
            };
            ModelsClient(&*exchange).load_model(request).await
        });
        let bytes = answer.await?.model_bytes;
        Ok(bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default())
    }

    /// Serves a version no more, also after a restart; it stays on disk.
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `NotFound`, or `FailedPrecondition` if an alias names it.
    pub async fn unload_model(&self, model: &str, version: u64) -> Result<()> {
        let answer = self.call(|exchange, context| async move {
            let request = UnloadModelRequest { context, model: Some(model.into()), version: Some(number(version)) };
            ModelsClient(&*exchange).unload_model(request).await
        });
        answer.await.map(drop)
    }

    /// Deletes a version for good.
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `NotFound`, or `FailedPrecondition` if an alias names it.
    pub async fn delete_version(&self, model: &str, version: u64) -> Result<()> {
        let answer = self.call(|exchange, context| async move {
            let request = DeleteVersionRequest { context, model: Some(model.into()), version: Some(number(version)) };
            ModelsClient(&*exchange).delete_version(request).await
        });
        answer.await.map(drop)
    }
}

/// A number as it travels; one beyond its range is refused by the server like any other that is not there.
fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
