//! Stored tables.

use super::{Client, MAX_PIECE_BYTES, pieces};
use crate::data::{Page, Table};
use crate::datasets::{ColumnStatistics, Dataset};
use crate::error::Result;
use crate::wire::convert;
use crate::wire::datasets::{
    AppendRowsRequest, CommitDatasetRequest, CreateDatasetRequest, DeleteDatasetRequest, DescribeDatasetRequest,
    ListDatasetsRequest,
};
use crate::wire::services::DatasetsClient;

impl Client {
    /// Stores rows as a new version of a data set, in pieces of at most 8 MiB, each with a checksum; `sent` is told after
    /// each piece how many rows are stored.
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `InvalidArgument` for the name, `FailedPrecondition` without rows, `Overloaded` if too
    /// many uploads are open.
    pub async fn upload(&self, name: &str, table: &Table, mut sent: impl FnMut(usize)) -> Result<Dataset> {
        let upload = self.create_dataset(name).await?;
        for piece in pieces(table, MAX_PIECE_BYTES) {
            self.append_rows(&upload, piece.start, &table.slice(piece.start, piece.len())).await?;
            sent(piece.end);
        }
        let answer = self.call(|exchange, context| {
            let (upload_id, n_rows) = (Some(upload.clone()), i64::try_from(table.n_rows()).ok());
            async move {
                DatasetsClient(&*exchange).commit_dataset(CommitDatasetRequest { context, upload_id, n_rows }).await
            }
        });
        self.plain(convert::dataset_from(answer.await?.dataset))
    }

    async fn create_dataset(&self, name: &str) -> Result<String> {
        let answer = self.call(|exchange, context| async move {
            DatasetsClient(&*exchange).create_dataset(CreateDatasetRequest { context, name: Some(name.into()) }).await
        });
        Ok(answer.await?.upload_id.unwrap_or_default())
    }

    async fn append_rows(&self, upload: &str, offset: usize, rows: &Table) -> Result<()> {
        let answer = self.call(|exchange, context| async move {
            let table = convert::table_to(rows);
            let request = AppendRowsRequest {
                context,
                upload_id: Some(upload.into()),
                offset: i64::try_from(offset).ok(),
                crc32: Some(convert::rows_crc32(&table).into()),
                table: Some(table),
            };
            DatasetsClient(&*exchange).append_rows(request).await
        });
        answer.await.map(drop)
    }

    /// Schema and statistics of a version: "wine" (the newest) or "wine@2". The statistics are in the order of the columns.
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `NotFound`, or `InvalidArgument` if `dataset` is no reference.
    pub async fn describe_dataset(&self, dataset: &str) -> Result<(Dataset, Vec<ColumnStatistics>)> {
        let answer = self.call(|exchange, context| async move {
            let request = DescribeDatasetRequest { context, dataset: Some(dataset.into()) };
            DatasetsClient(&*exchange).describe_dataset(request).await
        });
        let answer = answer.await?;
        let statistics = answer.statistics.unwrap_or_default().into_iter().map(convert::statistics_from);
        Ok((self.plain(convert::dataset_from(answer.dataset))?, self.plain(statistics.collect())?))
    }

    /// A page of the data sets, by name and version, whose names come after the name `after`.
    ///
    /// # Errors
    /// Only those of every call.
    pub async fn list_datasets(&self, after: Option<&str>) -> Result<Page<Dataset>> {
        let answer = self.call(|exchange, context| async move {
            let request = ListDatasetsRequest { context, after: after.map(Into::into), limit: None };
            DatasetsClient(&*exchange).list_datasets(request).await
        });
        let answer = answer.await?;
        let datasets = answer.datasets.unwrap_or_default().into_iter().map(|it| convert::dataset_from(Some(it)));
        Ok(Page { entries: self.plain(datasets.collect())?, next: answer.next_page })
    }

    /// Deletes a version, or all versions (`None`) of a name.
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `NotFound`.
    pub async fn delete_dataset(&self, name: &str, version: Option<u64>) -> Result<()> {
        let answer = self.call(|exchange, context| async move {
            let version = version.map(|it| i64::try_from(it).unwrap_or(i64::MAX));
            let request = DeleteDatasetRequest { context, name: Some(name.into()), version };
            DatasetsClient(&*exchange).delete_dataset(request).await
        });
        answer.await.map(drop)
    }
}
