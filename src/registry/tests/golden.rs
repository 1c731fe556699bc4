//! Versions answer their stored rows as they did, or are not served.

use super::*;
use crate::registry::golden::{record, replay};
use ndarray::Array2;

fn rows() -> Array2<f64> {
    array![[0.0], [1.0], [2.0]]
}

#[test]
fn what_is_recorded_is_answered_again() {
    let model = pipeline(3);

    let bytes = record(&model, &rows()).unwrap();

    assert_eq!(bytes.len(), 8 + 12 + 8 * 3 * 2);
    replay(&model, &bytes).unwrap();
}

#[test]
fn rounding_is_no_other_model_and_a_thousandth_is() {
    let model = pipeline(3);
    let stored = record(&model, &rows()).unwrap();
    let last_times = |factor: f64| {
        let (rest, last) = stored.split_last_chunk::<8>().unwrap();
        [rest, &(f64::from_le_bytes(*last) * factor).to_le_bytes()].concat()
    };

    replay(&model, &last_times(1.0 + 1e-12)).unwrap();
    let refused = replay(&model, &last_times(1.001)).unwrap_err();

    assert!(refused.to_string().contains("answers row 2 with"), "{refused}");
}

#[test]
fn rows_of_another_width_and_any_cut_are_refused() {
    let model = pipeline(3);
    let bytes = record(&model, &rows()).unwrap();
    let wider = [&bytes[..12], &2u32.to_le_bytes(), &0u32.to_le_bytes(), &bytes[20..]].concat();

    assert!(replay(&model, &wider).unwrap_err().to_string().contains("2 features"));
    for length in 0..bytes.len() {
        assert!(replay(&model, &bytes[..length]).is_err(), "{length} bytes were taken");
    }
}

#[test]
fn counts_that_the_bytes_do_not_hold_are_refused_before_anything_is_allocated() {
    let bytes = [b"MODELGLD".as_slice(), &[0xff; 12], &[0; 64]].concat();

    assert!(replay(&pipeline(3), &bytes).is_err());
}

#[test]
fn a_model_that_answers_no_rows_has_the_result_that_it_had() {
    let labelled = |x: Vec<f64>| {
        let parameters = BTreeMap::from([("min_samples".to_owned(), crate::model::Value::Integer(2))]);
        let step = StepSpec { algorithm: "dbscan".into(), parameters, columns: None };
        let spec = Spec { steps: vec![step], ..Spec::default() };
        let table = Table::new(vec![Column::float("x", x)]).unwrap();
        fit(&spec, &table, &|_: &str, _| Ok(())).unwrap().pipeline
    };
    let (own, other) = (labelled(vec![0.0, 0.1, 5.0]), labelled(vec![0.0, 5.0, 5.1]));

    let bytes = record(&own, &rows()).unwrap();

    replay(&own, &bytes).unwrap();
    assert!(replay(&other, &bytes).unwrap_err().to_string().contains("another training result"));
    assert!(replay(&own, &record(&pipeline(3), &rows()).unwrap()).is_err());
    assert!(replay(&pipeline(3), &bytes).is_err());
}

#[tokio::test]
async fn a_version_that_answers_otherwise_than_it_did_is_damaged_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    publish(&registry, "wine").await;
    drop(registry);
    let version = folder.path().join("models/wine/1");
    let other = crate::registry::golden::record(&pipeline(9), &rows()).unwrap();
    let path = version.join("manifest.json");
    let mut manifest: Manifest = crate::storage::unseal("", &std::fs::read(&path).unwrap()).unwrap();
    manifest.files[1] = crate::storage::StoredFile::of("golden.bin", &other);
    std::fs::write(&path, crate::storage::seal(&manifest).unwrap()).unwrap();
    std::fs::write(version.join("golden.bin"), other).unwrap();

    let registry = open(folder.path()).await;

    let status = &registry.statuses()[0];
    assert_eq!(status.state, LoadState::Damaged);
    assert!(
        status.reason.as_ref().unwrap().contains("golden.bin is damaged: the model answers row 1 with"),
        "{status:?}"
    );
}

#[tokio::test]
async fn a_version_of_a_build_that_stored_no_rows_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    registry.publish(Publication { golden_rows: Array2::zeros((0, 1)), ..publication("wine", 1, 1) }).await.unwrap();
    drop(registry);
    assert!(!folder.path().join("models/wine/1/golden.bin").exists());

    let registry = open(folder.path()).await;

    assert_eq!(version_of(&registry, "wine").unwrap(), 1);
}
