//! Stored tables.

use super::guard::{Declared, declare};
use super::{Service, page_limit};
use crate::data::{Name, Reference};
use crate::error::{Error, Result};
use crate::wire::datasets::{
    AppendRowsRequest, AppendRowsResponse, CommitDatasetRequest, CommitDatasetResponse, CreateDatasetRequest,
    CreateDatasetResponse, DeleteDatasetRequest, DeleteDatasetResponse, DescribeDatasetRequest,
    DescribeDatasetResponse, ListDatasetsRequest, ListDatasetsResponse,
};
use crate::wire::runtime::{Call, Resource};
use crate::wire::services::Datasets;
use crate::wire::{convert, types::Table};
use chrono::Utc;

impl Datasets for Service {
    async fn create_dataset(&self, call: &Call, request: CreateDatasetRequest) -> Declared<CreateDatasetResponse> {
        declare(call, async {
            let name = Name::parse("data set", request.name.unwrap_or_default())?;
            let key = call.idempotency_key.as_deref();
            let upload_id = self.parts.datasets.create(&name, key, Utc::now().timestamp_millis()).await?;
            Ok(CreateDatasetResponse { upload_id: Some(upload_id) })
        })
        .await
    }

    async fn append_rows(&self, call: &Call, request: AppendRowsRequest) -> Declared<AppendRowsResponse> {
        declare(call, async {
            let upload = request.upload_id.unwrap_or_default();
            self.check_upload(call, &upload).await?;
            let offset = count("offset", request.offset.unwrap_or_default())?;
            let table = request.table.ok_or_else(|| Error::invalid("the request has no table"))?;
            verify(&table, request.crc32)?;
            let rows = convert::table_from(table)?;
            let n_rows = self.parts.datasets.append(&upload, offset, rows, Utc::now().timestamp_millis()).await?;
            Ok(AppendRowsResponse { n_rows: i64::try_from(n_rows).ok() })
        })
        .await
    }

    async fn commit_dataset(&self, call: &Call, request: CommitDatasetRequest) -> Declared<CommitDatasetResponse> {
        declare(call, async {
            let upload = request.upload_id.unwrap_or_default();
            self.check_upload(call, &upload).await?;
            let expected = request.n_rows.map(|n_rows| count("n_rows", n_rows)).transpose()?;
            let dataset = self.parts.datasets.commit(&upload, expected, Utc::now().timestamp_millis()).await?;
            call.trail.note(Resource::Version(i64::try_from(dataset.version).unwrap_or(i64::MAX)));
            Ok(CommitDatasetResponse { dataset: Some(convert::dataset(&dataset)) })
        })
        .await
    }

    async fn describe_dataset(
        &self,
        call: &Call,
        request: DescribeDatasetRequest,
    ) -> Declared<DescribeDatasetResponse> {
        declare(call, async {
            let reference = Reference::parse("data set", request.dataset.unwrap_or_default())?;
            let (dataset, statistics) = self.parts.datasets.describe(&reference)?;
            Ok(DescribeDatasetResponse {
                dataset: Some(convert::dataset(&dataset)),
                statistics: Some(statistics.iter().map(convert::statistics).collect()),
            })
        })
        .await
    }

    async fn list_datasets(&self, call: &Call, request: ListDatasetsRequest) -> Declared<ListDatasetsResponse> {
        declare(call, async {
            let shown = |name: &Name| call.caller.identity.covers_dataset(name.as_str());
            let page = self.parts.datasets.list(request.after.as_deref(), page_limit(request.limit)?, shown)?;
            let datasets = page.entries.iter().map(convert::dataset).collect();
            Ok(ListDatasetsResponse { datasets: Some(datasets), next_page: page.next })
        })
        .await
    }

    async fn delete_dataset(&self, call: &Call, request: DeleteDatasetRequest) -> Declared<DeleteDatasetResponse> {
        declare(call, async {
            let name = Name::parse("data set", request.name.unwrap_or_default())?;
            let version = request.version.map(|version| count("version", version)).transpose()?;
            self.parts.datasets.delete(&name, version).await?;
            Ok(DeleteDatasetResponse {})
        })
        .await
    }
}

impl Service {
    /// Whether the caller may use the data set that an upload becomes.
    async fn check_upload(&self, call: &Call, id: &str) -> Result<()> {
        let name = self.parts.datasets.name_of_upload(id).await?;
        call.check_found(Resource::Upload(id), Resource::Dataset(name.as_str()))
    }
}

fn count(what: &str, number: i64) -> Result<u64> {
    u64::try_from(number).map_err(|_| Error::invalid(format!("{what} is {number}; it cannot be negative")))
}

/// Holds the rows against the checksum that came with them.
fn verify(table: &Table, sent: Option<i64>) -> Result<()> {
    let Some(sent) = sent else { return Ok(()) };
    let received = i64::from(convert::rows_crc32(table));
    if received == sent {
        return Ok(());
    }
    Err(Error::invalid(format!("the rows have CRC-32 {received} and {sent} was sent with them; send them again")))
}
