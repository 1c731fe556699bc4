//! Models as files of other programs.

use super::{Client, ExportedModel};
use crate::error::{Error, Result};
use crate::wire::convert;
use crate::wire::models::ExportModelRequest;
use crate::wire::services::ModelsClient;

impl Client {
    /// A version as a file that other programs compute predictions with; `format` is "onnx", `model` as in
    /// [`Client::predict`]. A large file comes in several calls, all of one version.
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `NotFound`, `InvalidArgument` for the format, or `FailedPrecondition` that names the step which
    /// cannot be written.
    pub async fn export_model(&self, model: &str, format: &str) -> Result<ExportedModel> {
        let (mut whole, mut next) = self.exported_piece(model.to_owned(), format, 0).await?;
        while let Some(from) = next {
            let so_far = whole.content.len() as u64;
            if from != so_far {
                return self.plain(Err(Error::invalid(format!("after {so_far} bytes it goes on at byte {from}"))));
            }
            let named = format!("{}@{}", whole.model, whole.version);
            let (piece, then) = self.exported_piece(named, format, from).await?;
            if piece.content.is_empty() {
                return self
                    .plain(Err(Error::invalid(format!("it has no bytes from byte {from} on, and more to come"))));
            }
            whole.content.extend(piece.content);
            next = then;
        }
        self.plain(convert::check_export(&whole))?;
        Ok(whole)
    }

    async fn exported_piece(&self, model: String, format: &str, from: u64) -> Result<(ExportedModel, Option<u64>)> {
        let answer = self.call(|exchange, context| {
            let (model, format) = (Some(model.clone()), Some(format.to_owned()));
            let from_byte = Some(i64::try_from(from).unwrap_or(i64::MAX));
            async move {
                let request = ExportModelRequest { context, model, format, from_byte };
                ModelsClient(&*exchange).export_model(request).await
            }
        });
        Ok(convert::exported_from(answer.await?))
    }
}
