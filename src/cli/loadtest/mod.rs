//! `modelwire loadtest`

mod arguments;
mod knee;
mod plot;
mod rows;
mod run;
mod summary;

pub(super) use arguments::Arguments;

use super::model_rows::known_columns;
use super::serve::raise_file_limit;
use super::{Failure, table_file};
use crate::client::Client;
use crate::data::Features;
use crate::error::{Code, Error};
use run::Conductor;
use tokio::runtime::Builder;

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    raise_file_limit();
    let mut threads = Builder::new_multi_thread();
    threads.worker_threads(arguments.threads.into());
    let table = arguments.rows.as_deref().map(table_file::read).transpose()?;
    arguments.remote.clone().run_in(
        threads,
        |options| options,
        async |client| {
            let described = client.describe_model(&arguments.model).await?;
            let batch_rows = usize::try_from(arguments.batch_rows).unwrap_or(usize::MAX);
            let batches = match &table {
                Some(table) => rows::of(&known_columns(&described, table)?, batch_rows)?,
                None => rows::random(&described, batch_rows, arguments.seed)?,
            };
            let prepared = client.prepare(&arguments.calls(&batches)).await?;
            probe(client, &arguments.model, &batches).await?;
            let subject = arguments.subject(&described, &prepared);
            arguments.check_plot()?;
            let conductor = Conductor::new(client, &prepared);
            if arguments.find_knee {
                knee::find(&arguments, subject, conductor).await
            } else {
                run::once(&arguments, subject, conductor).await
            }
        },
    )
}

/// One call, so that what is wrong with all of them is said in its words. A server that is too busy for it is what a load
/// is for.
async fn probe(client: &Client, model: &str, batches: &[Features]) -> Result<(), Error> {
    let Some(batch) = batches.first() else { return Ok(()) };
    match client.predict(model, batch).await {
        Err(error) if !matches!(error.code(), Code::Overloaded | Code::DeadlineExceeded | Code::Unavailable) => {
            Err(error)
        }
        _ => Ok(()),
    }
}
