//! Appends and commits that die at any step.

use super::*;
use crate::failpoint::testing::{die_at, folder};

#[tokio::test]
#[ignore = "dies; run by the tests below"]
async fn appends_more_rows() {
    let Some(folder) = folder() else { return };
    open(&folder).await.append("u1", 3, rows(3, 6), 0).await.unwrap();
}

#[tokio::test]
#[ignore = "dies; run by the tests below"]
async fn commits_the_upload() {
    let Some(folder) = folder() else { return };
    open(&folder).await.commit("u1", Some(3), 7).await.unwrap();
}

async fn upload_three_rows(folder: &Path) {
    let datasets = open(folder).await;
    let upload = datasets.create(&name("wine"), None, 0).await.unwrap();
    datasets.append(&upload, 0, rows(0, 3), 0).await.unwrap();
    assert_eq!(upload, "u1");
}

#[tokio::test]
async fn a_commit_that_dies_at_any_step_leaves_a_whole_version_or_none_and_can_be_repeated() {
    for step in COMMIT_STEPS {
        let folder = tempfile::tempdir().unwrap();
        upload_three_rows(folder.path()).await;
        die_at(step, "datasets::tests::crashes::commits_the_upload", folder.path());

        let datasets = open(folder.path()).await;
        let found = datasets.list(None, 10, |_| true).unwrap().entries;
        let committed = !["commit:reserved", "commit:part"].contains(&step);
        assert_eq!(found.len(), usize::from(committed), "{step}");

        let again = datasets.commit("u1", Some(3), 9).await.unwrap();
        assert_eq!((again.version, again.created_ms), (1, 7), "{step}");
        assert_eq!(datasets.list(None, 10, |_| true).unwrap().entries, [again], "{step}");
        assert_eq!(datasets.read(&reference("wine")).await.unwrap().1, rows(0, 3), "{step}");
        assert!(!folder.path().join("uploads/u1").exists(), "{step}");
    }
}

#[tokio::test]
async fn a_piece_that_was_cut_off_does_not_stand_in_the_way_of_another() {
    let folder = tempfile::tempdir().unwrap();
    upload_three_rows(folder.path()).await;
    die_at("append:piece", "datasets::tests::crashes::appends_more_rows", folder.path());

    let datasets = open(folder.path()).await;
    datasets.append("u1", 3, rows(3, 5), 0).await.unwrap();

    let dataset = datasets.commit("u1", Some(5), 0).await.unwrap();
    assert_eq!(dataset.sha256, rows_sha256(&rows(0, 5)));
}
