//! A connection over a socket that keeps each write apart.

use super::stream::Stream;
use super::*;
use crate::access::Access;
use crate::batching::{self, Batcher};
use crate::cache::Caches;
use crate::coordination::Coordination;
use crate::datasets::{self, Datasets};
use crate::pool::Pool;
use crate::registry::{self, Registry};
use crate::service::Parts;
use crate::storage::Storage;
use crate::telemetry::PoolMetrics;
use crate::training::{self, Jobs, Learners, learners};
use crate::wire;
use bytes::BytesMut;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use tokio::io::AsyncWriteExt;

async fn shared(folder: &Path) -> Shared {
    let telemetry = Arc::<Telemetry>::default();
    let storage = Arc::new(Storage::open(folder).unwrap());
    let coordination = Arc::new(Coordination::open(&folder.join("state.redb")).unwrap());
    let (options, limits) = (registry::Options::default(), datasets::Limits::default());
    let parts = (Arc::clone(&storage), Arc::clone(&coordination), Arc::clone(&telemetry));
    let registry =
        Registry::open(registry::Parts { storage: parts.0, coordination: parts.1, options, telemetry: parts.2 })
            .await
            .unwrap();
    let datasets = Datasets::open(Arc::clone(&storage), Arc::clone(&coordination), limits, 0).await.unwrap();
    let learners = Learners::open(learners::Parts {
        storage: Arc::clone(&storage),
        coordination: Arc::clone(&coordination),
        registry: registry.clone(),
        limits: learners::Limits::default(),
    });
    let limits = training::Limits::default();
    let (registry_of_jobs, datasets_of_jobs) = (registry.clone(), datasets.clone());
    let parts =
        training::Parts { storage, coordination, registry: registry_of_jobs, datasets: datasets_of_jobs, limits };
    let pool = |name| Pool::start(name, 1, 1, PoolMetrics::default()).unwrap();
    let service = Service::new(Parts {
        access: Arc::new(Access::open()),
        registry,
        datasets,
        jobs: Jobs::open(parts).await.unwrap(),
        learners: learners.await.unwrap(),
        batcher: Batcher::new(Arc::new(pool("compute")), batching::Options::default(), telemetry.engine.clone()),
        caches: Caches::default(),
        explaining: pool("explain"),
        wire_limits: wire::Limits::default(),
        memory: Memory::new(1 << 20),
        batching_limits: batching::Limits::default(),
        max_calls_in_flight: 32,
        max_calls: 1000,
        max_deadline: Duration::from_secs(60),
        telemetry,
    });
    let memory = service.memory().clone();
    let (service, options) = (Arc::new(service), Options::default());
    Shared { service, options, memory, spares: Arc::new(Spares::new(0)), lateness: Arc::default(), tls: None }
}

/// An `echo` of nothing, in strict binary, framed.
fn echo(id: u8) -> Vec<u8> {
    let message = [&[0x80, 1, 0, 1, 0, 0, 0, 4][..], b"echo", &[0, 0, 0, id], &[12, 0, 1, 0, 0]].concat();
    [&[0, 0, 0, message.len() as u8][..], &message].concat()
}

/// The ids of framed replies.
fn ids(mut replies: &[u8]) -> Vec<u8> {
    let mut ids = vec![];
    while let Some((length, rest)) = replies.split_first_chunk() {
        let (reply, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        assert_eq!(reply[..12], *b"\x80\x01\0\x02\0\0\0\x04echo", "a reply to echo");
        ids.push(reply[15]);
        replies = rest;
    }
    ids
}

#[tokio::test]
async fn a_burst_of_calls_is_answered_by_one_write() {
    const CALLS: u8 = 10;
    let folder = tempfile::tempdir().unwrap();
    let shared = shared(folder.path()).await;
    let (own, callers) = UnixDatagram::pair().unwrap(); // What is written at once is read at once, and nothing else with it.
    [&own, &callers].into_iter().for_each(|socket| socket.set_nonblocking(true).unwrap());
    let own = tokio::net::UnixStream::from_std(UnixStream::from(OwnedFd::from(own))).unwrap();
    let callers = tokio::net::UnixDatagram::from_std(callers).unwrap();
    callers.send(&(0..CALLS).flat_map(echo).collect::<Vec<_>>()).await.unwrap();

    let (_phase, phases) = watch::channel(Phase::Serving);
    let mut peer = Peer::new("unix", None);
    let input = Input::new(Stream::Unix(own), BytesMut::new(), shared.memory.account(), &shared);
    let mut written = vec![0; 2 * burst::BURST_BYTES];
    let count = tokio::select! {
        _ = connection::serve(input, &mut peer, &shared, phases) => panic!("it has ended"),
        count = callers.recv(&mut written) => count.unwrap(),
    };

    assert_eq!(ids(&written[..count]), (0..CALLS).collect::<Vec<_>>());
}

/// An `echo` of this many bytes in strict binary.
fn echo_of(bytes: u32) -> Vec<u8> {
    let head = [&[0x80, 1, 0, 1, 0, 0, 0, 4][..], b"echo", &[0, 0, 0, 1], &[12, 0, 1, 11, 0, 1], &bytes.to_be_bytes()];
    [head.concat(), vec![7; bytes as usize], vec![0, 0]].concat()
}

/// How large the buffer of a connection is when the first so many bytes of a message are there.
async fn capacity(shared: &Shared, come: &[u8]) -> usize {
    let (own, mut caller) = tokio::net::UnixStream::pair().unwrap();
    let memory = Memory::new(1 << 30);
    let mut input = Input::new(Stream::Unix(own), BytesMut::new(), memory.account(), shared);
    caller.write_all(come).await.unwrap();
    drop(caller);
    let mut capacity = 0;
    while input.state == input::State::Open {
        capacity = input.capacity();
        assert!(matches!(input.cut(), wire::Cut::More { .. }), "it is not whole");
        input.progress().await.unwrap();
    }
    assert_eq!(input.state, input::State::Ended, "it was refused");
    capacity
}

#[tokio::test]
async fn a_message_that_does_not_say_how_long_it_is_takes_no_room_for_the_longest_that_there_may_be() {
    const COME: usize = 100_000;
    let folder = tempfile::tempdir().unwrap();
    let shared = shared(folder.path()).await;
    let message = echo_of(4_000_000);
    let framed = [&(message.len() as u32).to_be_bytes()[..], &message].concat();

    let (unframed, framed) = (capacity(&shared, &message[..COME]).await, capacity(&shared, &framed[..COME]).await);

    assert!(unframed <= 16 * COME, "{unframed} bytes for {COME}");
    assert!((4_000_000..5_000_000).contains(&framed), "{framed} bytes are told and there");
}
