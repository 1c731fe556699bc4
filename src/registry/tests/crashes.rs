//! Publications and deletions that die at any step.

use super::*;
use crate::failpoint::testing::{die_at, folder};

#[tokio::test]
#[ignore = "dies; run by the tests below"]
async fn publishes_one_version() {
    let Some(folder) = folder() else { return };
    publish(&open(&folder).await, "wine").await;
}

#[tokio::test]
#[ignore = "dies; run by the tests below"]
async fn deletes_the_first_version() {
    let Some(folder) = folder() else { return };
    open(&folder).await.delete_version(&name("wine"), 1).await.unwrap();
}

#[tokio::test]
async fn a_publication_that_dies_at_any_step_leaves_a_whole_version_or_none_and_can_be_repeated() {
    for step in PUBLICATION_STEPS {
        let folder = tempfile::tempdir().unwrap();
        die_at(step, "registry::tests::crashes::publishes_one_version", folder.path());

        let registry = open(folder.path()).await;
        let found = version_of(&registry, "wine");
        let committed = !["publish:reserved", "publish:model", "publish:golden"].contains(&step);
        assert_eq!(found.ok(), committed.then_some(1), "{step}");

        registry.publish(publication("wine", 1, 1)).await.unwrap();
        assert_eq!(version_of(&registry, "wine").unwrap(), 1, "{step}");
        assert_eq!(registry.reserve_version(&name("wine")).await.unwrap(), 2, "{step}");
    }
}

#[tokio::test]
async fn a_deletion_that_dies_at_any_step_leaves_nothing_and_the_model_can_come_back() {
    for step in DELETION_STEPS {
        let folder = tempfile::tempdir().unwrap();
        publish(&open(folder.path()).await, "wine").await;
        die_at(step, "registry::tests::crashes::deletes_the_first_version", folder.path());

        let registry = open(folder.path()).await;
        assert!(registry.statuses().is_empty(), "{step}");

        assert_eq!(publish(&registry, "wine").await, 2, "{step}");
        assert_eq!(version_of(&registry, "wine").unwrap(), 2, "{step}");
        assert_eq!(registry.resolve(&reference("wine")).unwrap().generation, Some(2), "{step}");
    }
}

#[tokio::test]
#[ignore = "dies; run by the tests below"]
async fn loads_the_second_version() {
    let Some(folder) = folder() else { return };
    open(&folder).await.load_model(&name("wine"), 2, None).await.unwrap();
}

#[tokio::test]
#[ignore = "dies; run by the tests below"]
async fn unloads_the_second_version() {
    let Some(folder) = folder() else { return };
    open(&folder).await.unload_model(&name("wine"), 2).await.unwrap();
}

#[tokio::test]
async fn a_load_or_unload_that_dies_at_any_step_was_done_or_not_and_can_be_repeated() {
    let loads =
        LOADING_STEPS.map(|step| (step, "loads_the_second_version", step == "load:kept" || step == "load:shown"));
    let unloads = UNLOADING_STEPS.map(|step| (step, "unloads_the_second_version", false));
    for (step, test, is_loaded) in loads.into_iter().chain(unloads) {
        let folder = tempfile::tempdir().unwrap();
        let registry = open(folder.path()).await;
        publish(&registry, "wine").await;
        publish(&registry, "wine").await;
        if step.starts_with("load:") {
            registry.unload_model(&name("wine"), 2).await.unwrap();
        }
        drop(registry);
        die_at(step, &format!("registry::tests::crashes::{test}"), folder.path());

        let registry = open(folder.path()).await;
        assert_eq!(version_of(&registry, "wine@2").is_ok(), is_loaded, "{step}");
        assert_eq!(version_of(&registry, "wine").unwrap(), 1, "{step}");

        registry.load_model(&name("wine"), 2, None).await.unwrap();
        assert_eq!(version_of(&registry, "wine@2").unwrap(), 2, "{step}");
    }
}
