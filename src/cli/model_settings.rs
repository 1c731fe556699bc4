//! Settings of one model: the sections `[models.NAME]` of the settings file. They have neither flags nor variables.

use super::settings::outside;
use crate::batching::ModelLimits;
use crate::data::Name;
use crate::registry::Policy;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// By name of model.
pub(super) type Models = BTreeMap<String, ModelSettings>;

/// What holds for one model instead of what `[batching]` and `[registry]` say, and whether it keeps answers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelSettings {
    /// Share of the compute threads, beside those of other models [default: 1].
    weight: Option<f64>,
    max_batch_rows: Option<usize>,
    max_delay_ms: Option<u64>,
    target_p99_ms: Option<u64>,
    /// Bytes of answers that are kept, with their rows, for who asks the same again [default: none are].
    cache_bytes: Option<usize>,
    /// Versions that are loaded, as `registry.load` says for all models.
    load: Option<Policy>,
}

impl ModelSettings {
    pub(super) fn limits(&self) -> ModelLimits {
        ModelLimits {
            weight: self.weight,
            max_batch_rows: self.max_batch_rows,
            max_delay: self.max_delay_ms.map(Duration::from_millis),
            target_p99: self.target_p99_ms.map(Duration::from_millis),
        }
    }

    fn faults(&self, name: &str) -> Vec<String> {
        let setting = |setting: &str| format!("models.{name}.{setting}");
        let faults = [
            Name::parse("model", name).err().map(|error| error.to_string()),
            outside(&setting("weight"), self.weight, (0.001, 1000.0)),
            outside(&setting("max_batch_rows"), self.max_batch_rows, (1, 1 << 30)),
            outside(&setting("max_delay_ms"), self.max_delay_ms, (0, 60_000)),
            outside(&setting("target_p99_ms"), self.target_p99_ms, (1, 60_000)),
            outside(&setting("cache_bytes"), self.cache_bytes, (4096, 1 << 40)),
        ];
        faults.into_iter().flatten().collect()
    }
}

/// What is loaded of models that say so.
pub(super) fn policies(models: &Models) -> impl Iterator<Item = (Name, Policy)> {
    models.iter().filter_map(|(name, settings)| Some((Name::parse("model", name).ok()?, settings.load.clone()?)))
}

/// The models that keep answers, and within how many bytes.
pub(super) fn caches(models: &Models) -> impl Iterator<Item = (Name, usize)> {
    models.iter().filter_map(|(name, settings)| Some((Name::parse("model", name).ok()?, settings.cache_bytes?)))
}

/// What is wrong with the settings of models, a sentence each.
pub(super) fn faults(models: &Models) -> impl Iterator<Item = String> {
    models.iter().flat_map(|(name, settings)| settings.faults(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn models(text: &str) -> Result<Models, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn a_model_has_its_own_weight_and_target() {
        let models = models("[churn]\nweight = 2.0\ntarget_p99_ms = 5\n").unwrap();

        let limits = models["churn"].limits();

        assert_eq!(faults(&models).count(), 0);
        assert_eq!((limits.weight, limits.target_p99), (Some(2.0), Some(Duration::from_millis(5))));
        assert_eq!((limits.max_batch_rows, limits.max_delay), (None, None));
    }

    #[test]
    fn what_is_loaded_of_a_model_is_a_policy_and_stands_there_once() {
        let names = |text: &str| models(text).map(|models| policies(&models).count());

        assert_eq!(names("[wine]\nload = \"latest:1\"\n[beer]\nload = \"aliased\"\n[water]\n").unwrap(), 2);
        for text in [
            "[wine]\nload = \"\"\n",
            "[wine]\nload = \"most\"\n",
            "[wine]\nload = \"all\"\n[wine]\nload = \"aliased\"\n",
        ] {
            assert!(names(text).is_err(), "{text}");
        }
        assert_eq!(faults(&models("[7]\nload = \"all\"\n").unwrap()).count(), 1);
    }

    #[test]
    fn an_unknown_key_of_a_model_is_refused_by_name() {
        let refused = models("[churn]\nwieght = 2.0\n").unwrap_err().to_string();

        assert!(refused.contains("wieght"), "{refused}");
    }

    #[test]
    fn every_fault_names_its_model_and_setting() {
        let models = models("[churn]\nweight = 0.0\nmax_batch_rows = 0\n[\"no name\"]\nweight = nan\n").unwrap();

        let faults: Vec<String> = faults(&models).collect();

        assert_eq!(faults.len(), 4, "{faults:?}");
        assert!(faults[0].contains("models.churn.weight is 0"), "{faults:?}");
        assert!(faults[1].contains("models.churn.max_batch_rows is 0"), "{faults:?}");
        assert!(faults[2].contains("\"no name\"") && faults[3].contains("weight is NaN"), "{faults:?}");
    }
}
