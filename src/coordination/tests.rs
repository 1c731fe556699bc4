use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// The same store in memory, written as plainly as possible.
#[derive(Default)]
struct Plain {
    revision: u64,
    entries: BTreeMap<String, Entry>,
}

impl Plain {
    fn transact(&mut self, compares: &[Compare], writes: &[Write]) -> Transaction {
        if !compares.iter().all(|compare| compare.holds(self.entries.get(compare.key()))) {
            return Transaction::Refused;
        }
        let deletes_nothing = |write: &Write| matches!(write, Write::Delete { key } if !self.entries.contains_key(key));
        if !writes.iter().all(deletes_nothing) {
            self.revision += 1;
        }
        for write in writes {
            match write {
                Write::Put { key, value } => {
                    let created = self.entries.get(key).map_or(self.revision, |entry| entry.create_revision);
                    let entry = Entry { value: value.clone(), create_revision: created, mod_revision: self.revision };
                    self.entries.insert(key.clone(), entry);
                }
                Write::Delete { key } => {
                    self.entries.remove(key);
                }
            }
        }
        Transaction::Committed(self.revision)
    }
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof!["a", "a/b", "a/c", "b"].prop_map(String::from)
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    vec(0..3u8, 0..2)
}

fn compare() -> impl Strategy<Value = Compare> {
    prop_oneof![
        (key(), 0..6u64).prop_map(|(key, revision)| Compare::ModRevision { key, revision }),
        (key(), value()).prop_map(|(key, value)| Compare::Value { key, value }),
    ]
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        (key(), value()).prop_map(|(key, value)| Write::Put { key, value }),
        key().prop_map(|key| Write::Delete { key }),
    ]
}

/// Keys of a transaction are written once each.
fn writes() -> impl Strategy<Value = Vec<Write>> {
    vec(write(), 0..4).prop_map(|writes| {
        let by_key: BTreeMap<_, _> = writes.into_iter().map(|write| (write.key().to_owned(), write)).collect();
        by_key.into_values().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_transactions_do_what_they_do_to_a_plain_map_and_reopening_finds_the_same(
        transactions in vec((vec(compare(), 0..2), writes()), 0..12),
        reopen_after in 0..12usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.redb");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (mut store, mut plain) = (Coordination::open(&path).unwrap(), Plain::default());
            for (index, (compares, writes)) in transactions.into_iter().enumerate() {
                let expected = plain.transact(&compares, &writes);
                assert_eq!(store.transact(compares, writes).await.unwrap(), expected);
                if index == reopen_after {
                    drop(store);
                    store = Coordination::open(&path).unwrap();
                }
            }
            for prefix in ["", "a", "a/", "c"] {
                let expected: Vec<_> =
                    plain.entries.clone().into_iter().filter(|(key, _)| key.starts_with(prefix)).collect();
                assert_eq!(store.range(prefix).await.unwrap(), expected);
            }
            assert_eq!(store.get("a/b").await.unwrap(), plain.entries.get("a/b").cloned());
        });
    }
}

#[tokio::test]
async fn a_key_that_is_written_twice_is_a_fault_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    let store = Coordination::open(&folder.path().join("state.redb")).unwrap();

    let refused = store.transact(vec![], vec![Write::put("a", "1"), Write::delete("a")]).await;

    assert!(refused.unwrap_err().to_string().contains("twice"));
    assert_eq!(store.get("a").await.unwrap(), None);
}

#[test]
fn a_second_modelwire_on_the_same_folder_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.redb");
    let _first = Coordination::open(&path).unwrap();

    let refused = Coordination::open(&path).unwrap_err().to_string();

    assert!(refused.contains("is in use by another modelwire"), "{refused}");
}

#[tokio::test]
async fn of_many_who_swap_the_same_value_one_wins_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = Coordination::open(&folder.path().join("state.redb")).unwrap();

    let swap = || store.transact(vec![Compare::unchanged("a", None)], vec![Write::put("a", "1")]);
    let outcomes = futures_util::future::join_all((0..8).map(|_| swap())).await;

    let committed = outcomes.into_iter().filter(|it| matches!(it, Ok(Transaction::Committed(_)))).count();
    assert_eq!(committed, 1);
}

#[tokio::test]
async fn a_counter_gives_each_number_once_also_to_many_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Coordination::open(&folder.path().join("state.redb")).unwrap();

    let mut numbers = futures_util::future::try_join_all((0..8).map(|_| store.next_number("n", 1))).await.unwrap();
    numbers.sort_unstable();

    assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
    assert_eq!(store.next_number("n", 20).await.unwrap(), 20);
    assert_eq!(store.next_number("n", 1).await.unwrap(), 21);
}
