//! Files that are not what was written are never served.

use super::*;

#[tokio::test]
async fn files_without_a_manifest_are_no_version() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    publish(&registry, "wine").await;
    drop(registry);
    let version = folder.path().join("models/wine/1");
    std::fs::remove_file(version.join("manifest.json")).unwrap();
    std::fs::create_dir_all(folder.path().join("models/wine/007")).unwrap();
    std::fs::copy(version.join("model.bin"), folder.path().join("models/wine/007/manifest.json")).unwrap();

    let registry = open(folder.path()).await;

    assert!(registry.statuses().is_empty());
    assert!(version.join("model.bin").exists(), "what nobody asked to delete is left alone");
}

#[tokio::test]
async fn a_damaged_version_is_listed_with_its_reason_and_others_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    publish(&registry, "wine").await;
    publish(&registry, "wine").await;
    publish(&registry, "beer").await;
    drop(registry);
    std::fs::write(folder.path().join("models/wine/2/model.bin"), "x").unwrap();

    let registry = open(folder.path()).await;

    let statuses = registry.statuses();
    let reasons: Vec<_> = statuses.iter().map(|it| (it.name.as_str(), it.version, it.is_ready())).collect();
    assert_eq!(reasons, [("beer", 1, true), ("wine", 1, true), ("wine", 2, false)]);
    assert!(statuses[2].reason.as_ref().unwrap().contains("models/wine/2/model.bin is damaged"));
    assert_eq!(version_of(&registry, "wine@latest").unwrap(), 1);
    assert_eq!(code_of(version_of(&registry, "wine@2")), Code::Unavailable);
    let alias = registry.set_alias(&name("wine"), &name("canary"), Some(2), None).await;
    assert_eq!(code_of(alias), Code::FailedPrecondition);
    registry.delete_version(&name("wine"), 2).await.unwrap();
}

#[tokio::test]
async fn a_version_in_the_folder_of_another_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    publish(&registry, "wine").await;
    drop(registry);
    std::fs::rename(folder.path().join("models/wine/1"), folder.path().join("models/wine/2")).unwrap();

    let registry = open(folder.path()).await;

    assert!(!registry.statuses()[0].is_ready());
}

#[tokio::test]
async fn no_cut_and_no_flipped_bit_of_a_version_is_ever_served() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    publish(&registry, "wine").await;
    for file in ["model.bin", "golden.bin", "manifest.json"] {
        let path = folder.path().join("models/wine/1").join(file);
        let whole = std::fs::read(&path).unwrap();
        let cuts = (0..whole.len()).map(|length| whole[..length].to_vec());
        let flips = (0..whole.len()).map(|at| {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            flipped
        });
        for damaged in cuts.chain(flips) {
            std::fs::write(&path, &damaged).unwrap();
            let found = registry.shared.recover().await.unwrap();
            assert!(!found.statuses()[0].is_ready(), "{file} with {} bytes was served", damaged.len());
        }
        std::fs::write(&path, &whole).unwrap();
    }
    assert!(registry.shared.recover().await.unwrap().statuses()[0].is_ready());
}
