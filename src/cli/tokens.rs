//! `modelwire tokens`

use super::remote::print_as;
use super::{Failure, report};
use crate::access::{self, Listed, NewToken, Pattern, Role};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use std::path::PathBuf;

/// Longest life of a token that is asked for in days or hours: a hundred years.
const MAX_DAYS: i64 = 36_500;

/// Make, list and revoke the tokens of a server
///
/// They change the file that the server was given by --tokens, on the server's own machine; the server takes it up within
/// two seconds. No server has to run.
///
/// Example:
///     modelwire tokens list
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// File of tokens; `create` makes it.
    #[arg(long, global = true, env = "MODELWIRE_TOKENS", default_value = "tokens.toml")]
    file: PathBuf,
    /// Print one JSON document, for programs.
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make a token and print it, this once: the file has only its hash
    ///
    /// Example:
    ///     modelwire tokens create team-a --role trainer --models "team-a-*" --datasets "team-a-*" --expires 90d
    #[command(verbatim_doc_comment)]
    Create {
        /// Who it is for; it stands in messages and in the audit log.
        name: String,
        /// What it may call: reader, predictor, trainer, admin, each including the ones before; or worker.
        #[arg(long)]
        role: Role,
        /// Models that it may use, with * and ?; may be repeated.
        #[arg(long, value_name = "PATTERN", default_value = "*")]
        models: Vec<Pattern>,
        /// Data sets that it may use, with * and ?; may be repeated.
        #[arg(long, value_name = "PATTERN", default_value = "*")]
        datasets: Vec<Pattern>,
        /// When it ends: in 90d or 12h, or at 2027-01-31T12:00:00Z. Never, if it is not given.
        #[arg(long, value_name = "TIME", value_parser = expiry)]
        expires: Option<DateTime<Utc>>,
    },
    /// List tokens and certificates, without their hashes
    ///
    /// Example:
    ///     modelwire tokens list --json
    #[command(verbatim_doc_comment)]
    List,
    /// Remove a token or a certificate; calls that run are not stopped
    ///
    /// Example:
    ///     modelwire tokens revoke team-a
    #[command(verbatim_doc_comment)]
    Revoke {
        /// As `tokens list` shows it.
        name: String,
    },
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { command, file, json } = arguments;
    match command {
        Command::Create { name, role, models, datasets, expires } => {
            let new = NewToken { name, role, models, datasets, expires };
            let token = access::create(&file, &new, Utc::now())?;
            let document = json!({ "name": new.name, "role": role.name(), "token": token.as_str() });
            print_as(json, &document, || token.as_str().to_owned())
        }
        Command::List => {
            let tokens = access::list(&file)?;
            print_as(json, &json!({ "tokens": tokens }), || table(&tokens))
        }
        Command::Revoke { name } => {
            access::revoke(&file, &name)?;
            print_as(json, &json!({}), || format!("{name} is revoked"))
        }
    }
}

fn table(tokens: &[Listed]) -> String {
    let headings = ["name", "kind", "role", "models", "data sets", "created", "expires"];
    let rows = tokens.iter().map(|it| {
        let (models, datasets) = (it.models.join(" "), it.datasets.join(" "));
        let (created, expires) = (report::optional(it.created.as_ref()), report::optional(it.expires.as_ref()));
        [it.name.clone(), it.kind.into(), it.role.into(), models, datasets, created, expires]
    });
    report::table(&headings, rows, "no tokens yet: only what is public can be called")
}

/// A time to come: so many days or hours from now, or in RFC 3339.
fn expiry(text: &str) -> Result<DateTime<Utc>, String> {
    let now = Utc::now();
    let wrong = || {
        format!("it is a number of days (90d) or hours (12h) up to {MAX_DAYS} days, or a time (2027-01-31T12:00:00Z)")
    };
    let time = match text.strip_suffix('d').map(|days| (days, 24)).or(text.strip_suffix('h').map(|hours| (hours, 1))) {
        Some((number, hours)) => {
            let number = number.parse::<i64>().ok().filter(|number| (1..=MAX_DAYS * 24 / hours).contains(number));
            now + TimeDelta::hours(number.ok_or_else(wrong)? * hours)
        }
        None => DateTime::parse_from_rfc3339(text).map_err(|_| wrong())?.to_utc(),
    };
    if time > now { Ok(time) } else { Err("that time has passed".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_given_in_days_in_hours_or_by_its_end() {
        let hours = |text| (expiry(text).unwrap() - Utc::now()).num_minutes();

        assert!((90 * 24 * 60 - 1..=90 * 24 * 60).contains(&hours("90d")));
        assert!((12 * 60 - 1..=12 * 60).contains(&hours("12h")));
        assert_eq!(expiry("2999-01-31T12:00:00+02:00").unwrap().to_rfc3339(), "2999-01-31T10:00:00+00:00");
    }

    #[test]
    fn a_life_that_is_over_or_has_no_unit_is_refused() {
        for text in [
            "",
            "d",
            "0d",
            "-1d",
            "90",
            "36501d",
            "99999999999999999999h",
            "2020-01-01T00:00:00Z",
            "2999-01-01",
            "soon",
        ] {
            assert!(expiry(text).is_err(), "{text:?} was taken");
        }
    }
}
