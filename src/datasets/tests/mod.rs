#[cfg(feature = "failpoints")]
mod crashes;
mod laws;

use super::*;
use crate::coordination::Write;
use crate::data::{Column, Values};
use crate::error::Code;
use std::path::Path;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

async fn open_at(folder: &Path, limits: Limits, now_ms: i64) -> Datasets {
    let storage = Arc::new(Storage::open(folder).unwrap());
    let coordination = Arc::new(Coordination::open(&folder.join("state.redb")).unwrap());
    Datasets::open(storage, coordination, limits, now_ms).await.unwrap()
}

async fn open(folder: &Path) -> Datasets {
    open_at(folder, Limits::default(), 0).await
}

fn name(text: &str) -> Name {
    Name::parse("data set", text).unwrap()
}

fn reference(text: &str) -> Reference {
    Reference::parse("data set", text).unwrap()
}

fn code_of<T: std::fmt::Debug>(result: Result<T>) -> Code {
    result.unwrap_err().code()
}

/// Rows `from .. to` of one column.
fn rows(from: i64, to: i64) -> Table {
    Table::new(vec![Column::integer("x", (from..to).collect())]).unwrap()
}

async fn store(datasets: &Datasets, text: &str, pieces: &[Table]) -> Dataset {
    let upload = datasets.create(&name(text), None, 0).await.unwrap();
    let mut offset = 0;
    for piece in pieces {
        offset = datasets.append(&upload, offset, piece.clone(), 0).await.unwrap();
    }
    datasets.commit(&upload, Some(offset), 5).await.unwrap()
}

#[test]
fn a_table_without_rows_survives_a_file() {
    assert_eq!(decode(encode(&rows(0, 0)).unwrap()).unwrap(), rows(0, 0));
}

#[test]
fn the_hash_of_rows_is_the_documented_one() {
    // Written down byte by byte with Python's hashlib and struct, from the description at the head of `canonical`.
    let values = Values::Integer(vec![Some(1), None].into());
    let table = Table::new(vec![Column { name: "x".into(), values }]).unwrap();

    assert_eq!(rows_sha256(&table), "8c786d03e00d37fd8df0ba64dde6b4981214acf8a55e1655a8fc8319523b9ade");
}

#[test]
fn the_hash_tells_neighbours_apart() {
    let of = |columns| rows_sha256(&Table::new(columns).unwrap());
    let hashes = [
        of(vec![Column::text("x", &["ab", "c"])]),
        of(vec![Column::text("x", &["a", "bc"])]),
        of(vec![Column::text("y", &["a", "bc"])]),
        of(vec![Column::integer("x", vec![0, 1])]),
        of(vec![Column::boolean("x", vec![false, true])]),
        of(vec![Column::float("x", vec![0.0, 1.0])]),
        of(vec![Column::float("x", vec![-0.0, 1.0])]),
        of(vec![Column::float("x", vec![0.0, 1.0]), Column::float("y", vec![0.0, 1.0])]),
    ];

    assert_eq!(std::collections::BTreeSet::from(hashes).len(), 8);
}

#[tokio::test]
async fn appending_the_same_again_changes_nothing_and_another_offset_is_told_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    let datasets = open(folder.path()).await;
    let upload = datasets.create(&name("wine"), None, 0).await.unwrap();
    assert_eq!(datasets.append(&upload, 0, rows(0, 3), 0).await.unwrap(), 3);
    assert_eq!(datasets.append(&upload, 3, rows(3, 5), 0).await.unwrap(), 5);

    assert_eq!(datasets.append(&upload, 0, rows(0, 3), 0).await.unwrap(), 5);
    assert_eq!(datasets.append(&upload, 3, rows(3, 5), 0).await.unwrap(), 5);
    for (offset, piece) in [(0, rows(1, 4)), (0, rows(0, 2)), (4, rows(4, 5)), (9, rows(0, 0))] {
        let refused = datasets.append(&upload, offset, piece, 0).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!(refused.to_string().contains("the next offset is 5"), "{refused}");
    }

    let dataset = datasets.commit(&upload, Some(5), 0).await.unwrap();
    assert_eq!(dataset.sha256, rows_sha256(&rows(0, 5)));
}

#[tokio::test]
async fn of_two_pieces_at_one_offset_at_once_one_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let datasets = open(folder.path()).await;
    let upload = datasets.create(&name("wine"), None, 0).await.unwrap();

    let (a, b) = tokio::join!(datasets.append(&upload, 0, rows(0, 3), 0), datasets.append(&upload, 0, rows(5, 7), 0));

    assert_eq!([a.is_ok(), b.is_ok()].iter().filter(|taken| **taken).count(), 1);
    assert_eq!(code_of(a.and(b)), Code::FailedPrecondition);
}

#[tokio::test]
async fn the_first_piece_fixes_the_columns() {
    let folder = tempfile::tempdir().unwrap();
    let datasets = open(folder.path()).await;
    let upload = datasets.create(&name("wine"), None, 0).await.unwrap();
    let floats = Table::new(vec![Column::float("x", vec![0.5])]).unwrap();
    datasets.append(&upload, 0, floats, 0).await.unwrap();

    let widened = datasets.append(&upload, 1, rows(7, 8), 0).await.unwrap();
    let again = datasets.append(&upload, 1, rows(7, 8), 0).await.unwrap();
    let text = Table::new(vec![Column::text("x", &["a"])]).unwrap();
    let refused = datasets.append(&upload, 2, text, 0).await.unwrap_err();

    assert_eq!((widened, again), (2, 2));
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.to_string().contains("\"x\""));
    datasets.commit(&upload, None, 0).await.unwrap();
    let (_, table) = datasets.read(&reference("wine")).await.unwrap();
    assert_eq!(table, Table::new(vec![Column::float("x", vec![0.5, 7.0])]).unwrap());
}

#[tokio::test]
async fn committing_again_answers_the_same_version_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let datasets = open(folder.path()).await;
    let upload = datasets.create(&name("wine"), None, 0).await.unwrap();
    assert_eq!(code_of(datasets.commit(&upload, None, 0).await), Code::FailedPrecondition);
    datasets.append(&upload, 0, rows(0, 3), 0).await.unwrap();
    assert_eq!(code_of(datasets.commit(&upload, Some(2), 0).await), Code::FailedPrecondition);

    let first = datasets.commit(&upload, Some(3), 7).await.unwrap();
    assert_eq!(datasets.commit(&upload, Some(3), 8).await.unwrap(), first);
    assert_eq!(code_of(datasets.append(&upload, 3, rows(3, 4), 0).await), Code::FailedPrecondition);
    drop(datasets);

    let datasets = open(folder.path()).await;
    assert_eq!(datasets.commit(&upload, None, 9).await.unwrap(), first);
    assert_eq!((first.version, first.n_rows, first.created_ms), (1, 3, 7));
    assert!(!folder.path().join("uploads").join(&upload).exists());
}

#[tokio::test]
async fn a_restart_finds_versions_and_open_uploads() {
    let folder = tempfile::tempdir().unwrap();
    let datasets = open(folder.path()).await;
    store(&datasets, "wine", &[rows(0, 3)]).await;
    store(&datasets, "wine", &[rows(0, 4)]).await;
    let upload = datasets.create(&name("wine"), None, 0).await.unwrap();
    datasets.append(&upload, 0, rows(0, 5), 0).await.unwrap();
    let (listed, described) =
        (datasets.list(None, 10, |_| true).unwrap(), datasets.describe(&reference("wine")).unwrap());
    drop(datasets);

    let datasets = open(folder.path()).await;

    assert_eq!(datasets.list(None, 10, |_| true).unwrap(), listed);
    assert_eq!(datasets.describe(&reference("wine@latest")).unwrap(), described);
    assert_eq!(datasets.read(&reference("wine@1")).await.unwrap().1, rows(0, 3));
    assert_eq!(code_of(datasets.describe(&reference("wine@canary"))), Code::NotFound);
    datasets.append(&upload, 5, rows(5, 6), 0).await.unwrap();
    assert_eq!(datasets.commit(&upload, Some(6), 0).await.unwrap().version, 3);
}

#[tokio::test]
async fn a_deleted_version_is_gone_and_its_number_is_not_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let datasets = open(folder.path()).await;
    store(&datasets, "wine", &[rows(0, 3)]).await;
    store(&datasets, "wine", &[rows(0, 4)]).await;

    datasets.delete(&name("wine"), Some(2)).await.unwrap();
    assert_eq!(datasets.describe(&reference("wine")).unwrap().0.version, 1);
    assert_eq!(code_of(datasets.delete(&name("wine"), Some(2)).await), Code::NotFound);
    datasets.delete(&name("wine"), None).await.unwrap();

    assert_eq!(code_of(datasets.read(&reference("wine")).await), Code::NotFound);
    assert_eq!(code_of(datasets.delete(&name("wine"), None).await), Code::NotFound);
    assert_eq!(store(&datasets, "wine", &[rows(0, 3)]).await.version, 3);
}

#[tokio::test]
async fn a_repeated_key_answers_the_first_upload() {
    let folder = tempfile::tempdir().unwrap();
    let datasets = open(folder.path()).await;

    let first = datasets.create(&name("wine"), Some("k"), 0).await.unwrap();

    assert_eq!(datasets.create(&name("wine"), Some("k"), 1).await.unwrap(), first);
    assert_ne!(datasets.create(&name("wine"), Some("l"), 1).await.unwrap(), first);
    assert_ne!(datasets.create(&name("wine"), None, 1).await.unwrap(), first);
    assert_eq!(code_of(datasets.create(&name("beer"), Some("k"), 1).await), Code::InvalidArgument);
}

#[tokio::test]
async fn uploads_are_bounded_in_number_size_and_age() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { max_open_uploads: 2, max_upload_bytes: 80, max_upload_pieces: 2, ..Limits::default() };
    let datasets = open_at(folder.path(), limits, 0).await;
    let upload = datasets.create(&name("wine"), None, 0).await.unwrap();
    assert_eq!(code_of(datasets.append(&upload, 0, rows(0, 11), 0).await), Code::FailedPrecondition);
    datasets.append(&upload, 0, rows(0, 1), 0).await.unwrap();
    datasets.append(&upload, 1, rows(1, 2), 0).await.unwrap();
    assert_eq!(code_of(datasets.append(&upload, 2, rows(2, 3), 0).await), Code::FailedPrecondition);
    let other = datasets.create(&name("wine"), None, DAY_MS - 1).await.unwrap();
    datasets.append(&other, 0, rows(0, 1), DAY_MS - 1).await.unwrap();

    let refused = datasets.create(&name("wine"), None, DAY_MS - 1).await.unwrap_err();
    assert_eq!(refused.code(), Code::Overloaded);
    assert!(refused.hint().unwrap().contains("datasets.max_open_uploads"));

    datasets.create(&name("wine"), None, DAY_MS).await.unwrap();
    assert_eq!(code_of(datasets.append(&upload, 2, rows(2, 3), DAY_MS).await), Code::NotFound);
    assert!(!folder.path().join("uploads").join(&upload).exists());
}

#[tokio::test]
async fn uploads_that_never_got_rows_lock_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let datasets = open_at(folder.path(), Limits { max_open_uploads: 11, ..Limits::default() }, 0).await;
    let at_work = datasets.create(&name("wine"), None, 0).await.unwrap();
    datasets.append(&at_work, 0, rows(0, 3), 0).await.unwrap();
    let mut abandoned = Vec::new();
    for _ in 0..10 {
        abandoned.push(datasets.create(&name("wine"), None, 0).await.unwrap());
    }

    let created = datasets.create(&name("wine"), None, 0).await.unwrap();

    assert_eq!(code_of(datasets.append(&abandoned[0], 0, rows(0, 1), 0).await), Code::NotFound);
    for upload in abandoned[1..].iter().chain([&created]) {
        datasets.append(upload, 0, rows(0, 1), 0).await.unwrap();
    }
    assert_eq!(code_of(datasets.create(&name("wine"), None, 0).await), Code::Overloaded);
    assert_eq!(datasets.commit(&at_work, Some(3), 0).await.unwrap().n_rows, 3);
    datasets.create(&name("wine"), None, 0).await.unwrap();
}

#[tokio::test]
async fn an_upload_is_good_for_a_day_after_its_last_rows() {
    let folder = tempfile::tempdir().unwrap();
    let datasets = open(folder.path()).await;
    let upload = datasets.create(&name("wine"), None, 0).await.unwrap();
    datasets.append(&upload, 0, rows(0, 3), DAY_MS - 1).await.unwrap();
    drop(datasets);

    let datasets = open_at(folder.path(), Limits::default(), 2 * DAY_MS - 2).await;
    assert_eq!(datasets.append(&upload, 0, rows(0, 3), 2 * DAY_MS - 2).await.unwrap(), 3);
    drop(datasets);

    let datasets = open_at(folder.path(), Limits::default(), 2 * DAY_MS - 1).await;
    assert_eq!(code_of(datasets.append(&upload, 3, rows(3, 4), 2 * DAY_MS - 1).await), Code::NotFound);
}

#[tokio::test]
async fn an_upload_id_that_is_none_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let datasets = open(folder.path()).await;

    for id in ["", "u9", "../u1", "u1/x", &"u".repeat(1000)] {
        assert_eq!(code_of(datasets.append(id, 0, rows(0, 1), 0).await), Code::NotFound, "{id:?}");
        assert_eq!(code_of(datasets.commit(id, None, 0).await), Code::NotFound, "{id:?}");
    }
}

#[tokio::test]
async fn rows_that_belong_to_no_upload_are_removed_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let datasets = open(folder.path()).await;
    let upload = datasets.create(&name("wine"), None, 0).await.unwrap();
    datasets.append(&upload, 0, rows(0, 3), 0).await.unwrap();
    let gone = Write::delete(uploads::key(&upload));
    datasets.shared.coordination.transact(vec![], vec![gone]).await.unwrap();
    drop(datasets);
    std::fs::write(folder.path().join("uploads/notes.txt"), "not ours").unwrap();

    let datasets = open(folder.path()).await;

    assert!(!folder.path().join("uploads").join(&upload).exists());
    assert!(datasets.shared.coordination.range("pieces/").await.unwrap().is_empty());
    assert!(folder.path().join("uploads/notes.txt").exists());
}

#[tokio::test]
async fn a_damaged_version_is_not_served_and_does_not_hide_behind_an_older_one() {
    let folder = tempfile::tempdir().unwrap();
    let datasets = open(folder.path()).await;
    store(&datasets, "wine", &[rows(0, 3)]).await;
    store(&datasets, "wine", &[rows(0, 4)]).await;
    store(&datasets, "beer", &[rows(0, 4)]).await;
    drop(datasets);
    std::fs::write(folder.path().join("datasets/wine/2/manifest.json"), "{}").unwrap();
    let part = folder.path().join("datasets/beer/1/part-1.parquet");
    let mut bytes = std::fs::read(&part).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&part, bytes).unwrap();

    let datasets = open(folder.path()).await;

    assert_eq!(code_of(datasets.describe(&reference("wine"))), Code::Unavailable);
    assert_eq!(datasets.describe(&reference("wine@1")).unwrap().0.n_rows, 3);
    assert!(matches!(datasets.read(&reference("beer")).await, Err(Error::Damaged { .. })));
    datasets.delete(&name("wine"), Some(2)).await.unwrap();
    assert_eq!(datasets.describe(&reference("wine")).unwrap().0.version, 1);
}

#[tokio::test]
async fn a_page_has_all_versions_of_its_names() {
    let folder = tempfile::tempdir().unwrap();
    let datasets = open(folder.path()).await;
    for text in ["wine", "beer", "wine"] {
        store(&datasets, text, &[rows(0, 3)]).await;
    }

    let first = datasets.list(None, 1, |_| true).unwrap();
    let second = datasets.list(first.next.as_deref(), 1, |_| true).unwrap();

    let names =
        |page: &Page<Dataset>| page.entries.iter().map(|it| (it.name.to_string(), it.version)).collect::<Vec<_>>();
    assert_eq!(names(&first), [("beer".to_owned(), 1)]);
    assert_eq!(names(&second), [("wine".to_owned(), 1), ("wine".to_owned(), 2)]);
    assert_eq!(second.next, None);
}

#[tokio::test]
async fn rows_beyond_one_part_go_into_the_next_and_come_back_as_one_table() {
    let folder = tempfile::tempdir().unwrap();
    let datasets = open(folder.path()).await;
    let row = |letter: &str| Table::new(vec![Column::text("x", &[letter.repeat(12 << 20)])]).unwrap();
    let pieces = ["a", "b", "c"].map(row);

    let dataset = store(&datasets, "long", &pieces).await;

    let part = |number| folder.path().join(format!("datasets/long/1/part-{number}.parquet")).exists();
    assert_eq!([part(1), part(2), part(3)], [true, true, false]);
    let (_, table) = datasets.read(&reference("long")).await.unwrap();
    assert_eq!((table.n_rows(), rows_sha256(&table)), (3, dataset.sha256));
}

#[tokio::test]
async fn a_version_that_is_deleted_while_it_is_read_is_not_called_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let datasets = open(folder.path()).await;
    store(&datasets, "wine", &[rows(0, 3)]).await;

    let (reference, name) = (reference("wine"), name("wine"));
    let (read, deleted) = tokio::join!(datasets.read(&reference), datasets.delete(&name, None));

    deleted.unwrap();
    assert!(matches!(read, Ok(_) | Err(Error::DatasetNotFound { .. })), "{read:?}");
}
