//! What holds for any sequence of changes: the registry is a plain map of them, also after a restart.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Change {
    Publish,
    SetAlias { alias: &'static str, version: Option<u64>, expected: Option<u64> },
    Load { version: u64 },
    Unload { version: u64 },
    Delete { version: u64 },
    Reopen,
}

fn change() -> impl Strategy<Value = Change> {
    let alias = prop_oneof![Just("stable"), Just("canary")];
    let version = prop_oneof![4 => (1..5u64).prop_map(Some), 1 => Just(None)];
    let expected = prop_oneof![2 => Just(None), 1 => (0..4u64).prop_map(Some)];
    prop_oneof![
        3 => Just(Change::Publish),
        4 => (alias, version, expected)
            .prop_map(|(alias, version, expected)| Change::SetAlias { alias, version, expected }),
        2 => (1..5u64).prop_map(|version| Change::Load { version }),
        3 => (1..5u64).prop_map(|version| Change::Unload { version }),
        2 => (1..5u64).prop_map(|version| Change::Delete { version }),
        1 => Just(Change::Reopen),
    ]
}

/// One model, as plainly as possible.
#[derive(Default)]
struct Plain {
    published: u64,
    versions: Vec<u64>,
    unloaded: BTreeSet<u64>,
    /// Name -> (version, generation).
    aliases: BTreeMap<&'static str, (Option<u64>, u64)>,
}

impl Plain {
    fn publish(&mut self) {
        self.published += 1;
        self.versions.push(self.published);
        if self.aliases.get("stable").is_none_or(|(version, _)| version.is_none()) {
            self.assign("stable", Some(self.published));
        }
    }

    fn assign(&mut self, alias: &'static str, version: Option<u64>) {
        let (is, generation) = self.aliases.entry(alias).or_default();
        *is = version;
        *generation += u64::from(version.is_some());
    }

    fn set_alias(&mut self, alias: &'static str, version: Option<u64>, expected: Option<u64>) -> bool {
        let is =
            self.aliases.get(alias).filter(|(version, _)| version.is_some()).map_or(0, |(_, generation)| *generation);
        let known = version.is_none_or(|version| self.versions.contains(&version) && !self.unloaded.contains(&version));
        let removes_stable = alias == "stable" && version.is_none();
        let allowed = !self.versions.is_empty() && known && !removes_stable && expected.is_none_or(|it| it == is);
        if allowed {
            self.assign(alias, version);
        }
        allowed
    }

    fn load(&mut self, version: u64) -> bool {
        self.unloaded.remove(&version);
        self.versions.contains(&version)
    }

    fn unload(&mut self, version: u64) -> bool {
        let named = self.aliases.values().any(|alias| alias.0 == Some(version));
        let allowed = self.versions.contains(&version) && !named;
        allowed.then(|| self.unloaded.insert(version));
        allowed
    }

    fn delete(&mut self, version: u64) -> bool {
        let is_last = self.versions == [version];
        let named = self.aliases.iter().any(|(alias, it)| it.0 == Some(version) && !(is_last && *alias == "stable"));
        let allowed = self.versions.contains(&version) && !named;
        if allowed {
            self.versions.retain(|it| *it != version);
        }
        if allowed && is_last {
            self.assign("stable", None);
        }
        allowed
    }

    fn summary(&self) -> Vec<ModelSummary> {
        let alias = |(alias, (version, generation)): (&&str, &(Option<u64>, u64))| {
            Some(Alias { name: name(alias), version: (*version)?, generation: *generation })
        };
        let aliases = self.aliases.iter().filter_map(alias).collect();
        let state = |version| if self.unloaded.contains(version) { LoadState::Unloaded } else { LoadState::Loaded };
        let states = self.versions.iter().map(state).collect();
        let model = ModelSummary { name: name("wine"), versions: self.versions.clone(), states, aliases };
        if self.versions.is_empty() { vec![] } else { vec![model] }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_changes_do_what_they_do_to_a_plain_map_and_reopening_finds_the_same(
        changes in proptest::collection::vec(change(), 0..16),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (mut registry, mut plain) = (open(folder.path()).await, Plain::default());
            for change in changes {
                match change {
                    Change::Publish => {
                        plain.publish();
                        assert_eq!(publish(&registry, "wine").await, plain.published);
                    }
                    Change::SetAlias { alias, version, expected } => {
                        let set = registry.set_alias(&name("wine"), &name(alias), version, expected).await;
                        assert_eq!(set.is_ok(), plain.set_alias(alias, version, expected), "{set:?}");
                    }
                    Change::Load { version } => {
                        let loaded = registry.load_model(&name("wine"), version, None).await;
                        assert_eq!(loaded.is_ok(), plain.load(version), "{loaded:?}");
                    }
                    Change::Unload { version } => {
                        let unloaded = registry.unload_model(&name("wine"), version).await;
                        assert_eq!(unloaded.is_ok(), plain.unload(version), "{unloaded:?}");
                    }
                    Change::Delete { version } => {
                        let deleted = registry.delete_version(&name("wine"), version).await;
                        assert_eq!(deleted.is_ok(), plain.delete(version), "{deleted:?}");
                    }
                    Change::Reopen => {
                        drop(registry);
                        registry = open(folder.path()).await;
                    }
                }
                assert_eq!(registry.list(None, 10, |_| true).unwrap().entries, plain.summary());
            }
        });
    }
}
