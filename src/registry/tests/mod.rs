#[cfg(feature = "failpoints")]
mod crashes;
mod damage;
mod golden;
mod laws;
mod loading;

use super::*;
use crate::data::{Column, Selector, Table};
use crate::error::{Code, Error};
use crate::model::{Pipeline, Spec, StepSpec, fit};
use crate::telemetry::Telemetry;
use ndarray::array;
use std::path::Path;

/// A fitted pipeline; another number gives other bytes.
fn pipeline(number: u32) -> Pipeline {
    let table = Table::new(vec![
        Column::float("x", vec![0.0, 1.0, 2.0]),
        Column::float("y", vec![0.0, f64::from(number), 2.0 * f64::from(number)]),
    ]);
    let step = StepSpec { algorithm: "linear_regression".into(), parameters: BTreeMap::new(), columns: None };
    let spec = Spec { steps: vec![step], target: Some("y".into()), ..Spec::default() };
    fit(&spec, &table.unwrap(), &|_: &str, _| Ok(())).unwrap().pipeline
}

async fn open(folder: &Path) -> Registry {
    open_with(folder, Options::default()).await
}

async fn open_with(folder: &Path, options: Options) -> Registry {
    let storage = Arc::new(Storage::open(folder).unwrap());
    let coordination = Arc::new(Coordination::open(&folder.join("state.redb")).unwrap());
    Registry::open(Parts { storage, coordination, options, telemetry: Arc::default() }).await.unwrap()
}

fn name(text: &str) -> Name {
    Name::parse("model", text).unwrap()
}

fn reference(text: &str) -> Reference {
    Reference::parse("model", text).unwrap()
}

fn publication(model: &str, version: u64, number: u32) -> Publication {
    Publication {
        name: name(model),
        version,
        pipeline: pipeline(number),
        metrics: [("r2".to_owned(), 0.1), ("undefined".to_owned(), f64::NAN)].into(),
        n_samples: 178,
        seed: 7,
        job_id: "j1".into(),
        dataset: Some("wine@2".into()),
        data_sha256: "00".into(),
        golden_rows: array![[0.0], [1.0], [2.0]],
        created_ms: 1_000,
    }
}

async fn publish(registry: &Registry, model: &str) -> u64 {
    let version = registry.reserve_version(&name(model)).await.unwrap();
    registry.publish(publication(model, version, version as u32)).await.unwrap();
    version
}

fn version_of(registry: &Registry, text: &str) -> Result<u64> {
    registry.resolve(&reference(text)).map(|resolved| resolved.model.version)
}

fn code_of<T: std::fmt::Debug>(result: Result<T>) -> Code {
    result.unwrap_err().code()
}

#[tokio::test]
async fn the_first_version_is_stable_and_later_ones_are_only_latest() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;

    publish(&registry, "wine").await;
    publish(&registry, "wine").await;

    assert_eq!(version_of(&registry, "wine").unwrap(), 1);
    assert_eq!(version_of(&registry, "wine@stable").unwrap(), 1);
    assert_eq!(version_of(&registry, "wine@latest").unwrap(), 2);
    assert_eq!(version_of(&registry, "wine@2").unwrap(), 2);
    assert_eq!(registry.resolve(&reference("wine")).unwrap().generation, Some(1));
    assert_eq!(registry.resolve(&reference("wine@1")).unwrap().generation, None);
    for missing in ["beer", "wine@3", "wine@canary"] {
        assert_eq!(code_of(version_of(&registry, missing)), Code::NotFound, "{missing}");
    }
}

#[tokio::test]
async fn a_restart_finds_versions_aliases_and_the_counter() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    for _ in 0..3 {
        publish(&registry, "wine").await;
    }
    registry.set_alias(&name("wine"), &name("canary"), Some(2), Some(0)).await.unwrap();
    registry.delete_version(&name("wine"), 3).await.unwrap();
    let before = (registry.list(None, 10, |_| true).unwrap(), registry.describe(&reference("wine@2")).unwrap());
    drop(registry);

    let registry = open(folder.path()).await;

    let after = registry.describe(&reference("wine@2")).unwrap();
    assert_eq!(registry.list(None, 10, |_| true).unwrap(), before.0);
    assert_eq!((after.manifest, after.aliases), (before.1.manifest, vec![name("canary")]));
    assert_eq!(registry.reserve_version(&name("wine")).await.unwrap(), 4);
}

#[tokio::test]
async fn metrics_that_are_not_finite_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;

    let manifest = registry.publish(publication("wine", 1, 1)).await.unwrap();

    assert_eq!(manifest.metrics, [("r2".to_owned(), 0.1)].into());
}

#[tokio::test]
async fn publishing_again_changes_nothing_and_other_content_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let first = registry.publish(publication("wine", 1, 1)).await.unwrap();

    let again = registry.publish(Publication { created_ms: 2_000, ..publication("wine", 1, 1) }).await.unwrap();
    let other = registry.publish(publication("wine", 1, 2)).await;

    assert_eq!(again, first);
    assert_eq!(code_of(other), Code::FailedPrecondition);
}

#[tokio::test]
async fn an_alias_is_set_only_if_it_is_as_the_caller_has_seen_it() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    publish(&registry, "wine").await;
    publish(&registry, "wine").await;
    let set = |version, expected| {
        let registry = registry.clone();
        async move { registry.set_alias(&name("wine"), &name("canary"), version, expected).await }
    };

    let first = set(Some(1), Some(0)).await.unwrap().unwrap();
    assert_eq!((first.version, first.generation), (1, 1));
    assert_eq!(code_of(set(Some(2), Some(0)).await), Code::FailedPrecondition);
    assert_eq!(set(Some(2), Some(1)).await.unwrap().unwrap().generation, 2);
    assert_eq!(set(Some(1), None).await.unwrap().unwrap().generation, 3);
    assert_eq!(registry.resolve(&reference("wine@canary")).unwrap().generation, Some(3));
}

#[tokio::test]
async fn the_generation_of_a_removed_alias_never_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    publish(&registry, "wine").await;
    let set = |version, expected| {
        let registry = registry.clone();
        async move { registry.set_alias(&name("wine"), &name("canary"), version, expected).await }
    };

    set(Some(1), None).await.unwrap();
    assert_eq!(set(None, Some(1)).await.unwrap(), None);
    assert_eq!(code_of(version_of(&registry, "wine@canary")), Code::NotFound);
    assert_eq!(code_of(set(Some(1), Some(1)).await), Code::FailedPrecondition);

    assert_eq!(set(Some(1), Some(0)).await.unwrap().unwrap().generation, 2);
}

#[tokio::test]
async fn stable_stays_latest_is_reserved_and_versions_have_to_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    publish(&registry, "wine").await;
    let set = |model, alias, version| {
        let registry = registry.clone();
        async move { registry.set_alias(&name(model), &name(alias), version, None).await }
    };

    assert_eq!(code_of(set("wine", "stable", None).await), Code::FailedPrecondition);
    assert_eq!(code_of(set("wine", "latest", Some(1)).await), Code::InvalidArgument);
    assert_eq!(code_of(set("wine", "canary", Some(2)).await), Code::NotFound);
    assert_eq!(code_of(set("beer", "canary", None).await), Code::NotFound);
}

#[tokio::test]
async fn a_model_has_a_bounded_number_of_aliases() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    publish(&registry, "wine").await;
    for index in 1..256 {
        registry.set_alias(&name("wine"), &name(&format!("a{index}")), Some(1), None).await.unwrap();
    }

    let refused = registry.set_alias(&name("wine"), &name("b"), Some(1), None).await;

    assert_eq!(code_of(refused), Code::FailedPrecondition);
    registry.set_alias(&name("wine"), &name("a7"), Some(1), None).await.unwrap();
}

#[tokio::test]
async fn a_version_that_an_alias_names_is_not_deleted_but_the_last_one_is_with_stable() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    publish(&registry, "wine").await;
    publish(&registry, "wine").await;
    let delete = |version| {
        let registry = registry.clone();
        async move { registry.delete_version(&name("wine"), version).await }
    };

    assert_eq!(code_of(delete(1).await), Code::FailedPrecondition);
    delete(2).await.unwrap();
    assert_eq!(code_of(delete(2).await), Code::NotFound);
    delete(1).await.unwrap();

    assert!(registry.list(None, 10, |_| true).unwrap().entries.is_empty());
    assert_eq!(code_of(version_of(&registry, "wine")), Code::NotFound);
    assert!(!folder.path().join("models/wine/1").exists());
}

#[tokio::test]
async fn a_model_that_comes_back_goes_on_counting_versions_and_generations() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    publish(&registry, "wine").await;
    registry.delete_version(&name("wine"), 1).await.unwrap();
    drop(registry);

    let registry = open(folder.path()).await;
    let version = publish(&registry, "wine").await;

    assert_eq!(version, 2);
    assert_eq!(registry.resolve(&reference("wine")).unwrap().generation, Some(2));
}

#[tokio::test]
async fn a_first_version_that_a_crash_left_without_a_name_becomes_stable() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    publish(&registry, "wine").await;
    publish(&registry, "wine").await;
    drop(registry);
    std::fs::remove_file(folder.path().join("state.redb")).unwrap();

    let registry = open(folder.path()).await;

    assert_eq!(version_of(&registry, "wine").unwrap(), 1);
    assert_eq!(registry.reserve_version(&name("wine")).await.unwrap(), 3, "the files say which numbers are taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_at_once_lose_no_update() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    publish(&registry, "wine").await;

    let changes = (0..24).map(|index| {
        let registry = registry.clone();
        tokio::spawn(async move {
            match index % 3 {
                0 => drop(publish(&registry, "wine").await),
                1 => {
                    let alias = name(&format!("a{index}"));
                    registry.set_alias(&name("wine"), &alias, Some(1), Some(0)).await.unwrap();
                }
                _ => {
                    let version = publish(&registry, "wine").await;
                    registry.delete_version(&name("wine"), version).await.unwrap();
                }
            }
        })
    });
    futures_util::future::try_join_all(changes).await.unwrap();

    let shown = registry.list(None, 10, |_| true).unwrap();
    assert_eq!((shown.entries[0].versions.len(), shown.entries[0].aliases.len()), (9, 9));
    drop(registry);
    assert_eq!(open(folder.path()).await.list(None, 10, |_| true).unwrap(), shown);
}

#[tokio::test]
async fn a_caller_who_goes_away_leaves_no_half_change_behind() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    publish(&registry, "wine").await;

    let wine = name("wine");
    let canary = name("canary");
    let abandoned = registry.set_alias(&wine, &canary, Some(1), None);
    tokio::select! { biased; () = async { tokio::task::yield_now().await } => {}, _ = abandoned => {} }
    // Changes come one after another, so that this one shows whether the first was carried through or never begun.
    registry.set_alias(&wine, &name("other"), Some(1), None).await.unwrap();

    let stored = aliases::stored(&registry.shared.coordination, &wine).await.unwrap();
    assert_eq!(stored.contains_key(&canary), version_of(&registry, "wine@canary").is_ok());
}

#[test]
fn an_error_names_what_was_asked_for() {
    let snapshot = Snapshot::default();
    let missing = snapshot.resolve(&Reference { name: name("wine"), selector: Selector::Version(3) });

    assert!(matches!(missing, Err(Error::ModelNotFound { reference }) if reference == "wine@3"));
}
