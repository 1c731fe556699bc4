//! What a call is told beside what was learned.

use super::*;

#[tokio::test]
async fn a_repeated_key_with_other_rows_is_refused_with_both_and_learns_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let learners = open(folder.path()).await;
    let keyed = |batch: Batch| Batch { idempotency_key: Some("k".into()), ..batch };
    learners.partial_fit(keyed(first())).await.unwrap();
    let fewer = Batch { table: rows(1).slice(0, 7), ..next(2) };

    let refused = learners.partial_fit(keyed(fewer)).await.unwrap_err();

    assert_eq!(refused.code(), Code::InvalidArgument);
    let said = refused.to_string();
    assert!(
        said.contains("that of batch 1") && said.contains("20 rows") && said.contains("the rows of this call (7)"),
        "{said}"
    );
    assert_eq!(learners.get(&name()).unwrap().batches, 1);
}

#[tokio::test]
async fn a_caller_who_is_late_hears_what_was_learned_while_its_version_is_published() {
    let folder = tempfile::tempdir().unwrap();
    let learners = open(folder.path()).await;

    let late = learners.partial_fit_by(published(first()), Some(std::time::Instant::now())).await.unwrap();

    assert_eq!((late.batch, late.version), (1, None));
    assert!(late.notes[0].contains("version 1 is being published"), "{:?}", late.notes);
    learners.partial_fit(next(2)).await.unwrap();
    let recent = learners.get(&name()).unwrap().recent;
    assert_eq!((recent[0].version, recent[0].notes.len()), (Some(1), 0));
}

#[tokio::test]
async fn a_version_for_which_there_is_no_room_is_said_in_the_answer_and_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let options = registry::Options { max_model_bytes: 1024, ..registry::Options::default() };
    let learners = open_in(folder.path(), Limits::default(), options).await;

    let learned = learners.partial_fit(published(first())).await.unwrap();

    assert_eq!(learned.version, Some(1));
    let note = &learned.notes[0];
    assert!(note.contains("alias stable stays") && note.contains("registry.max_model_bytes"), "{note}");
    assert_eq!(learners.get(&name()).unwrap().recent, [learned]);
    let beside = Batch { move_stable: Some(false), ..published(next(2)) };
    let notes = learners.partial_fit(beside).await.unwrap().notes;
    assert!(notes[0].contains("version 2 is published and not served"), "{notes:?}");
}

#[tokio::test]
async fn columns_that_nothing_is_made_of_are_named_unless_the_call_says_which_it_means() {
    let folder = tempfile::tempdir().unwrap();
    let learners = open(folder.path()).await;
    teach(&learners, 1..=1).await;
    let wide = || {
        let more = ["z", "w"].map(|name| Column::float(name, vec![0.0; 20]));
        Table::new(rows(2).columns().iter().cloned().chain(more).collect()).unwrap()
    };

    let named = learners.partial_fit(Batch::new(name(), wide())).await.unwrap().notes;
    let meant = Batch { features: Some(vec!["x0".into(), "x1".into()]), ..Batch::new(name(), wide()) };

    assert_eq!(named, ["columns that are no features of the learner were passed over: z, w"]);
    assert!(learners.partial_fit(meant).await.unwrap().notes.is_empty());
}
