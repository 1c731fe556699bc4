//! `modelwire serve`: puts the layers together and runs until it is told to stop.

use super::Failure;
use super::model_settings;
use super::settings::Settings;
use crate::access::Access;
use crate::batching::Batcher;
use crate::cache::Caches;
use crate::coordination::Coordination;
use crate::datasets::Datasets;
use crate::error::Result;
use crate::pool::Pool;
use crate::registry::{self, Registry};
use crate::server::{self, Listener};
use crate::service::{Parts, Service};
use crate::storage::Storage;
use crate::telemetry::{PoolMetrics, Telemetry};
use crate::tls;
use crate::training::{self, Jobs, Learners};
use crate::wire::Memory;
use log::{error, info, warn};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fmt::Display;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, timeout};

/// Jobs that the compute threads hold: a batch of each model that is asked, which the queue's rows bound long before.
const POOL_QUEUE: usize = 65_536;
/// Explaining rows is not urgent, and takes a core from predictions while it lasts.
const EXPLAIN_THREADS: usize = 1;
/// Explanations that wait for their thread. More are OVERLOADED.
const EXPLAIN_QUEUE: usize = 16;
/// How soon files that are watched take effect.
const RELOAD_EVERY: Duration = Duration::from_secs(1);

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// File of settings in TOML; it is read if it is there [default: modelwire.toml].
    #[arg(long, env = "MODELWIRE_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

pub(super) fn run(arguments: Arguments) -> std::result::Result<(), Failure> {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info,rustls=error")).init();
    let settings = settings(arguments).map_err(Failure::Usage)?;
    let telemetry = Arc::new(Telemetry::default());
    let threads = server::Threads::start(settings.socket_threads(), &telemetry)
        .map_err(|cause| Failure::Failed(format!("the system gives no threads: {cause}")))?;
    threads.block_on(serve(&settings, telemetry))
}

fn settings(arguments: Arguments) -> std::result::Result<Settings, String> {
    let settings = match arguments.config {
        Some(path) => arguments.settings.with_file(&path)?,
        None if PathBuf::from("modelwire.toml").exists() => arguments.settings.with_file("modelwire.toml".as_ref())?,
        None => arguments.settings,
    };
    settings.check().map(|()| settings)
}

fn cannot_listen(place: impl Display, cause: &io::Error, flag: &str) -> Failure {
    let advice = match cause.kind() {
        io::ErrorKind::AddrInUse => {
            format!("; stop the server that listens there, or choose another place with {flag}")
        }
        _ => String::new(),
    };
    Failure::Failed(format!("cannot listen on {place}: {cause}{advice}"))
}

async fn serve(settings: &Settings, telemetry: Arc<Telemetry>) -> std::result::Result<(), Failure> {
    let access = Arc::new(access(settings)?);
    let listen = settings.listen();
    let refused = |cause| cannot_listen(listen, &cause, "--listen");
    let listener = Listener::tcp(listen).await.map_err(refused)?;
    let address = listener.address().map_err(refused)?;
    let mut listeners = vec![listener];
    if let Some(path) = settings.listen_unix() {
        let refused = |cause| cannot_listen(path.display(), &cause, "--listen-unix");
        listeners.push(Listener::unix(path).map_err(refused)?);
    }
    raise_file_limit();
    let stop = stop_signal().map_err(|cause| Failure::Failed(format!("cannot listen for signals: {cause}")))?;
    let tls = settings.tls.load().map_err(|error| Failure::Failed(error.to_string()))?.map(Arc::new);
    let Composed { service, jobs, learners } =
        compose(settings, Arc::clone(&access), telemetry).await.map_err(|error| Failure::Failed(error.to_string()))?;
    let training = tokio::spawn({
        let jobs = jobs.clone();
        async move { jobs.run().await }
    });
    if is_exposed(&address, &access) {
        warn!(address; "Anyone who reaches this address may do everything; --tokens names a file that says who may do what.");
    }
    let watching = tokio::spawn(watch(access));
    let certificates = tls.clone().map(|tls| tokio::spawn(tls::keep_current(tls, RELOAD_EVERY)));
    announce(&address, &settings.data());
    let options = settings.server();
    server::run(listeners, tls, Arc::new(service), options, stop).await;
    certificates.inspect(JoinHandle::abort);
    watching.abort();
    let _ = watching.await; // It ends by being aborted.
    jobs.stop();
    let (trained, learned) = tokio::join!(timeout(options.grace, training), timeout(options.grace, learners.ended()));
    if trained.is_err() {
        warn!("A fit did not stop in time; it runs again at the next start.");
    }
    if learned.is_err() {
        warn!("A batch did not end in time; the next start finds it whole or not at all.");
    }
    info!("Stopped.");
    Ok(())
}

/// The rules of the file of tokens, or none.
fn access(settings: &Settings) -> Result<Access> {
    settings.tokens().map_or_else(|| Ok(Access::open()), Access::load)
}

/// Whether others than the programs of this machine can reach a server that lets anyone do everything.
fn is_exposed(address: &str, access: &Access) -> bool {
    access.is_open() && address.parse().is_ok_and(|address: SocketAddr| !address.ip().is_loopback())
}

/// Looks each second whether the file of tokens has changed.
async fn watch(access: Arc<Access>) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !access.is_open() {
        second.tick().await;
        let access = Arc::clone(&access);
        let looked = tokio::task::spawn_blocking(move || access.reload_if_changed()).await;
        if looked.is_err() {
            error!("Looking at the file of tokens went wrong; the rules before hold on.");
        }
    }
}

/// What serves, and what works beside it and is waited for at the end.
struct Composed {
    service: Service,
    jobs: Jobs,
    learners: Learners,
}

/// Opens what is on disk and hands every layer its parts.
async fn compose(settings: &Settings, access: Arc<Access>, telemetry: Arc<Telemetry>) -> Result<Composed> {
    let storage = Arc::new(Storage::open(settings.data())?);
    let coordination = Arc::new(Coordination::open(&settings.data().join("state.redb"))?);
    let registry = Registry::open(registry::Parts {
        storage: Arc::clone(&storage),
        coordination: Arc::clone(&coordination),
        options: settings.registry(),
        telemetry: Arc::clone(&telemetry),
    })
    .await?;
    let now_ms = chrono::Utc::now().timestamp_millis();
    let datasets = Datasets::open(Arc::clone(&storage), Arc::clone(&coordination), settings.datasets(), now_ms).await?;
    let learners = Learners::open(training::learners::Parts {
        storage: Arc::clone(&storage),
        coordination: Arc::clone(&coordination),
        registry: registry.clone(),
        limits: settings.learners(),
    })
    .await?;
    let parts = training::Parts {
        storage,
        coordination,
        registry: registry.clone(),
        datasets: datasets.clone(),
        limits: settings.training(),
    };
    let jobs = Jobs::open(parts).await?;
    let pool = Pool::start("compute", settings.compute_threads(), POOL_QUEUE, telemetry.engine.pool.clone())
        .map_err(|cause| crate::error::Error::storage("starting the compute threads", cause))?;
    let explaining = Pool::start("explain", EXPLAIN_THREADS, EXPLAIN_QUEUE, PoolMetrics::default())
        .map_err(|cause| crate::error::Error::storage("starting the threads that explain", cause))?;
    let service = Service::new(Parts {
        access,
        registry,
        datasets,
        jobs: jobs.clone(),
        explaining,
        learners: learners.clone(),
        batcher: Batcher::new(Arc::new(pool), settings.engine(), telemetry.engine.clone()),
        wire_limits: settings.wire(),
        memory: Memory::new(settings.max_memory_bytes()),
        batching_limits: settings.batching(),
        max_calls_in_flight: settings.server().max_calls_in_flight,
        max_calls: settings.max_calls(),
        max_deadline: settings.max_deadline(),
        caches: Caches::new(model_settings::caches(&settings.models), &telemetry),
        telemetry,
    });
    Ok(Composed { service, jobs, learners })
}

/// Every connection takes a file descriptor, and most systems grant a process fewer at first than it may have.
pub(super) fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        warn!(error:%; "The limit of open files stays as it is.");
    }
}

/// The one line on standard output: whoever started the server reads the address from it and knows that it is ready.
fn announce(address: &str, data: &std::path::Path) {
    let mut out = std::io::stdout();
    let line = format!("modelwire {} is listening on {address}, data in {}", env!("CARGO_PKG_VERSION"), data.display());
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        info!(address; "Listening."); // Nobody reads standard output; the log has it.
    }
}

/// SIGTERM or Ctrl-C.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => info!("Told to stop by SIGTERM."),
            _ = interrupt.recv() => info!("Told to stop by Ctrl-C."),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_exposed_where_others_reach_it_and_nothing_says_who_may_do_what() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.toml");
        std::fs::write(&path, "").unwrap();
        let (open, guarded) = (Access::open(), Access::load(&path).unwrap());

        for address in ["0.0.0.0:9090", "[::]:9090", "192.0.2.1:9090"] {
            assert!(is_exposed(address, &open) && !is_exposed(address, &guarded), "{address}");
        }
        for address in ["127.0.0.1:9090", "127.1.2.3:9090", "[::1]:9090"] {
            assert!(!is_exposed(address, &open), "{address}");
        }
    }
}
