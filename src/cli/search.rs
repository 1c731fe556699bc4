//! `modelwire search`

use super::remote::Remote;
use super::steps::{self, Steps};
use super::train::{model_name, small_enough};
use super::{Failure, progress, report, table_file};
use crate::client::{JobStatus, SearchTable};
use crate::data::Name;
use crate::model::search::{Candidate, Choices, CrossValidation, Dimension, FoldKind, SearchSpec, Strategy};
use crate::model::{Spec, StepSpec};
use crate::training::{JobSpec, Publish, Rows, SearchJob};
use serde_json::json;
use std::path::PathBuf;

/// Search for hyper-parameters by cross-validation
///
/// Measures candidates on rows that they have not learned from, and prints a table of them, best first. With --publish the best
/// one is fitted on all rows and published, as "modelwire train" does. "modelwire jobs candidates" prints the table again.
///
/// Examples:
///     modelwire search wine.csv --target quality --steps standard_scaler,ridge --name wine --try alpha=0.1,1,10 --publish
///     modelwire search iris.csv --target species --steps pca,svc --name iris --try pca.n_components=2,3 --try C=0.01..100:log_uniform --strategy random --candidates 20
///     modelwire search sales.csv --targets price,count --steps multi_task_lasso --name sales --try alpha=0.1,1
///     modelwire search --dataset visits --target cost --steps ridge --name cost --try alpha=1,10 --group patient --folds 3
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
#[group(id = "rows_to_search_on", required = true, multiple = false, args = ["file", "dataset"])]
pub(super) struct Arguments {
    /// CSV file with a heading line; an empty field is a missing value.
    file: Option<PathBuf>,
    /// Data set of the server: "wine" (its newest version) or "wine@2".
    #[arg(long)]
    dataset: Option<String>,
    /// Name of the model.
    #[arg(long, value_parser = model_name)]
    name: Name,
    /// Transformers, then one estimator: names with parameters in parentheses, separated by commas.
    #[arg(long)]
    steps: Steps,
    /// Parameter and what to try: `alpha=0.1,1,10` of the last step, `pca.n_components=2,3` of another, `C=0.01..100:log_uniform`,
    /// `0..1:uniform` or `1..9:integers` to draw from a range. May stand there several times.
    #[arg(long = "try", value_name = "PARAMETER=VALUES", required = true)]
    tries: Vec<String>,
    /// Column to predict.
    #[arg(long)]
    target: Option<String>,
    /// Columns to predict at once, separated by commas, by a regressor that learns several; scores are means over them.
    #[arg(long, value_delimiter = ',', conflicts_with = "target")]
    targets: Vec<String>,
    /// Columns to learn from, separated by commas [default: all but the targets, the weights and the groups].
    #[arg(long, value_delimiter = ',')]
    features: Option<Vec<String>>,
    /// Seed of everything random; the same rows, settings and seed give the same table.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..1 << 63))]
    seed: u64,
    /// Column of numbers that say how often each row counts; 0 leaves it out [default: each row counts once].
    #[arg(long, value_name = "COLUMN")]
    sample_weight: Option<String>,
    /// Every combination, some by chance, or all on few rows and the better ones on more.
    #[arg(long, default_value = "grid", value_parser = strategy, value_name = "grid|random|halving")]
    strategy: Strategy,
    /// Combinations to draw.
    #[arg(long)]
    candidates: Option<usize>,
    /// Halving: one in so many candidates goes on, with so many times the rows [default: 3].
    #[arg(long)]
    factor: Option<usize>,
    /// Halving: rows of the first iteration [default: so many that the last one takes all].
    #[arg(long)]
    min_resources: Option<usize>,
    /// How rows are parted [default: by groups if there are some, stratified for a classifier, else k_fold].
    #[arg(long, value_parser = fold_kind, value_name = "k_fold|stratified_k_fold|group_k_fold|time_series_split")]
    cv: Option<FoldKind>,
    /// How many folds [default: 5].
    #[arg(long)]
    folds: Option<usize>,
    /// Deal out rows, or groups, by chance.
    #[arg(long)]
    shuffle: bool,
    /// Column that names the group of each row: all rows of a group are on one side.
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// time_series_split: rows left out between both sides.
    #[arg(long)]
    gap: Option<usize>,
    /// time_series_split: rows to learn from, at most.
    #[arg(long)]
    max_train_size: Option<usize>,
    /// time_series_split: rows of each fold to measure on.
    #[arg(long)]
    test_size: Option<usize>,
    /// What candidates are ranked by, as scikit-learn names it: greater is better, so "neg_mean_absolute_error" [default: r2 or
    /// accuracy].
    #[arg(long)]
    scoring: Option<String>,
    /// Fit the best candidate on all rows and publish it.
    #[arg(long)]
    publish: bool,
    /// Print the job and return while it runs.
    #[arg(long)]
    detach: bool,
    #[command(flatten)]
    pub(super) remote: Remote,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let (detach, asked, remote) = asked(arguments)?;
    remote.run(async |client| {
        let job = client.search(&asked).await?;
        if detach {
            return remote.print(&job, || format!("job {} searches for the best {}", job.id, job.model));
        }
        let job = progress::wait(client, &job.id).await?;
        let found = client.search_result(&job.id).await?;
        remote.print(&json!({ "job": job, "result": found }), || ended(&job, &found))
    })
}

fn asked(arguments: Arguments) -> Result<(bool, SearchJob, Remote), Failure> {
    let Arguments { file, dataset, name, steps, tries, target, targets, features, seed, sample_weight, .. } = arguments;
    let rows = match (file, dataset) {
        (Some(file), _) => {
            Rows::Inline(small_enough(table_file::read(&file)?, &file.display().to_string(), &name, "search")?)
        }
        (None, dataset) => Rows::Dataset(dataset.unwrap_or_default()),
    };
    let parameters = tries.iter().map(|text| dimension(text, &steps.0)).collect::<Result<_, _>>();
    let pipeline = Spec { steps: steps.0, target, targets, features, seed, sample_weight, ..Spec::default() };
    let search = SearchSpec {
        parameters: parameters.map_err(Failure::Usage)?,
        strategy: arguments.strategy,
        n_candidates: arguments.candidates,
        factor: arguments.factor,
        min_resources: arguments.min_resources,
        cross_validation: CrossValidation {
            kind: arguments.cv,
            n_splits: arguments.folds,
            shuffle: arguments.shuffle,
            group: arguments.group,
            gap: arguments.gap,
            max_train_size: arguments.max_train_size,
            test_size: arguments.test_size,
        },
        scoring: arguments.scoring,
    };
    let publish = if arguments.publish { Publish::Best } else { Publish::Nothing };
    let job = JobSpec { model: name, pipeline, rows, idempotency_key: None };
    Ok((arguments.detach, SearchJob { job, search, publish }, arguments.remote))
}

fn strategy(name: &str) -> Result<Strategy, String> {
    Strategy::ALL.into_iter().find(|it| it.name() == name).ok_or_else(|| "there are grid, random, halving".into())
}

fn fold_kind(name: &str) -> Result<FoldKind, String> {
    let names = FoldKind::ALL.map(FoldKind::name).join(", ");
    FoldKind::ALL.into_iter().find(|it| it.name() == name).ok_or_else(|| format!("there are {names}"))
}

/// `alpha=0.1,1`, `pca.n_components=1..9:integers`
fn dimension(text: &str, steps: &[StepSpec]) -> Result<Dimension, String> {
    let (place, values) =
        text.split_once('=').ok_or_else(|| format!("{text:?} is not PARAMETER=VALUES, such as alpha=0.1,1,10"))?;
    let (step, name) = match place.trim().split_once('.') {
        None => (steps.len().saturating_sub(1), place.trim()),
        Some((step, name)) => (step_of(step, steps)?, name),
    };
    Ok(Dimension { step, name: name.to_owned(), choices: choices(values.trim())? })
}

/// By its algorithm, or by its position from 0.
fn step_of(text: &str, steps: &[StepSpec]) -> Result<usize, String> {
    if let Ok(position) = text.parse() {
        return Ok(position);
    }
    StepSpec::place(steps, text).map_err(|error| error.to_string())
}

fn choices(text: &str) -> Result<Choices, String> {
    let Some(((low, high), distribution)) =
        text.rsplit_once(':').and_then(|(range, distribution)| Some((range.split_once("..")?, distribution)))
    else {
        let values = steps::split(text)?.into_iter().map(|value| steps::value(value.trim()));
        return values.collect::<Result<_, _>>().map(Choices::Values);
    };
    let number = |end: &str| end.trim().parse::<f64>().map_err(|_| format!("{end:?} of {text:?} is no number"));
    let whole = |end: &str| end.trim().parse::<i64>().map_err(|_| format!("{end:?} of {text:?} is no whole number"));
    match distribution {
        "uniform" => Ok(Choices::Uniform(number(low)?, number(high)?)),
        "log_uniform" => Ok(Choices::LogUniform(number(low)?, number(high)?)),
        "integers" => Ok(Choices::Integers(whole(low)?, whole(high)?)),
        other => Err(format!("the distribution {other:?} is not known; there are uniform, log_uniform, integers")),
    }
}

fn ended(job: &JobStatus, found: &SearchTable) -> String {
    let model = &job.model;
    let published = match job.version {
        Some(version) => format!("{model}@{version} is trained: {}", report::metrics(&job.metrics)),
        None => format!("nothing was published; \"modelwire search --publish\" publishes the best one as {model}"),
    };
    format!("{}\n{published}", table(found))
}

/// Candidates, best first.
pub(super) fn table(found: &SearchTable) -> String {
    let halved = found.candidates.iter().any(|it| it.iteration > 0);
    let mean = format!("mean {}", found.scoring);
    let mut headings = vec!["rank", "candidate", mean.as_str(), "deviation", "fit seconds", "parameters"];
    if halved {
        headings.insert(2, "rows");
    }
    let row = |it: &Candidate| {
        let score = |score: Option<f64>| score.map_or_else(|| "failed".to_owned(), report::rounded);
        let mut cells = vec![
            it.rank.to_string(),
            it.number.to_string(),
            score(it.mean_test_score),
            it.std_test_score.map_or_else(String::new, report::rounded),
            report::rounded(it.mean_fit_seconds),
            parameters(it),
        ];
        if halved {
            cells.insert(2, it.n_resources.to_string());
        }
        cells
    };
    report::table(&headings, found.candidates.iter().map(row), "no candidates")
}

/// With the error behind them, if there is one.
fn parameters(it: &Candidate) -> String {
    let values: Vec<String> =
        it.parameters.iter().map(|choice| format!("{}.{}={}", choice.algorithm, choice.name, choice.value)).collect();
    let error = it.error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
    values.join(", ") + &error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    fn parsed(text: &str) -> Result<(usize, String, Choices), String> {
        let step = |algorithm: &str| StepSpec { algorithm: algorithm.into(), ..StepSpec::default() };
        dimension(text, &[step("pca"), step("scale"), step("scale"), step("svc")])
            .map(|it| (it.step, it.name, it.choices))
    }

    #[test]
    fn parameters_have_values_or_a_range_and_a_step() {
        let cases = [
            ("C=1,0.5", 3, "C", Choices::Values(vec![Value::Integer(1), Value::Number(0.5)])),
            (
                "kernel=rbf,\"a,b\"",
                3,
                "kernel",
                Choices::Values(vec![Value::Text("rbf".into()), Value::Text("a,b".into())]),
            ),
            (
                "1.sizes=[1,2],[3]",
                1,
                "sizes",
                Choices::Values(vec![Value::Integers(vec![1, 2]), Value::Integers(vec![3])]),
            ),
            ("pca.n_components=1..9:integers", 0, "n_components", Choices::Integers(1, 9)),
            ("C=0.01..100:log_uniform", 3, "C", Choices::LogUniform(0.01, 100.0)),
            ("C=-1..1:uniform", 3, "C", Choices::Uniform(-1.0, 1.0)),
        ];
        for (text, step, name, choices) in cases {
            assert_eq!(parsed(text).unwrap(), (step, name.to_owned(), choices), "{text}");
        }
    }

    #[test]
    fn what_names_no_parameter_step_or_range_is_refused() {
        for text in ["C", "svm.C=1", "scale.C=1", "C=1..2:normal", "C=a..2:uniform", "C=0.5..2:integers", "C=[1"] {
            assert!(parsed(text).is_err(), "{text:?} was taken");
        }
    }
}
