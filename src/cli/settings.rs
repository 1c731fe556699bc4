//! Settings of the server: defaults < file < environment < flags.
//!
//! A setting has one name in four dresses: `server.max_frame_bytes` is `max_frame_bytes` in the section `[server]` of
//! `modelwire.toml`, `MODELWIRE_SERVER_MAX_FRAME_BYTES` and `--server-max-frame-bytes`. All faults come in one report.

use super::model_settings::Models;
use super::tls::ClientCertificates;
use super::{memory_limit, model_settings};
use crate::model::Bounds;
use crate::registry::{Policy, Replacement};
use crate::{batching, datasets, registry, server, training, wire};
use serde::Deserialize;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Declares settings once: clap reads flags and environment, serde the file, and `or` lets the former win.
macro_rules! settings {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident ($flag:literal, $variable:literal): $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(clap::Args, Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            $($(#[$field_doc])* #[arg(id = $flag, long = $flag, env = $variable)] pub(super) $field: Option<$type>,)*
        }

        impl $name {
            fn or(self, file: Self) -> Self {
                Self { $($field: self.$field.or(file.$field),)* }
            }
        }
    };
}

settings! {
    /// Sockets and messages.
    Server {
        /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:9090].
        listen ("listen", "MODELWIRE_LISTEN"): String,
        /// Threads for connections; they rest while others can do the work [default: one a core].
        threads ("server-threads", "MODELWIRE_SERVER_THREADS"): usize,
        /// Largest message and reply in bytes [default: 16384000].
        max_frame_bytes ("server-max-frame-bytes", "MODELWIRE_SERVER_MAX_FRAME_BYTES"): usize,
        /// Largest sum of the elements of all containers of a message [default: 1000000].
        max_elements ("server-max-elements", "MODELWIRE_SERVER_MAX_ELEMENTS"): usize,
        /// Deepest nesting of structs and containers of a message [default: 64].
        max_depth ("server-max-depth", "MODELWIRE_SERVER_MAX_DEPTH"): usize,
        /// Memory in bytes that a message may take when it is decoded, beside four times its own size [default: 67108864].
        max_decoded_bytes ("server-max-decoded-bytes", "MODELWIRE_SERVER_MAX_DECODED_BYTES"): usize,
        /// How many times its own size a compressed message may have when it is inflated [default: 200].
        max_inflate_ratio ("server-max-inflate-ratio", "MODELWIRE_SERVER_MAX_INFLATE_RATIO"): usize,
        /// Most bytes of the headers of a message, or of the head of a request of HTTP [default: 16384].
        max_header_bytes ("server-max-header-bytes", "MODELWIRE_SERVER_MAX_HEADER_BYTES"): usize,
        /// Socket in the file system to listen on beside the address.
        listen_unix ("listen-unix", "MODELWIRE_LISTEN_UNIX"): PathBuf,
        /// Bytes of messages and replies that all connections hold [default: a quarter of the memory, at most 1073741824].
        max_memory_bytes ("server-max-memory-bytes", "MODELWIRE_SERVER_MAX_MEMORY_BYTES"): usize,
        /// Bytes of messages and replies that one connection holds [default: 67108864].
        max_connection_bytes ("server-max-connection-bytes", "MODELWIRE_SERVER_MAX_CONNECTION_BYTES"): usize,
        /// Calls that are worked on at once, beside those of Health and of administrators [default: 4096].
        max_calls ("server-max-calls", "MODELWIRE_SERVER_MAX_CALLS"): usize,
        /// Calls of one connection that are worked on at once [default: 32].
        max_calls_in_flight ("server-max-calls-in-flight", "MODELWIRE_SERVER_MAX_CALLS_IN_FLIGHT"): usize,
        /// Connections that are open at once [default: 10000].
        max_connections ("server-max-connections", "MODELWIRE_SERVER_MAX_CONNECTIONS"): usize,
        /// Connections of one address that are open at once [default: 1000].
        max_connections_per_address ("server-max-connections-per-address", "MODELWIRE_SERVER_MAX_CONNECTIONS_PER_ADDRESS"): usize,
        /// Longest deadline of a call in milliseconds, and that of a call which names none [default: 60000].
        max_deadline_ms ("server-max-deadline-ms", "MODELWIRE_SERVER_MAX_DEADLINE_MS"): u64,
        /// Time in milliseconds for the first byte of a connection [default: 10000].
        first_byte_ms ("server-first-byte-ms", "MODELWIRE_SERVER_FIRST_BYTE_MS"): u64,
        /// Time in milliseconds for a TLS handshake [default: 5000].
        handshake_ms ("server-handshake-ms", "MODELWIRE_SERVER_HANDSHAKE_MS"): u64,
        /// Time in milliseconds for a message that has begun; a large one has more, as min_bytes_per_second grants [default: 30000].
        message_ms ("server-message-ms", "MODELWIRE_SERVER_MESSAGE_MS"): u64,
        /// Time in milliseconds in which a peer has to take some of its reply [default: 30000].
        write_ms ("server-write-ms", "MODELWIRE_SERVER_WRITE_MS"): u64,
        /// Bytes in a second that a large message or reply has to make [default: 65536].
        min_bytes_per_second ("server-min-bytes-per-second", "MODELWIRE_SERVER_MIN_BYTES_PER_SECOND"): usize,
        /// Time in milliseconds for the calls of a peer that has ended its output and may be gone [default: 5000].
        half_close_ms ("server-half-close-ms", "MODELWIRE_SERVER_HALF_CLOSE_MS"): u64,
        /// Time in milliseconds to go on, not ready any more, when told to stop [default: 0].
        lame_duck_ms ("server-lame-duck-ms", "MODELWIRE_SERVER_LAME_DUCK_MS"): u64,
        /// Time in milliseconds between messages [default: 300000].
        idle_ms ("server-idle-ms", "MODELWIRE_SERVER_IDLE_MS"): u64,
        /// Time in milliseconds for the calls that run when the server is told to stop [default: 10000].
        grace_ms ("server-grace-ms", "MODELWIRE_SERVER_GRACE_MS"): u64,
    }
}

settings! {
    /// Predictions.
    Batching {
        /// Compute threads [default: one a core].
        threads ("batching-threads", "MODELWIRE_BATCHING_THREADS"): usize,
        /// Rows that are computed together [default: 8192].
        max_batch_rows ("batching-max-batch-rows", "MODELWIRE_BATCHING_MAX_BATCH_ROWS"): usize,
        /// Bytes of rows and answers that are computed together [default: 16777216].
        max_batch_bytes ("batching-max-batch-bytes", "MODELWIRE_BATCHING_MAX_BATCH_BYTES"): usize,
        /// Time in milliseconds that a request waits for others to share its batch [default: 0].
        max_delay_ms ("batching-max-delay-ms", "MODELWIRE_BATCHING_MAX_DELAY_MS"): u64,
        /// Latency in milliseconds that 99 of 100 answers should have: batches are tuned towards it, and what would wait longer
        /// is refused [default: none].
        target_p99_ms ("batching-target-p99-ms", "MODELWIRE_BATCHING_TARGET_P99_MS"): u64,
        /// Rows that wait or are computed at once; callers that hold few find an eighth more [default: 1048576].
        max_queue_rows ("batching-max-queue-rows", "MODELWIRE_BATCHING_MAX_QUEUE_ROWS"): usize,
    }
}

settings! {
    /// Which models are loaded.
    Registry {
        /// Versions of a model that are loaded: all, latest:2, specific:1,3, or aliased; those that an alias names always are [default: all].
        load ("registry-load", "MODELWIRE_REGISTRY_LOAD"): Policy,
        /// Memory in bytes that models take together [default: half of the memory].
        max_model_bytes ("registry-max-model-bytes", "MODELWIRE_REGISTRY_MAX_MODEL_BYTES"): u64,
        /// What gives way where there is no room for a version: nothing (swap), or other versions of its model that no alias names (drop_first) [default: swap].
        replacement ("registry-replacement", "MODELWIRE_REGISTRY_REPLACEMENT"): Replacement,
    }
}

settings! {
    /// Training.
    Training {
        /// Jobs that train at once [default: 1].
        threads ("training-threads", "MODELWIRE_TRAINING_THREADS"): usize,
        /// Threads that a job sums over its rows with; what it learns does not depend on them [default: 1].
        threads_per_job ("training-threads-per-job", "MODELWIRE_TRAINING_THREADS_PER_JOB"): usize,
        /// Jobs that wait [default: 100].
        max_queued_jobs ("training-max-queued-jobs", "MODELWIRE_TRAINING_MAX_QUEUED_JOBS"): usize,
        /// Jobs that have ended and are remembered [default: 1000].
        max_ended_jobs ("training-max-ended-jobs", "MODELWIRE_TRAINING_MAX_ENDED_JOBS"): usize,
        /// Time in milliseconds after which a fit keeps its state, so that it goes on there after a restart; 0: never [default: 5000].
        checkpoint_ms ("training-checkpoint-ms", "MODELWIRE_TRAINING_CHECKPOINT_MS"): u64,
        /// Bytes that the rows of a job, their copies and what its fits make of them hold together [default: half of the memory, shared by training.threads].
        max_job_bytes ("training-max-job-bytes", "MODELWIRE_TRAINING_MAX_JOB_BYTES"): u64,
        /// Rows of tsne, whose time grows faster than their number [default: 100000].
        max_tsne_rows ("training-max-tsne-rows", "MODELWIRE_TRAINING_MAX_TSNE_ROWS"): usize,
        /// Rows of tsne with the method exact, whose memory and time grow with their square [default: 5000].
        max_exact_tsne_rows ("training-max-exact-tsne-rows", "MODELWIRE_TRAINING_MAX_EXACT_TSNE_ROWS"): usize,
        /// Rows of diffusion_map, whose time grows with their cube [default: 2000].
        max_diffusion_map_rows ("training-max-diffusion-map-rows", "MODELWIRE_TRAINING_MAX_DIFFUSION_MAP_ROWS"): usize,
        /// Rows of agglomerative_clustering but for single linkage; memory and time grow with their square [default: 10000].
        max_agglomerative_rows ("training-max-agglomerative-rows", "MODELWIRE_TRAINING_MAX_AGGLOMERATIVE_ROWS"): usize,
        /// Rows of agglomerative_clustering with single linkage, whose time grows with their square [default: 100000].
        max_single_linkage_rows ("training-max-single-linkage-rows", "MODELWIRE_TRAINING_MAX_SINGLE_LINKAGE_ROWS"): usize,
        /// Rows of optics, whose time grows with their square [default: 100000].
        max_optics_rows ("training-max-optics-rows", "MODELWIRE_TRAINING_MAX_OPTICS_ROWS"): usize,
        /// Rows of svc, svr and one_class_svm, whose time grows with their square [default: 100000].
        max_svm_rows ("training-max-svm-rows", "MODELWIRE_TRAINING_MAX_SVM_ROWS"): usize,
        /// Models that learn batch by batch [default: 100].
        max_learners ("training-max-learners", "MODELWIRE_TRAINING_MAX_LEARNERS"): usize,
        /// Calls of one such model that wait for those before them, or are worked on [default: 32].
        max_waiting_batches ("training-max-waiting-batches", "MODELWIRE_TRAINING_MAX_WAITING_BATCHES"): usize,
        /// Memory in bytes that such models take between their batches; those idle longest are read again [default: 256 MiB].
        max_learner_bytes ("training-max-learner-bytes", "MODELWIRE_TRAINING_MAX_LEARNER_BYTES"): u64,
    }
}

settings! {
    /// Stored tables.
    Datasets {
        /// Uploads that are open at once [default: 64].
        max_open_uploads ("datasets-max-open-uploads", "MODELWIRE_DATASETS_MAX_OPEN_UPLOADS"): usize,
        /// Bytes of one upload [default: 1073741824].
        max_upload_bytes ("datasets-max-upload-bytes", "MODELWIRE_DATASETS_MAX_UPLOAD_BYTES"): u64,
    }
}

settings! {
    /// Certificates. Files that change are taken up while the server runs.
    Tls {
        /// PEM file of the server's certificate, then those that signed it; with --tls-key, the port speaks TLS too.
        certificate ("tls-certificate", "MODELWIRE_TLS_CERTIFICATE"): PathBuf,
        /// PEM file of the private key of the server's certificate, not encrypted.
        key ("tls-key", "MODELWIRE_TLS_KEY"): PathBuf,
        /// PEM file of the authorities that sign the certificates of clients.
        client_ca ("tls-client-ca", "MODELWIRE_TLS_CLIENT_CA"): PathBuf,
        /// Whether clients are asked for a certificate, and whether they have to show one [default: off].
        client_certificates ("tls-client-certificates", "MODELWIRE_TLS_CLIENT_CERTIFICATES"): ClientCertificates,
        /// Whether connections without TLS are closed [default: true where clients have to show certificates, else false].
        #[arg(num_args = 0..=1, default_missing_value = "true")]
        only ("tls-only", "MODELWIRE_TLS_ONLY"): bool,
    }
}

settings! {
    /// Who may do what.
    Access {
        /// File of tokens, as "modelwire tokens create" makes it; without one anyone who reaches the port may do everything.
        tokens ("tokens", "MODELWIRE_TOKENS"): PathBuf,
    }
}

/// Everything that can be set.
#[derive(clap::Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    /// Folder of models, data sets and jobs [default: ./modelwire-data].
    #[arg(long, env = "MODELWIRE_DATA")]
    pub(super) data: Option<PathBuf>,
    #[command(flatten)]
    pub(super) server: Server,
    #[command(flatten)]
    pub(super) tls: Tls,
    #[command(flatten)]
    pub(super) batching: Batching,
    #[command(flatten)]
    pub(super) registry: Registry,
    #[command(flatten)]
    pub(super) training: Training,
    #[command(flatten)]
    pub(super) datasets: Datasets,
    #[command(flatten)]
    pub(super) access: Access,
    /// The settings of each model; only the file has them.
    #[arg(skip)]
    pub(super) models: Models,
}

impl Settings {
    /// Fills in from a file what flags and environment leave open.
    ///
    /// # Errors
    /// A sentence that names the file and what is wrong in it.
    pub(super) fn with_file(self, path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|cause| format!("the settings file {} cannot be read: {cause}", path.display()))?;
        let file: Self = toml::from_str(&text).map_err(|cause| format!("{}: {cause}", path.display()))?;
        Ok(Self {
            data: self.data.or(file.data),
            server: self.server.or(file.server),
            tls: self.tls.or(file.tls),
            batching: self.batching.or(file.batching),
            registry: self.registry.or(file.registry),
            training: self.training.or(file.training),
            datasets: self.datasets.or(file.datasets),
            access: self.access.or(file.access),
            models: file.models,
        })
    }

    /// Holds every setting against its bounds.
    ///
    /// # Errors
    /// All faults, a line each.
    pub(super) fn check(&self) -> Result<(), String> {
        let frames = (1024, wire::LARGEST_FRAME_LIMIT);
        let rows = (1, 1_000_000_000);
        let faults = [
            outside("server.threads", self.server.threads, (1, 1024)),
            outside("server.max_frame_bytes", self.server.max_frame_bytes, frames),
            outside("server.max_elements", self.server.max_elements, (1, usize::MAX)),
            outside("server.max_depth", self.server.max_depth, (8, 64)),
            outside("server.max_inflate_ratio", self.server.max_inflate_ratio, (1, 1032)),
            outside("server.max_header_bytes", self.server.max_header_bytes, (1024, 1 << 20)),
            outside("server.max_deadline_ms", self.server.max_deadline_ms, (1, 86_400_000)),
            outside("server.first_byte_ms", self.server.first_byte_ms, (1, 86_400_000)),
            outside("server.handshake_ms", self.server.handshake_ms, (1, 86_400_000)),
            outside("server.message_ms", self.server.message_ms, (1, 86_400_000)),
            outside("server.write_ms", self.server.write_ms, (1, 86_400_000)),
            outside("server.min_bytes_per_second", self.server.min_bytes_per_second, (1, 1 << 40)),
            outside("server.half_close_ms", self.server.half_close_ms, (0, 86_400_000)),
            outside("server.lame_duck_ms", self.server.lame_duck_ms, (0, 86_400_000)),
            outside("server.idle_ms", self.server.idle_ms, (1, 86_400_000)),
            outside("server.grace_ms", self.server.grace_ms, (0, 86_400_000)),
            outside("server.max_calls_in_flight", self.server.max_calls_in_flight, (1, 10_000)),
            outside("server.max_connections", self.server.max_connections, (1, 1_000_000)),
            outside("server.max_connections_per_address", self.server.max_connections_per_address, (1, 1_000_000)),
            outside("server.max_connection_bytes", self.server.max_connection_bytes, (65_536, 1 << 40)),
            outside("server.max_memory_bytes", self.server.max_memory_bytes, (1 << 20, 1 << 40)),
            outside("server.max_calls", self.server.max_calls, (1, 1_000_000)),
            outside("batching.threads", self.batching.threads, (1, 1024)),
            outside("batching.max_batch_rows", self.batching.max_batch_rows, (1, 1 << 30)),
            outside("batching.max_batch_bytes", self.batching.max_batch_bytes, (1024, 1 << 40)),
            outside("batching.max_delay_ms", self.batching.max_delay_ms, (0, 60_000)),
            outside("batching.target_p99_ms", self.batching.target_p99_ms, (1, 60_000)),
            outside("batching.max_queue_rows", self.batching.max_queue_rows, (1, 1 << 40)),
            outside("registry.max_model_bytes", self.registry.max_model_bytes, (1024, 1 << 50)),
            outside("training.threads", self.training.threads, (1, 1024)),
            outside("training.threads_per_job", self.training.threads_per_job, (1, 1024)),
            outside("training.max_queued_jobs", self.training.max_queued_jobs, (1, 1_000_000)),
            outside("training.max_ended_jobs", self.training.max_ended_jobs, (1, 1_000_000)),
            outside("training.checkpoint_ms", self.training.checkpoint_ms, (0, 86_400_000)),
            outside("training.max_job_bytes", self.training.max_job_bytes, (1 << 20, 1 << 50)),
            outside("training.max_tsne_rows", self.training.max_tsne_rows, rows),
            outside("training.max_exact_tsne_rows", self.training.max_exact_tsne_rows, rows),
            outside("training.max_diffusion_map_rows", self.training.max_diffusion_map_rows, rows),
            outside("training.max_agglomerative_rows", self.training.max_agglomerative_rows, rows),
            outside("training.max_single_linkage_rows", self.training.max_single_linkage_rows, rows),
            outside("training.max_optics_rows", self.training.max_optics_rows, rows),
            outside("training.max_svm_rows", self.training.max_svm_rows, rows),
            outside("training.max_learners", self.training.max_learners, (1, 100_000)),
            outside("training.max_waiting_batches", self.training.max_waiting_batches, (1, 100_000)),
            outside("training.max_learner_bytes", self.training.max_learner_bytes, (0, 1 << 50)),
            outside("datasets.max_open_uploads", self.datasets.max_open_uploads, (1, 1_000_000)),
            outside("datasets.max_upload_bytes", self.datasets.max_upload_bytes, (1, 1 << 50)),
        ];
        let faults: Vec<String> =
            faults.into_iter().flatten().chain(self.tls.faults()).chain(model_settings::faults(&self.models)).collect();
        if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
    }

    pub(super) fn data(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(|| "./modelwire-data".into())
    }

    pub(super) fn tokens(&self) -> Option<&Path> {
        self.access.tokens.as_deref()
    }

    pub(super) fn listen(&self) -> &str {
        self.server.listen.as_deref().unwrap_or("127.0.0.1:9090")
    }

    pub(super) fn listen_unix(&self) -> Option<&Path> {
        self.server.listen_unix.as_deref()
    }

    /// Most threads for connections; `None` is one a core.
    pub(super) fn socket_threads(&self) -> Option<usize> {
        self.server.threads
    }

    pub(super) fn compute_threads(&self) -> usize {
        self.batching.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }

    pub(super) fn wire(&self) -> wire::Limits {
        let default = wire::Limits::default();
        wire::Limits {
            max_frame_bytes: self.server.max_frame_bytes.unwrap_or(default.max_frame_bytes),
            max_elements: self.server.max_elements.unwrap_or(default.max_elements),
            max_depth: self.server.max_depth.unwrap_or(default.max_depth),
            max_decoded_bytes: self.server.max_decoded_bytes.unwrap_or(default.max_decoded_bytes),
            max_inflate_ratio: self.server.max_inflate_ratio.unwrap_or(default.max_inflate_ratio),
            max_header_bytes: self.server.max_header_bytes.unwrap_or(default.max_header_bytes),
        }
    }

    pub(super) fn server(&self) -> server::Options {
        let default = server::Options::default();
        server::Options {
            max_calls_in_flight: self.server.max_calls_in_flight.unwrap_or(default.max_calls_in_flight),
            max_connections: self.server.max_connections.unwrap_or(default.max_connections),
            max_connections_per_address: self
                .server
                .max_connections_per_address
                .unwrap_or(default.max_connections_per_address),
            max_frame_bytes: self.wire().max_frame_bytes,
            max_connection_bytes: self.server.max_connection_bytes.unwrap_or(default.max_connection_bytes),
            min_rate: self.server.min_bytes_per_second.unwrap_or(default.min_rate),
            handshake: self.server.handshake_ms.map_or(default.handshake, Duration::from_millis),
            write: self.server.write_ms.map_or(default.write, Duration::from_millis),
            half_close: self.server.half_close_ms.map_or(default.half_close, Duration::from_millis),
            lame_duck: self.server.lame_duck_ms.map_or(default.lame_duck, Duration::from_millis),
            tls_only: self.tls.is_only(),
            first_byte: self.server.first_byte_ms.map_or(default.first_byte, Duration::from_millis),
            message: self.server.message_ms.map_or(default.message, Duration::from_millis),
            idle: self.server.idle_ms.map_or(default.idle, Duration::from_millis),
            grace: self.server.grace_ms.map_or(default.grace, Duration::from_millis),
        }
    }

    /// Beyond that no large message is read from any connection.
    pub(super) fn max_memory_bytes(&self) -> usize {
        self.server.max_memory_bytes.unwrap_or_else(memory_limit::for_messages)
    }

    pub(super) fn max_calls(&self) -> usize {
        self.server.max_calls.unwrap_or(4096)
    }

    pub(super) fn max_deadline(&self) -> Duration {
        Duration::from_millis(self.server.max_deadline_ms.unwrap_or(60_000))
    }

    pub(super) fn batching(&self) -> batching::Limits {
        let default = batching::Limits::default();
        batching::Limits {
            max_batch_rows: self.batching.max_batch_rows.unwrap_or(default.max_batch_rows),
            max_batch_bytes: self.batching.max_batch_bytes.unwrap_or(default.max_batch_bytes),
            max_delay: self.batching.max_delay_ms.map_or(default.max_delay, Duration::from_millis),
            max_queue_rows: self.batching.max_queue_rows.unwrap_or(default.max_queue_rows),
            max_answer_bytes: self.wire().max_frame_bytes, // A larger answer could not be sent.
            target_p99: self.batching.target_p99_ms.map(Duration::from_millis),
        }
    }

    /// What the batcher is told: what holds for all models, and for each.
    pub(super) fn engine(&self) -> batching::Options {
        let models = self.models.iter().map(|(name, settings)| (name.clone(), settings.limits())).collect();
        batching::Options { limits: self.batching(), models }
    }

    pub(super) fn registry(&self) -> registry::Options {
        let default = registry::Options::default();
        registry::Options {
            policy: self.registry.load.clone().unwrap_or(default.policy),
            policies: model_settings::policies(&self.models).collect(),
            max_model_bytes: self.registry.max_model_bytes.unwrap_or_else(memory_limit::for_models),
            replacement: self.registry.replacement.unwrap_or(default.replacement),
        }
    }

    pub(super) fn training(&self) -> training::Limits {
        let default = training::Limits::default();
        training::Limits {
            threads: self.training.threads.unwrap_or(default.threads),
            threads_per_job: self.training.threads_per_job.unwrap_or(default.threads_per_job),
            max_queued_jobs: self.training.max_queued_jobs.unwrap_or(default.max_queued_jobs),
            max_ended_jobs: self.training.max_ended_jobs.unwrap_or(default.max_ended_jobs),
            checkpoint_every: self
                .training
                .checkpoint_ms
                .map_or(default.checkpoint_every, |it| (it > 0).then(|| Duration::from_millis(it))),
            job: self.job(),
        }
    }

    fn job(&self) -> Bounds {
        let (default, own) = (Bounds::default(), &self.training);
        let n_jobs = own.threads.unwrap_or(training::Limits::default().threads);
        Bounds {
            max_bytes: own.max_job_bytes.unwrap_or_else(|| memory_limit::for_jobs() / n_jobs as u64),
            tsne_rows: own.max_tsne_rows.unwrap_or(default.tsne_rows),
            exact_tsne_rows: own.max_exact_tsne_rows.unwrap_or(default.exact_tsne_rows),
            diffusion_map_rows: own.max_diffusion_map_rows.unwrap_or(default.diffusion_map_rows),
            agglomerative_rows: own.max_agglomerative_rows.unwrap_or(default.agglomerative_rows),
            single_linkage_rows: own.max_single_linkage_rows.unwrap_or(default.single_linkage_rows),
            optics_rows: own.max_optics_rows.unwrap_or(default.optics_rows),
            svm_rows: own.max_svm_rows.unwrap_or(default.svm_rows),
            ..default
        }
    }

    pub(super) fn learners(&self) -> training::learners::Limits {
        let default = training::learners::Limits::default();
        training::learners::Limits {
            threads_per_batch: self.training.threads_per_job.unwrap_or(default.threads_per_batch),
            max_learners: self.training.max_learners.unwrap_or(default.max_learners),
            max_waiting: self.training.max_waiting_batches.unwrap_or(default.max_waiting),
            max_bytes: self.training.max_learner_bytes.unwrap_or(default.max_bytes),
            ..default
        }
    }

    pub(super) fn datasets(&self) -> datasets::Limits {
        let default = datasets::Limits::default();
        datasets::Limits {
            max_open_uploads: self.datasets.max_open_uploads.unwrap_or(default.max_open_uploads),
            max_upload_bytes: self.datasets.max_upload_bytes.unwrap_or(default.max_upload_bytes),
            ..default
        }
    }
}

pub(super) fn outside<T: PartialOrd + Display + Copy>(
    name: &str,
    value: Option<T>,
    (least, most): (T, T),
) -> Option<String> {
    let value = value.filter(|value| !(least..=most).contains(value))?;
    Some(format!("{name} is {value}; it is from {least} to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_file(text: &str, flags: Settings) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("modelwire.toml");
        std::fs::write(&path, text).unwrap();
        flags.with_file(&path)
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let flags = Settings { server: Server { max_elements: Some(7), ..Server::default() }, ..Settings::default() };

        let settings = from_file("[server]\nmax_elements = 8\nmax_frame_bytes = 4096\n", flags).unwrap();

        assert_eq!(settings.wire().max_elements, 7);
        assert_eq!(settings.wire().max_frame_bytes, 4096);
        assert_eq!(settings.wire().max_depth, 64);
    }

    #[test]
    fn the_file_has_sections_for_models() {
        let file = "[batching]\nmax_delay_ms = 3\n[models.churn]\nmax_delay_ms = 0\n";

        let engine = from_file(file, Settings::default()).unwrap().engine();

        assert_eq!(engine.limits.max_delay, Duration::from_millis(3));
        assert_eq!(engine.models["churn"].max_delay, Some(Duration::ZERO));
    }

    #[test]
    fn what_is_loaded_is_set_for_all_models_and_for_each() {
        let text = "[registry]\nload = \"latest:2\"\nreplacement = \"drop_first\"\n[models.wine]\nload = \"specific:1,3\"\n[models.beer]\n";

        let options = from_file(text, Settings::default()).unwrap().registry();

        assert_eq!((options.policy, options.replacement), (Policy::Latest(2), Replacement::DropFirst));
        let wine = crate::data::Name::parse("model", "wine").unwrap();
        assert_eq!(options.policies, [(wine, Policy::Specific([1, 3].into()))].into());
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let refused = from_file("[server]\nmax_frames = 1\n", Settings::default()).unwrap_err();

        assert!(refused.contains("max_frames") && refused.contains("modelwire.toml"), "{refused}");
    }

    #[test]
    fn a_model_has_settings_of_its_own_in_the_file() {
        let settings = from_file("[models.churn]\ncache_bytes = 65536\n[models.fraud]\n", Settings::default()).unwrap();

        let caches: Vec<(String, usize)> =
            model_settings::caches(&settings.models).map(|(name, bytes)| (name.to_string(), bytes)).collect();

        assert_eq!(caches, [("churn".to_owned(), 65536)]);
        for (text, named) in [("[models.churn]\ncache = 1\n", "cache"), ("[models.\"-\"]\n", "\"-\"")] {
            let refused = from_file(text, Settings::default()).and_then(|settings| settings.check()).unwrap_err();
            assert!(refused.contains(named), "{refused}");
        }
        let tiny = from_file("[models.churn]\ncache_bytes = 1\n", Settings::default()).unwrap().check().unwrap_err();
        assert!(tiny.contains("models.churn.cache_bytes is 1"), "{tiny}");
    }

    #[test]
    fn all_faults_come_in_one_report() {
        let settings =
            from_file("[server]\nmax_frame_bytes = 1\n[training]\nthreads = 0\n", Settings::default()).unwrap();

        let report = settings.check().unwrap_err();

        assert!(report.contains("server.max_frame_bytes is 1") && report.contains("training.threads is 0"), "{report}");
    }
}
