use super::*;
use crate::error::Code;

fn storage() -> (tempfile::TempDir, Storage) {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(folder.path().join("data")).unwrap();
    (folder, storage)
}

#[tokio::test]
async fn what_was_created_is_read_back_listed_and_deleted() {
    let (_folder, storage) = storage();
    storage.create("a/2/x.bin", Bytes::from_static(b"two")).await.unwrap();
    storage.create("a/1/x.bin", Bytes::from_static(b"one!")).await.unwrap();

    assert_eq!(storage.read("a/2/x.bin").await.unwrap(), "two");
    assert_eq!(storage.list("a").await.unwrap(), [("a/1/x.bin".into(), 4), ("a/2/x.bin".into(), 3)]);
    storage.delete("a/1/x.bin").await.unwrap();
    storage.delete_folder("a/2").await.unwrap();

    assert!(storage.list("a").await.unwrap().is_empty());
    assert!(!storage.exists("a/1/x.bin").await.unwrap());
}

#[tokio::test]
async fn a_file_is_never_overwritten_but_may_be_created_again() {
    let (_folder, storage) = storage();
    storage.create("x", Bytes::from_static(b"one")).await.unwrap();

    storage.create("x", Bytes::from_static(b"one")).await.unwrap();
    let refused = storage.create("x", Bytes::from_static(b"two")).await.unwrap_err();

    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(storage.read("x").await.unwrap(), "one");
}

#[tokio::test]
async fn a_path_cannot_leave_the_data_folder() {
    let (folder, storage) = storage();
    std::fs::write(folder.path().join("secret"), "s").unwrap();

    assert!(storage.delete_folder("").await.is_err());
    for path in ["../secret", "a/../../secret", "a//b"] {
        assert!(storage.read(path).await.is_err(), "{path:?} was read");
        assert!(storage.create(path, Bytes::new()).await.is_err(), "{path:?} was written");
        assert!(storage.delete_folder(path).await.is_err(), "{path:?} was deleted");
    }
}

#[tokio::test]
async fn half_written_files_are_not_listed_and_go_with_their_folder() {
    let (_folder, storage) = storage();
    storage.create("a/x", Bytes::from_static(b"one")).await.unwrap();
    std::fs::write(storage.folder().join("a/y#1"), "hal").unwrap();

    assert_eq!(storage.list("a").await.unwrap().len(), 1);
    storage.delete_folder("a").await.unwrap();

    assert!(!storage.folder().join("a").exists());
}

#[test]
fn a_data_folder_that_cannot_be_one_is_refused_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();

    let refused = Storage::open(&file).unwrap_err().to_string();

    assert!(refused.contains(&format!("opening the data folder {file:?}")), "{refused}");
}

#[test]
fn a_seal_breaks_with_every_bit_and_every_cut() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Content {
        name: String,
        number: f64,
    }
    let content = Content { name: "sha256".into(), number: 1e-7 };
    let sealed = seal(&content).unwrap();
    assert_eq!(unseal::<Content>("x", &sealed).unwrap(), content);

    for bit in 0..sealed.len() * 8 {
        let mut flipped = sealed.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(unseal::<Content>("x", &flipped).is_err(), "bit {bit} does not count");
    }
    for length in 0..sealed.len() {
        assert!(unseal::<Content>("x", &sealed[..length]).is_err(), "{length} bytes are enough");
    }
}
