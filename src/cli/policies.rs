//! Policies of certain models, as a setting writes them: `wine=latest:1;beer=aliased`.

use crate::data::Name;
use crate::registry::Policy;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::str::FromStr;

/// What is loaded of certain models.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct ByModel(pub(super) BTreeMap<Name, Policy>);

impl FromStr for ByModel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut policies = BTreeMap::new();
        for entry in text.split(';').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (name, policy) =
                entry.split_once('=').ok_or_else(|| format!("{entry:?} is not of the form MODEL=POLICY"))?;
            let name = Name::parse("model", name.trim()).map_err(|error| error.to_string())?;
            if policies.insert(name, policy.trim().parse()?).is_some() {
                return Err(format!("the model of {entry:?} is there twice"));
            }
        }
        Ok(Self(policies))
    }
}

impl TryFrom<String> for ByModel {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_model_has_its_policy_and_only_one() {
        let name = |text: &str| Name::parse("model", text).unwrap();

        let ByModel(policies) = "wine=latest:1; beer=aliased".parse().unwrap();

        assert_eq!(policies, [(name("wine"), Policy::Latest(1)), (name("beer"), Policy::Aliased)].into());
        for text in ["wine", "wine=", "wine=most", "7=all", "wine=all;wine=aliased"] {
            assert!(text.parse::<ByModel>().is_err(), "{text}");
        }
    }
}
