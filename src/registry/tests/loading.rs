//! Versions come and go in memory, by request, by policy and by room.

use super::*;
use crate::registry::LoadState::{Damaged, Loaded, Unloaded};
use std::time::Duration;

async fn with_versions(folder: &Path, count: usize) -> Registry {
    let registry = open(folder).await;
    for _ in 0..count {
        publish(&registry, "wine").await;
    }
    registry
}

async fn load(registry: &Registry, version: u64) -> Result<u64> {
    registry.load_model(&name("wine"), version, None).await
}

async fn unload(registry: &Registry, version: u64) -> Result<()> {
    registry.unload_model(&name("wine"), version).await
}

fn states(registry: &Registry) -> Vec<LoadState> {
    registry.statuses().into_iter().map(|status| status.state).collect()
}

fn model_bytes(registry: &Registry) -> u64 {
    registry.shared.snapshot.load().version(&name("wine"), 1).unwrap().manifest().unwrap().model_bytes()
}

/// Room for so many versions of `wine`.
fn room_for(registry: &Registry, count: u64) -> Options {
    Options { max_model_bytes: model_bytes(registry).next_multiple_of(1024) * count, ..Options::default() }
}

/// Waits until everything that is on its way out has been freed.
async fn freed(registry: &Registry) {
    while !registry.shared.retiring.lock().unwrap().is_empty() {
        registry.shared.discard(());
        tokio::time::sleep(Duration::from_millis(1)).await;
        while registry.shared.retiring.lock().unwrap().try_join_next().is_some() {}
    }
}

#[tokio::test]
async fn an_unloaded_version_is_refused_with_words_listed_and_served_again_once_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let registry = with_versions(folder.path(), 2).await;

    unload(&registry, 2).await.unwrap();
    unload(&registry, 2).await.unwrap();
    let refused = registry.resolve(&reference("wine@2")).unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.to_string().contains("load it first"), "{refused}");
    assert_eq!(version_of(&registry, "wine@latest").unwrap(), 1);
    assert_eq!(registry.list(None, 10, |_| true).unwrap().entries[0].states, [Loaded, Unloaded]);
    assert_eq!(registry.describe(&reference("wine@2")).unwrap().state, Unloaded);

    assert_eq!(load(&registry, 2).await.unwrap(), model_bytes(&registry));
    load(&registry, 2).await.unwrap();
    assert_eq!(version_of(&registry, "wine@2").unwrap(), 2);
    assert_eq!(code_of(load(&registry, 3).await), Code::NotFound);
    assert_eq!(code_of(unload(&registry, 3).await), Code::NotFound);
}

#[tokio::test]
async fn what_users_want_loaded_survives_a_restart_whatever_the_policy_says() {
    let folder = tempfile::tempdir().unwrap();
    let registry = with_versions(folder.path(), 4).await;
    unload(&registry, 2).await.unwrap();
    load(&registry, 3).await.unwrap();
    drop(registry);

    let registry = open_with(folder.path(), Options { policy: Policy::Aliased, ..Options::default() }).await;

    assert_eq!(states(&registry), [Loaded, Unloaded, Loaded, Unloaded]);
    assert!(registry.statuses().iter().all(|status| status.reason.is_none()));
}

#[tokio::test]
async fn an_alias_keeps_its_version_loaded_and_is_not_set_to_one_that_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let registry = with_versions(folder.path(), 2).await;
    unload(&registry, 2).await.unwrap();

    let refused = registry.set_alias(&name("wine"), &name("canary"), Some(2), None).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.to_string().contains("is not loaded"), "{refused}");
    assert_eq!(code_of(unload(&registry, 1).await), Code::FailedPrecondition);
    drop(registry);

    let registry = open(folder.path()).await;
    assert_eq!(states(&registry), [Loaded, Unloaded]);
    load(&registry, 2).await.unwrap();
    registry.set_alias(&name("wine"), &name("stable"), Some(2), None).await.unwrap();
    unload(&registry, 1).await.unwrap();
    assert_eq!(version_of(&registry, "wine").unwrap(), 2);
}

#[tokio::test]
async fn the_latest_versions_replace_older_ones_but_those_that_are_named_or_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let policies = [(name("wine"), Policy::Latest(1))].into();
    let registry = open_with(folder.path(), Options { policies, ..Options::default() }).await;
    for _ in 0..3 {
        publish(&registry, "wine").await;
        publish(&registry, "beer").await;
    }
    assert_eq!(states(&registry), [Loaded, Loaded, Loaded, Loaded, Unloaded, Loaded]);

    load(&registry, 2).await.unwrap();
    publish(&registry, "wine").await;
    assert_eq!(states(&registry)[3..], [Loaded, Loaded, Unloaded, Loaded]);

    registry.set_alias(&name("wine"), &name("stable"), Some(4), None).await.unwrap();
    assert_eq!(states(&registry)[3..], [Unloaded, Loaded, Unloaded, Loaded]);
}

#[tokio::test]
async fn a_version_beyond_the_room_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let registry = with_versions(folder.path(), 2).await;
    unload(&registry, 2).await.unwrap();
    let options = room_for(&registry, 1);
    drop(registry);
    // Who reads it finds it damaged.
    std::fs::write(folder.path().join("models/wine/2/model.bin"), "x").unwrap();

    let registry = open_with(folder.path(), options).await;
    let refused = load(&registry, 2).await.unwrap_err();

    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.to_string().contains("registry.max_model_bytes"), "{refused}");
    assert_eq!(states(&registry), [Loaded, Unloaded]);
}

#[tokio::test]
async fn what_does_not_fit_at_a_start_is_listed_with_the_reason_and_aliases_come_first() {
    let folder = tempfile::tempdir().unwrap();
    let registry = with_versions(folder.path(), 3).await;
    let options = room_for(&registry, 2);
    drop(registry);

    let registry = open_with(folder.path(), options).await;

    assert_eq!(states(&registry), [Loaded, Unloaded, Loaded]);
    assert!(registry.statuses()[1].reason.as_ref().unwrap().contains("no room"));
    assert_eq!(version_of(&registry, "wine").unwrap(), 1);
}

#[tokio::test]
async fn to_drop_first_unloads_as_many_unnamed_versions_as_it_takes_and_none_in_vain() {
    let folder = tempfile::tempdir().unwrap();
    let registry = with_versions(folder.path(), 4).await;
    unload(&registry, 4).await.unwrap();
    let options = room_for(&registry, 3);
    drop(registry);
    let registry = open_with(folder.path(), options).await;
    assert_eq!(states(&registry), [Loaded, Loaded, Loaded, Unloaded]);

    assert_eq!(code_of(load(&registry, 4).await), Code::FailedPrecondition);
    registry.load_model(&name("wine"), 4, Some(Replacement::DropFirst)).await.unwrap();

    assert_eq!(states(&registry), [Loaded, Unloaded, Loaded, Loaded]);
    registry.set_alias(&name("wine"), &name("b"), Some(3), None).await.unwrap();
    registry.set_alias(&name("wine"), &name("c"), Some(4), None).await.unwrap();
    let refused = registry.load_model(&name("wine"), 2, Some(Replacement::DropFirst)).await;
    assert_eq!(code_of(refused), Code::FailedPrecondition);
    assert_eq!(states(&registry), [Loaded, Unloaded, Loaded, Loaded]);
}

#[tokio::test]
async fn a_published_version_for_which_there_is_no_room_is_kept_and_nobody_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let registry = with_versions(folder.path(), 1).await;
    let options = room_for(&registry, 1);
    drop(registry);
    let registry = open_with(folder.path(), options.clone()).await;

    publish(&registry, "wine").await;

    assert_eq!(states(&registry), [Loaded, Unloaded]);
    assert_eq!(registry.statuses()[1].reason, None);
    publish(&registry, "beer").await;
    drop(registry);
    let registry = open_with(folder.path(), options).await;
    assert_eq!(states(&registry).len(), 3);
    assert!(registry.statuses().iter().all(|it| it.version == 1 || it.reason.is_none()));
    assert_eq!(registry.statuses().iter().filter(|it| it.reason.is_some()).count(), 1, "an alias names it");
}

#[tokio::test]
async fn a_version_that_is_in_use_is_freed_when_the_last_call_has_left_it_and_then_there_is_room_again() {
    let folder = tempfile::tempdir().unwrap();
    let registry = with_versions(folder.path(), 2).await;
    let options = room_for(&registry, 2);
    drop(registry);
    let registry = open_with(folder.path(), options).await;
    let used = registry.resolve(&reference("wine@2")).unwrap().model;
    let weak = Arc::downgrade(&used);

    unload(&registry, 2).await.unwrap();
    let loading = tokio::spawn({
        let registry = registry.clone();
        async move { load(&registry, 2).await }
    });
    while states(&registry) != [Loaded, LoadState::Loading] {
        tokio::task::yield_now().await;
    }
    let answer = used.pipeline.predict(array![[1.0]].view());
    assert_eq!(answer.n_rows(), 1);
    assert_eq!(code_of(version_of(&registry, "wine@2")), Code::Unavailable);
    drop(used);

    loading.await.unwrap().unwrap();
    freed(&registry).await;
    assert_eq!(weak.strong_count(), 0);
    assert_eq!(version_of(&registry, "wine@2").unwrap(), 2);
}

#[tokio::test]
async fn a_damaged_version_names_its_reason_and_is_served_once_it_is_whole_again() {
    let folder = tempfile::tempdir().unwrap();
    let registry = with_versions(folder.path(), 2).await;
    unload(&registry, 2).await.unwrap();
    let file = folder.path().join("models/wine/2/model.bin");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[1..]).unwrap();

    let refused = load(&registry, 2).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.to_string().contains("model.bin is damaged"), "{refused}");
    assert_eq!(states(&registry), [Loaded, Damaged]);

    unload(&registry, 2).await.unwrap();
    assert_eq!(states(&registry), [Loaded, Unloaded]);
    std::fs::write(&file, whole).unwrap();
    load(&registry, 2).await.unwrap();
    assert_eq!(states(&registry), [Loaded, Loaded]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loads_unloads_and_deletions_at_once_leave_what_came_last_and_a_restart_finds_it() {
    let folder = tempfile::tempdir().unwrap();
    let registry = with_versions(folder.path(), 4).await;

    let changes = (0..32u64).map(|index| {
        let registry = registry.clone();
        tokio::spawn(async move {
            let version = 2 + index % 2;
            match index % 4 {
                0 | 1 => drop(load(&registry, version).await.unwrap()),
                _ => unload(&registry, version).await.unwrap(),
            }
        })
    });
    let changes: Vec<_> = changes.collect();
    registry.delete_version(&name("wine"), 4).await.unwrap();
    futures_util::future::try_join_all(changes).await.unwrap();

    let shown = states(&registry);
    freed(&registry).await;
    drop(registry);
    assert_eq!(states(&open(folder.path()).await), shown);
}

/// A registry with two versions of `wine`, and what it tells.
async fn told(folder: &Path) -> (Registry, Arc<Telemetry>) {
    let storage = Arc::new(Storage::open(folder).unwrap());
    let coordination = Arc::new(Coordination::open(&folder.join("state.redb")).unwrap());
    let telemetry = Arc::new(Telemetry::default());
    let parts = Parts { storage, coordination, options: Options::default(), telemetry: Arc::clone(&telemetry) };
    let registry = Registry::open(parts).await.unwrap();
    for _ in 0..2 {
        publish(&registry, "wine").await;
    }
    (registry, telemetry)
}

/// What the metrics say that a version of `wine` takes.
fn told_bytes(telemetry: &Telemetry, version: u64) -> Option<i64> {
    let start = format!("modelwire_model_bytes{{model=\"wine\",version=\"{version}\"}} ");
    telemetry.text().lines().find_map(|line| line.strip_prefix(&start)?.parse().ok())
}

#[tokio::test]
async fn what_a_version_takes_is_told_and_nothing_once_it_is_freed() {
    let folder = tempfile::tempdir().unwrap();
    let (registry, telemetry) = told(folder.path()).await;
    let bytes = Some(model_bytes(&registry) as i64);
    assert_eq!([1, 2].map(|version| told_bytes(&telemetry, version)), [bytes, bytes]);

    unload(&registry, 2).await.unwrap();
    freed(&registry).await;
    assert_eq!([1, 2].map(|version| told_bytes(&telemetry, version)), [bytes, Some(0)]);

    load(&registry, 2).await.unwrap();
    registry.delete_version(&name("wine"), 2).await.unwrap();
    freed(&registry).await;
    assert_eq!([1, 2].map(|version| told_bytes(&telemetry, version)), [bytes, None]);
}

#[tokio::test]
async fn nothing_is_told_of_a_deleted_version_that_had_left_before() {
    let folder = tempfile::tempdir().unwrap();
    let (registry, telemetry) = told(folder.path()).await;
    unload(&registry, 2).await.unwrap();
    freed(&registry).await;

    registry.delete_version(&name("wine"), 2).await.unwrap();

    assert_eq!(told_bytes(&telemetry, 2), None);
}

#[tokio::test]
async fn a_deleted_version_is_told_of_until_the_last_call_has_left_it() {
    let folder = tempfile::tempdir().unwrap();
    let (registry, telemetry) = told(folder.path()).await;
    let bytes = Some(model_bytes(&registry) as i64);
    let used = registry.resolve(&reference("wine@2")).unwrap().model;
    unload(&registry, 2).await.unwrap();

    registry.delete_version(&name("wine"), 2).await.unwrap();

    assert_eq!(told_bytes(&telemetry, 2), bytes);
    drop(used);
    freed(&registry).await;
    assert_eq!(told_bytes(&telemetry, 2), None);
}

#[tokio::test]
async fn what_a_version_takes_that_is_deleted_while_it_is_there_twice_never_falls_below_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (registry, telemetry) = told(folder.path()).await;
    let bytes = model_bytes(&registry) as i64;
    let used = registry.resolve(&reference("wine@2")).unwrap().model;
    unload(&registry, 2).await.unwrap();
    load(&registry, 2).await.unwrap();
    let again = Arc::downgrade(&registry.resolve(&reference("wine@2")).unwrap().model);
    assert_eq!(told_bytes(&telemetry, 2), Some(2 * bytes));

    registry.delete_version(&name("wine"), 2).await.unwrap();
    while again.strong_count() > 0 || told_bytes(&telemetry, 2) == Some(2 * bytes) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    assert_eq!(told_bytes(&telemetry, 2), Some(bytes));
    drop(used);
    freed(&registry).await;
    assert_eq!(told_bytes(&telemetry, 2), None);
}
