//! `modelwire hello`

use super::remote::Remote;
use super::{Failure, report};

/// Ask a server who it is
///
/// Says who answers, in which version, for how long it has been running and what time it is there: the shortest way to see
/// that a server can be reached.
///
/// Example:
///     modelwire hello --address models.example.org:9090
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// Whom it should greet.
    #[arg(default_value = "World")]
    name: String,
    #[command(flatten)]
    pub(super) remote: Remote,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    arguments.remote.run(async |client| {
        let greeting = client.hello(Some(&arguments.name)).await?;
        arguments.remote.print(&greeting, || {
            let about = report::facts([
                ("server", format!("{} {}", greeting.server, greeting.version)),
                ("up for", format!("{} s", greeting.uptime_ms / 1000)),
                ("time", greeting.time.clone()),
            ]);
            format!("{}\n{about}", greeting.greeting)
        })
    })
}
