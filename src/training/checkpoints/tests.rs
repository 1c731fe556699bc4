use super::*;
use crate::error::Code;

fn kept(iteration: usize) -> Kept {
    Kept { iteration, state: (0..=255).cycle().skip(iteration).take(1000).collect() }
}

/// Runs what a fit does, on a thread that is none of the runtime's.
async fn on_a_thread<T: Send + 'static>(states: States, act: impl FnOnce(&States) -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(move || act(&states)).await.unwrap()
}

async fn opened(storage: &Arc<Storage>) -> States {
    States::open(storage, "jobs/j1", Some(Duration::ZERO)).await.unwrap()
}

#[tokio::test]
async fn the_last_state_of_each_fit_is_found_again_and_those_before_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Arc::new(Storage::open(folder.path()).unwrap());
    let keep = |states: &States| {
        (1..=3).for_each(|iteration| states.keep("0.k_means", kept(iteration)));
        states.keep("1.k_means", kept(9));
    };
    on_a_thread(opened(&storage).await, keep).await;

    let again = opened(&storage).await;
    let found = on_a_thread(again, |states| ["0.k_means", "1.k_means", "2.k_means"].map(|it| states.last(it).unwrap()));

    assert_eq!(found.await, [Some(kept(3)), Some(kept(9)), None]);
    let files: Vec<String> = storage.list("jobs").await.unwrap().into_iter().map(|(path, _)| path).collect();
    assert_eq!(files, ["jobs/j1/checkpoints/0.k_means/3", "jobs/j1/checkpoints/1.k_means/4"]);
}

#[tokio::test]
async fn of_two_states_that_a_crash_left_the_newer_counts_and_the_next_is_newer_still() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Arc::new(Storage::open(folder.path()).unwrap());
    for number in [9, 10] {
        let bytes = encoded(build::of_this_program().unwrap(), &kept(number)).unwrap();
        storage.create(&format!("jobs/j1/checkpoints/0.tsne/{number}"), bytes.into()).await.unwrap();
    }

    let last = |states: &States| states.last("0.tsne").unwrap();
    let found = on_a_thread(opened(&storage).await, last).await;
    on_a_thread(opened(&storage).await, |states| states.keep("0.tsne", kept(11))).await;

    assert_eq!(found, Some(kept(10)));
    assert_eq!(on_a_thread(opened(&storage).await, last).await, Some(kept(11)));
}

#[tokio::test]
async fn a_state_of_which_a_bit_is_not_as_it_was_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Arc::new(Storage::open(folder.path()).unwrap());
    on_a_thread(opened(&storage).await, |states| states.keep("0.tsne", kept(1))).await;
    let file = folder.path().join("jobs/j1/checkpoints/0.tsne/1");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[500] ^= 1;
    std::fs::write(&file, bytes).unwrap();

    let refused = on_a_thread(opened(&storage).await, |states| states.last("0.tsne").unwrap_err()).await;

    assert!(refused.to_string().contains("checkpoints/0.tsne/1 is damaged: its SHA-256"), "{refused}");
}

#[test]
fn bytes_are_read_as_they_were_written_and_no_part_of_them_is_a_state() {
    let bytes = encoded("1", &kept(40)).unwrap();

    assert_eq!(decoded("p", "1", &bytes).unwrap(), kept(40));
    assert!((0..bytes.len()).all(|end| decoded("p", "1", &bytes[..end]).is_err()));
}

#[test]
fn a_state_of_another_build_is_refused_by_its_name() {
    let refused = decoded("p", "0.1.0-b", &encoded("0.1.0-a", &kept(40)).unwrap()).unwrap_err();

    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.to_string().contains("build 0.1.0-a wrote it and this is 0.1.0-b"), "{refused}");
}

#[tokio::test]
async fn states_are_due_no_sooner_than_is_asked_for_and_never_where_none_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Arc::new(Storage::open(folder.path()).unwrap());
    let after = async |every| States::open(&storage, "jobs/j1", every).await.unwrap().is_due();

    assert!(after(Some(Duration::ZERO)).await);
    assert!(!after(Some(Duration::from_secs(3600))).await);
    assert!(!after(None).await);
}

#[tokio::test]
async fn a_state_that_is_too_large_is_not_written_down_again_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Arc::new(Storage::open(folder.path()).unwrap());
    let states = opened(&storage).await;
    assert!(states.is_due());
    let writing = Instant::now();
    while writing.elapsed() < Duration::from_millis(50) {
        std::hint::spin_loop();
    }

    states.give_up("0.random_forest_classifier");

    assert!(!states.is_due(), "it took 50 ms, and is not due again for a second");
}

#[tokio::test]
async fn where_a_state_cannot_be_kept_the_fit_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Arc::new(Storage::open(folder.path()).unwrap());
    std::fs::create_dir_all(folder.path().join("jobs/j1")).unwrap();
    std::fs::write(folder.path().join("jobs/j1/checkpoints"), "in the way").unwrap();
    let states = States::open(&storage, "jobs/j2", Some(Duration::ZERO)).await.unwrap();
    let states = States { folder: "jobs/j1/checkpoints".into(), ..states };

    let last = on_a_thread(states, |states| {
        states.keep("0.tsne", kept(1));
        states.last("0.tsne").unwrap()
    });

    assert_eq!(last.await, None);
}
