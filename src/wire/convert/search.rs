//! Searches for hyper-parameters and their tables.

use super::models::{number, number_from};
use super::parameters::{spec_parameter, spec_steps, wire_parameter, wire_steps};
use super::table::table_to;
use super::training::rows_from;
use crate::data::{MAX_PAGE, Name};
use crate::error::{Error, Result, quotable};
use crate::model::search::{self, Candidate, Choice, Choices, Dimension, FoldKind, SearchSpec, Searched, Strategy};
use crate::model::{Spec, StepSpec};
use crate::training::{JobSpec, Publish, Rows, SearchJob};
use crate::wire::answers::SearchTable;
use crate::wire::search::{
    CandidateParameter, CrossValidation, GetSearchResultResponse, SearchCandidate, SearchRequest, SearchedParameter,
};
use thrift::OrderedFloat;

/// What is asked of a search.
///
/// # Errors
/// As [`job_spec`](super::job_spec); [`Error::InvalidArgument`] for a parameter of no step, a distribution, kind or strategy that is
/// not known, or a number below 0.
pub fn search_job(request: SearchRequest, idempotency_key: Option<String>) -> Result<SearchJob> {
    let model = Name::parse("model", request.model.unwrap_or_default())?;
    let rows = rows_from(request.table, request.dataset)?;
    let pipeline = Spec {
        steps: spec_steps(request.steps.unwrap_or_default())?,
        target: request.target,
        targets: request.targets.unwrap_or_default(),
        features: request.features,
        seed: request.seed.unwrap_or_default().cast_unsigned(),
        sample_weight: request.sample_weight,
        ..Spec::default()
    };
    let parameters = request.parameters.unwrap_or_default().into_iter();
    let search = SearchSpec {
        parameters: parameters.map(|it| dimension(it, &pipeline.steps)).collect::<Result<_>>()?,
        strategy: named("strategy", request.strategy, &Strategy::ALL, Strategy::name)?.unwrap_or_default(),
        n_candidates: count("n_candidates", request.n_candidates)?,
        factor: count("factor", request.factor)?,
        min_resources: count("min_resources", request.min_resources)?,
        cross_validation: cross_validation(request.cross_validation)?,
        scoring: request.scoring,
    };
    let publish = if request.publish.unwrap_or_default() { Publish::Best } else { Publish::Nothing };
    Ok(SearchJob { job: JobSpec { model, pipeline, rows, idempotency_key }, search, publish })
}

fn cross_validation(asked: Option<CrossValidation>) -> Result<search::CrossValidation> {
    let asked = asked.unwrap_or_else(crate::wire::empty);
    Ok(search::CrossValidation {
        kind: named("kind", asked.kind, &FoldKind::ALL, FoldKind::name)?,
        n_splits: count("n_splits", asked.n_splits.map(i64::from))?,
        shuffle: asked.shuffle.unwrap_or_default(),
        group: asked.group,
        gap: count("gap", asked.gap)?,
        max_train_size: count("max_train_size", asked.max_train_size)?,
        test_size: count("test_size", asked.test_size)?,
    })
}

fn dimension(asked: SearchedParameter, steps: &[StepSpec]) -> Result<Dimension> {
    let name = asked.name.unwrap_or_default();
    let what = format!("searched parameter {:?}", quotable(&name));
    let step = match (asked.step, asked.algorithm) {
        (Some(step), _) => usize::try_from(step)
            .map_err(|_| Error::invalid(format!("{what} is of step {step}; steps are counted from 0")))?,
        (None, Some(algorithm)) => {
            StepSpec::place(steps, &algorithm).map_err(|error| Error::invalid(format!("{what}: {error}")))?
        }
        (None, None) => steps.len().saturating_sub(1),
    };
    let choices = match (asked.values, asked.distribution) {
        (Some(values), None) => {
            let values = values.into_iter().map(|value| Ok(spec_parameter("a search", value)?.1));
            Choices::Values(values.collect::<Result<_>>()?)
        }
        (None, Some(distribution)) => {
            let (Some(low), Some(high)) = (asked.low, asked.high) else {
                return Err(Error::invalid(format!("{what} is drawn from a range; set low and high")));
            };
            range(&what, &distribution, low.into_inner(), high.into_inner())?
        }
        _ => {
            return Err(Error::invalid(format!(
                "{what} has neither values nor a distribution, or both; set one of them"
            )));
        }
    };
    Ok(Dimension { step, name, choices })
}

fn range(what: &str, distribution: &str, low: f64, high: f64) -> Result<Choices> {
    let whole = |number: f64| {
        let fits = number.fract() == 0.0 && number.abs() <= (1_i64 << 53) as f64;
        fits.then_some(number as i64)
            .ok_or_else(|| Error::invalid(format!("{what} is drawn from whole numbers, and {number:?} is none")))
    };
    match distribution {
        "uniform" => Ok(Choices::Uniform(low, high)),
        "log_uniform" => Ok(Choices::LogUniform(low, high)),
        "integers" => Ok(Choices::Integers(whole(low)?, whole(high)?)),
        other => Err(Error::invalid(format!(
            "{what} has the distribution {:?}; there are uniform, log_uniform, integers",
            quotable(other)
        ))),
    }
}

fn named<T: Copy>(what: &str, name: Option<String>, all: &[T], name_of: fn(T) -> &'static str) -> Result<Option<T>> {
    let Some(name) = name else { return Ok(None) };
    all.iter().copied().find(|it| name_of(*it) == name).map(Some).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|it| name_of(*it)).collect();
        Error::invalid(format!("{what} {:?} is not known; there are {}", quotable(&name), names.join(", ")))
    })
}

fn count(what: &str, number: Option<i64>) -> Result<Option<usize>> {
    let checked = |number| {
        usize::try_from(number).map_err(|_| Error::invalid(format!("{what} is {number}; a count is 0 or more")))
    };
    number.map(checked).transpose()
}

/// The table of a search as it travels: at most so many candidates, from this place on.
///
/// # Errors
/// [`Error::InvalidArgument`] if `limit` is not from 1 to [`MAX_PAGE`], or `from` is no place of the table.
pub fn search_result(found: &Searched, from: Option<i64>, limit: usize) -> Result<GetSearchResultResponse> {
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(Error::invalid(format!("limit is {limit}; an answer has from 1 to {MAX_PAGE} candidates")));
    }
    let (total, from) = (found.candidates.len(), from.unwrap_or_default());
    let place = usize::try_from(from).ok().filter(|place| *place <= total).ok_or_else(|| {
        Error::invalid(format!("from_candidate is {from} and the table has {total} candidates, counted from 0"))
    })?;
    let end = total.min(place.saturating_add(limit));
    Ok(GetSearchResultResponse {
        candidates: Some(found.candidates[place..end].iter().map(candidate).collect()),
        scoring: Some(found.scoring.clone()),
        n_splits: i32::try_from(found.n_splits).ok(),
        best_steps: found.best.as_ref().map(|best| wire_steps(&best.steps)),
        total_candidates: Some(number(total as u64)),
        next_candidate: (end < total).then(|| number(end as u64)),
    })
}

fn candidate(it: &Candidate) -> SearchCandidate {
    let parameter = |choice: &Choice| CandidateParameter {
        step: i32::try_from(choice.step).ok(),
        algorithm: Some(choice.algorithm.clone()),
        parameter: Some(wire_parameter(&choice.name, &choice.value)),
    };
    SearchCandidate {
        number: Some(number(it.number as u64)),
        rank: Some(number(it.rank as u64)),
        parameters: Some(it.parameters.iter().map(parameter).collect()),
        mean_test_score: it.mean_test_score.map(OrderedFloat),
        std_test_score: it.std_test_score.map(OrderedFloat),
        split_test_scores: Some(it.split_test_scores.iter().copied().map(OrderedFloat).collect()),
        mean_fit_seconds: Some(OrderedFloat(it.mean_fit_seconds)),
        error: it.error.clone(),
        iteration: i32::try_from(it.iteration).ok(),
        n_resources: Some(number(it.n_resources as u64)),
    }
}

/// What is asked of a search, as a client sends it; the caller fills in the context.
pub fn search_request(asked: &SearchJob) -> SearchRequest {
    let SearchJob { job: JobSpec { model, pipeline, rows, .. }, search, publish } = asked;
    let (table, dataset) = match rows {
        Rows::Inline(table) => (Some(table_to(table)), None),
        Rows::Dataset(dataset) => (None, Some(dataset.clone())),
    };
    let folds = &search.cross_validation;
    let cross_validation = CrossValidation {
        kind: folds.kind.map(|it| it.name().to_owned()),
        n_splits: folds.n_splits.map(|it| i32::try_from(it).unwrap_or(i32::MAX)), // So many are refused.
        shuffle: Some(folds.shuffle),
        group: folds.group.clone(),
        gap: wire_count(folds.gap),
        max_train_size: wire_count(folds.max_train_size),
        test_size: wire_count(folds.test_size),
    };
    SearchRequest {
        context: None,
        model: Some(model.to_string()),
        steps: Some(wire_steps(&pipeline.steps)),
        table,
        dataset,
        target: pipeline.target.clone(),
        features: pipeline.features.clone(),
        seed: Some(pipeline.seed.cast_signed()),
        sample_weight: pipeline.sample_weight.clone(),
        parameters: Some(search.parameters.iter().map(wire_dimension).collect()),
        strategy: Some(search.strategy.name().to_owned()),
        n_candidates: wire_count(search.n_candidates),
        factor: wire_count(search.factor),
        min_resources: wire_count(search.min_resources),
        cross_validation: Some(cross_validation),
        scoring: search.scoring.clone(),
        publish: Some(*publish == Publish::Best),
        targets: (!pipeline.targets.is_empty()).then(|| pipeline.targets.clone()),
    }
}

fn wire_count(count: Option<usize>) -> Option<i64> {
    count.map(|it| number(it as u64))
}

fn wire_dimension(asked: &Dimension) -> SearchedParameter {
    let Dimension { step, name, choices } = asked;
    let named = SearchedParameter { step: i32::try_from(*step).ok(), name: Some(name.clone()), ..crate::wire::empty() };
    let drawn = |distribution: &str, low: f64, high: f64| SearchedParameter {
        distribution: Some(distribution.to_owned()),
        low: Some(OrderedFloat(low)),
        high: Some(OrderedFloat(high)),
        ..named.clone()
    };
    match choices {
        Choices::Values(values) => {
            let values = values.iter().map(|value| wire_parameter(name, value)).collect();
            SearchedParameter { values: Some(values), ..named }
        }
        Choices::Uniform(low, high) => drawn("uniform", *low, *high),
        Choices::LogUniform(low, high) => drawn("log_uniform", *low, *high),
        Choices::Integers(low, high) => drawn("integers", *low as f64, *high as f64),
    }
}

/// The table of a search as a client received it.
///
/// # Errors
/// [`Error::InvalidArgument`] if a parameter has no value.
pub fn search_result_from(answer: GetSearchResultResponse) -> Result<(SearchTable, Option<u64>)> {
    let candidates = answer.candidates.unwrap_or_default().into_iter().map(candidate_from);
    let table = SearchTable {
        scoring: answer.scoring.unwrap_or_default(),
        n_splits: size_from(answer.n_splits.map(i64::from)),
        candidates: candidates.collect::<Result<_>>()?,
        best_steps: answer.best_steps.map(spec_steps).transpose()?,
    };
    Ok((table, answer.next_candidate.map(|it| number_from(Some(it)))))
}

fn candidate_from(it: SearchCandidate) -> Result<Candidate> {
    let choice = |it: CandidateParameter| {
        let algorithm = it.algorithm.unwrap_or_default();
        let (name, value) = spec_parameter(&algorithm, it.parameter.unwrap_or_else(crate::wire::empty))?;
        Ok(Choice { step: size_from(it.step.map(i64::from)), algorithm, name, value })
    };
    Ok(Candidate {
        number: size_from(it.number),
        rank: size_from(it.rank),
        parameters: it.parameters.unwrap_or_default().into_iter().map(choice).collect::<Result<_>>()?,
        mean_test_score: it.mean_test_score.map(OrderedFloat::into_inner),
        std_test_score: it.std_test_score.map(OrderedFloat::into_inner),
        split_test_scores: it.split_test_scores.unwrap_or_default().into_iter().map(OrderedFloat::into_inner).collect(),
        mean_fit_seconds: it.mean_fit_seconds.unwrap_or_default().into_inner(),
        error: it.error,
        iteration: size_from(it.iteration.map(i64::from)),
        n_resources: size_from(it.n_resources),
    })
}

fn size_from(number: Option<i64>) -> usize {
    usize::try_from(number_from(number)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Column, Table};
    use crate::model::Value;

    fn asked() -> SearchJob {
        let table = Table::new(vec![Column::integer("x", vec![1, 2]), Column::float("y", vec![0.5, 1.5])]).unwrap();
        let step = |algorithm: &str| StepSpec { algorithm: algorithm.into(), ..StepSpec::default() };
        let pipeline = Spec {
            steps: vec![step("pca"), step("ridge")],
            target: Some("y".into()),
            targets: vec!["y".into(), "z".into()],
            features: Some(vec!["x".into()]),
            seed: u64::MAX,
            sample_weight: Some("w".into()),
            ..Spec::default()
        };
        let dimension = |step, name: &str, choices| Dimension { step, name: name.into(), choices };
        let parameters = vec![
            dimension(0, "n_components", Choices::Integers(1, 3)),
            dimension(
                0,
                "whiten",
                Choices::Values(vec![Value::Flag(true), Value::Text("x".into()), Value::Integers(vec![1])]),
            ),
            dimension(1, "alpha", Choices::LogUniform(1e-3, 10.0)),
            dimension(1, "tol", Choices::Uniform(0.25, 0.5)),
        ];
        let cross_validation = search::CrossValidation {
            kind: Some(FoldKind::TimeSeries),
            n_splits: Some(4),
            shuffle: true,
            group: Some("g".into()),
            gap: Some(1),
            max_train_size: Some(2),
            test_size: Some(3),
        };
        let search = SearchSpec {
            parameters,
            strategy: Strategy::Halving,
            n_candidates: Some(9),
            factor: Some(2),
            min_resources: Some(10),
            cross_validation,
            scoring: Some("neg_rmse".into()),
        };
        let model = Name::parse("model", "wine").unwrap();
        let job = JobSpec { model, pipeline, rows: Rows::Inline(table), idempotency_key: None };
        SearchJob { job, search, publish: Publish::Best }
    }

    #[test]
    fn what_is_asked_of_a_search_survives_the_wire() {
        let sent = asked();

        let received = search_job(search_request(&sent), None).unwrap();

        assert_eq!((received.job.model, received.job.pipeline), (sent.job.model, sent.job.pipeline));
        assert_eq!((received.search, received.publish), (sent.search, sent.publish));
    }

    #[test]
    fn more_folds_than_a_message_can_say_stay_too_many() {
        let mut sent = asked();
        sent.search.cross_validation.n_splits = Some(1 << 32);

        let received = search_job(search_request(&sent), None).unwrap();

        assert_eq!(received.search.cross_validation.n_splits, Some(i32::MAX as usize));
    }

    #[test]
    fn a_table_survives_the_wire() {
        let parameters =
            vec![Choice { step: 1, algorithm: "ridge".into(), name: "alpha".into(), value: Value::Number(0.5) }];
        let scored = Candidate {
            number: 2,
            rank: 1,
            parameters,
            mean_test_score: Some(0.25),
            std_test_score: Some(0.125),
            split_test_scores: vec![0.125, 0.375],
            mean_fit_seconds: 1.5,
            error: None,
            iteration: 1,
            n_resources: 100,
        };
        let failed =
            Candidate { error: Some("why".into()), mean_test_score: None, std_test_score: None, ..scored.clone() };
        let best = asked().job.pipeline;
        let candidates = vec![scored, failed];
        let sent = Searched { scoring: "r2".into(), n_splits: 2, candidates, best: Some(best.clone()) };

        let (received, next) = search_result_from(search_result(&sent, None, 1_000).unwrap()).unwrap();

        assert_eq!((received.candidates, received.best_steps), (sent.candidates, Some(best.steps)));
        assert_eq!((received.scoring.as_str(), received.n_splits, next), ("r2", 2, None));
    }

    #[test]
    fn a_table_is_answered_from_any_place_and_says_where_it_goes_on() {
        let candidate = |number| Candidate {
            number,
            rank: number,
            parameters: vec![],
            mean_test_score: None,
            std_test_score: None,
            split_test_scores: vec![],
            mean_fit_seconds: 0.0,
            error: None,
            iteration: 0,
            n_resources: 9,
        };
        let candidates = (1..=5).map(candidate).collect();
        let table = Searched { scoring: "r2".into(), n_splits: 2, candidates, best: None };
        let part = |from, limit| {
            let (part, next) = search_result_from(search_result(&table, from, limit)?)?;
            Ok::<_, Error>((part.candidates.iter().map(|it| it.number).collect::<Vec<_>>(), next))
        };

        assert_eq!(part(None, 2).unwrap(), (vec![1, 2], Some(2)));
        assert_eq!(part(Some(2), 3).unwrap(), (vec![3, 4, 5], None));
        assert_eq!(part(Some(5), 1).unwrap(), (vec![], None));
        assert_eq!(search_result(&table, Some(3), 1).unwrap().total_candidates, Some(5));
        for (from, limit) in [(Some(6), 1), (Some(-1), 1), (None, 0), (None, 1_001)] {
            assert!(part(from, limit).is_err(), "{from:?} {limit}");
        }
    }

    #[test]
    fn a_step_is_named_by_position_or_by_its_algorithm_or_is_the_last_one() {
        let step_of = |step: Option<i32>, algorithm: Option<&str>| {
            let mut request = search_request(&asked());
            let algorithm = algorithm.map(str::to_owned);
            let parameter = wire_parameter("", &Value::Integer(1));
            let (name, values) = (Some("n".to_owned()), Some(vec![parameter]));
            request.parameters =
                Some(vec![SearchedParameter { step, algorithm, name, values, ..crate::wire::empty() }]);
            search_job(request, None).map(|it| it.search.parameters[0].step).map_err(|error| error.to_string())
        };

        assert_eq!([step_of(Some(0), None), step_of(None, Some("pca")), step_of(None, None)], [Ok(0), Ok(0), Ok(1)]);
        assert!(step_of(None, Some("svc")).unwrap_err().contains("\"n\": \"svc\" is none of the steps pca, ridge"));
        assert!(step_of(Some(-1), None).unwrap_err().contains("step -1"));
    }

    #[test]
    fn words_that_are_not_known_are_refused_with_those_that_are() {
        let refused = |change: &dyn Fn(&mut SearchRequest)| {
            let mut request = search_request(&asked());
            change(&mut request);
            search_job(request, None).unwrap_err().to_string()
        };
        let of_first = |change: &dyn Fn(&mut SearchedParameter)| {
            refused(&|request| change(&mut request.parameters.as_mut().unwrap()[0]))
        };

        let strategy = refused(&|it| it.strategy = Some("bayes".into()));
        assert!(strategy.contains("\"bayes\" is not known; there are grid, random, halving"), "{strategy}");
        let kind = refused(&|it| it.cross_validation.as_mut().unwrap().kind = Some("loo".into()));
        assert!(kind.contains("there are k_fold, stratified_k_fold, group_k_fold, time_series_split"), "{kind}");
        assert!(refused(&|it| it.n_candidates = Some(-1)).contains("n_candidates is -1"));
        assert!(of_first(&|it| it.distribution = Some("normal".into())).contains("there are uniform"));
        assert!(of_first(&|it| it.low = Some(OrderedFloat(0.5))).contains("0.5 is none"));
        assert!(of_first(&|it| it.high = None).contains("set low and high"));
        assert!(of_first(&|it| it.distribution = None).contains("neither values nor a distribution"));
    }
}
