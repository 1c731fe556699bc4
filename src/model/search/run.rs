//! Candidates and folds, shared out over threads.

use super::candidates::{self, Trial};
use super::folds::{Fold, Folds, Parted};
use super::found::{OfFolds, Shared, Teller};
use super::halving::Halving;
use super::measure::{Asked, Measured, is_theirs, measure};
use super::ranking::{Candidate, Searched, mean_and_deviation, rank};
use super::{SearchSpec, Strategy, groups};
use crate::data::Table;
use crate::error::{Error, Result};
use crate::model::bounds::{Bounded, Bounds};
use crate::model::crew::{Ask, share_out_rest};
use crate::model::fit::{Fitting, read};
use crate::model::random::Philox;
use crate::model::validation::Part;
use crate::model::{Kind, Progress, Resolved, ResolvedStep, SampleWeights, Schema, Scoring, Spec, Targets};

/// What numbers of rows of a halving are for; part of their counter.
const HALVED: u32 = 1 << 22;

/// Copies of the rows that each thread has: those of a fold, and what an algorithm or a transformer makes of them.
const COPIES: u64 = 2;

/// Measures all candidates on `threads` threads and ranks them; what is found does not depend on how many these are. Progress is told
/// of each candidate. What is measured is kept ([`Checkpoints`](crate::model::Checkpoints)): after a restart the other fits are made.
///
/// # Errors
/// [`Error::InvalidArgument`] if the specifications do not suit each other or the table ([`SearchSpec::check`]), there is no row, or
/// too few for the folds, a value is missing or not finite. What `progress` answers. That candidates fail is none.
pub fn search(
    threads: usize,
    pipeline: &Spec,
    search: &SearchSpec,
    table: &Table,
    progress: &dyn Progress,
) -> Result<Searched> {
    let columns = table.schema();
    search.check(pipeline, &columns)?;
    let spec = search.pipeline(pipeline, &columns);
    let trials: Vec<Trial> = candidates::of(search, spec.seed).collect();
    let (mut resolved, mut suited) = (Vec::with_capacity(trials.len()), None);
    for trial in &trials {
        progress.report("checking candidates", 0.0)?;
        resolved.push(trial.spec(&spec).resolve(&columns).map(|Resolved { steps, kind, schema }| {
            suited.get_or_insert((kind, steps.last().map(|step| step.algorithm), schema));
            steps // The schema is the same for all.
        }));
    }
    let Some((kind, last, mut schema)) = suited else {
        return Err(Error::internal("a checked search has no candidate that suits the columns"));
    };
    let scoring = Scoring::to_rank(kind, last, search.scoring.as_deref())?;
    let fits_at_once = threads.clamp(1, (trials.len() * search.cross_validation.n_splits()).max(1)) as u64;
    let bounds = Bounds { fits_at_once, ..progress.bounds() };
    let bounds = bounds.beside_rows(table, schema.features.len(), COPIES * fits_at_once)?;
    let all = read(threads, table, spec.sample_weight.as_deref(), kind, &mut schema)?;
    let of_row = groups_of(search, &spec, table)?;
    let parted =
        Parted { n_rows: all.weights.len(), targets: &all.targets, groups: of_row.as_deref(), seed: spec.seed };
    let folds = search.cross_validation.split(kind, &parted)?;
    if let Some(checkpoints) = progress.checkpoints() {
        checkpoints.begin(&(&spec, search, parted.n_rows))?;
    }
    let shared = Shared::default();
    let teller = Teller::resume(&shared, &bounds, progress)?;
    let (spec, schema, all, shared) = (&spec, &schema, &all, &shared);
    let searching = Searching { threads, bounds, search, spec, schema, trials, resolved, all, scoring, shared };
    let candidates = searching.run(kind, &folds, &teller)?;
    let best = candidates.first().filter(|it| it.mean_test_score.is_some());
    let best = best.and_then(|it| searching.trials.get(it.number - 1)).map(|trial| trial.spec(spec));
    Ok(Searched { scoring: scoring.name.to_owned(), n_splits: folds.len(), candidates, best })
}

/// The group of each row that counts.
fn groups_of(search: &SearchSpec, spec: &Spec, table: &Table) -> Result<Option<Vec<usize>>> {
    let Some(name) = &search.cross_validation.group else { return Ok(None) };
    let weights = SampleWeights::read(spec.sample_weight.as_deref(), table)?;
    groups::read(name, &*weights.without_others(table)?, weights.rows.as_deref()).map(Some)
}

struct Searching<'a> {
    threads: usize,
    /// What each fit may take.
    bounds: Bounds,
    search: &'a SearchSpec,
    spec: &'a Spec,
    schema: &'a Schema,
    trials: Vec<Trial>,
    /// One for each trial.
    resolved: Vec<Result<Vec<ResolvedStep>>>,
    all: &'a Part,
    scoring: Scoring,
    shared: &'a Shared,
}

/// Candidates that are measured on as many rows.
struct Iteration<'a> {
    number: usize,
    n_rows: usize,
    folds: &'a Folds,
    /// In a halving "iteration 2 of 3, ", and " on 147 rows"; else nothing.
    before_words: String,
    words: String,
    /// How much of the search is before it, and how much it is.
    before: f64,
    share: f64,
}

impl Searching<'_> {
    fn run(&self, kind: Kind, folds: &Folds, teller: &Teller<'_>) -> Result<Vec<Candidate>> {
        let n_rows = self.all.weights.len();
        let every: Vec<usize> = (0..self.trials.len()).collect();
        if self.search.strategy != Strategy::Halving {
            let (before_words, words) = Default::default();
            let only = Iteration { number: 0, n_rows, folds, before_words, words, before: 0.0, share: 1.0 };
            let mut candidates = self.measured(&every, &only, teller)?;
            rank(&mut candidates);
            return Ok(candidates);
        }
        let halving = self.halving(kind, folds.len());
        let (iterations, factor) = (halving.rows()?, halving.factor());
        let (mut left, mut candidates) = (every, Vec::new());
        let (n_iterations, share) = (iterations.len(), 1.0 / iterations.len() as f64);
        for (number, n_resources) in iterations.into_iter().enumerate() {
            let before_words = format!("iteration {} of {n_iterations}, ", number + 1);
            let (words, before) = (format!(" on {n_resources} rows"), number as f64 * share);
            let own = Iteration { number, n_rows: n_resources, folds, before_words, words, before, share };
            let own = self.measured(&left, &own, teller)?;
            left = kept(&own, left.len().div_ceil(factor));
            candidates.extend(own);
            if left.is_empty() {
                break;
            }
        }
        rank(&mut candidates);
        Ok(candidates)
    }

    fn halving(&self, kind: Kind, n_splits: usize) -> Halving {
        let n_classes = match &self.all.targets {
            Targets::Classes { labels, .. } if kind == Kind::Classifier => labels.len(),
            _ => 1,
        };
        let SearchSpec { factor, min_resources, .. } = *self.search;
        Halving {
            n_candidates: self.trials.len(),
            n_rows: self.all.weights.len(),
            n_splits,
            n_classes,
            factor,
            min_resources,
        }
    }

    /// A fold as an iteration has it.
    fn fold_of(&self, iteration: &Iteration<'_>, at: usize) -> Fold {
        let whole = iteration.folds.fold(at);
        match self.search.strategy {
            Strategy::Halving => self.sampled(&whole, iteration.n_rows, iteration.number),
            Strategy::Grid | Strategy::Random => whole,
        }
    }

    /// As large a share of both sides of a fold as `n_resources` is of all rows, by chance.
    fn sampled(&self, fold: &Fold, n_resources: usize, iteration: usize) -> Fold {
        let (n_rows, philox) = (self.all.weights.len(), Philox::new(self.spec.seed));
        let some = |rows: &[usize]| {
            let count = (rows.len() * n_resources / n_rows).max(1);
            let mut rows = rows.to_vec();
            let number = |row: usize| philox.block([row as u32, (row as u64 >> 32) as u32, HALVED, iteration as u32]);
            rows.sort_by_cached_key(|row| (number(*row), *row));
            rows.truncate(count);
            rows.sort_unstable();
            rows
        };
        Fold { training: some(&fold.training), test: some(&fold.test) }
    }

    /// Measures these candidates on each fold where that is not done.
    fn measured(&self, candidates: &[usize], iteration: &Iteration<'_>, teller: &Teller<'_>) -> Result<Vec<Candidate>> {
        let n_folds = iteration.folds.len();
        let n_fits = candidates.len() * n_folds;
        let place = |piece: usize| (candidates[piece / n_folds], piece % n_folds);
        let done = self.shared.done(iteration.number, (0..n_fits).map(place));
        let n_done = done.iter().flatten().count();
        teller.begin(format!("measuring {} candidates on {n_folds} folds", candidates.len()));
        let report = |done: usize| teller.tell(iteration.before + iteration.share * done as f64 / n_fits.max(1) as f64);
        report(n_done)?;
        let threads = (self.threads / (n_fits - n_done).max(1)).max(1);
        let work = |piece: usize, ask: &Ask<'_>| -> Result<()> {
            let (candidate, fold) = place(piece);
            let own = self.fold_of(iteration, fold);
            let whole = &|_: &str, _: f64| ask();
            let measured = self.fold(candidate, &own, threads, &Bounded { whole, bounds: self.bounds })?;
            let sentence = |folds: &OfFolds| self.sentence(candidate, folds, n_folds, iteration);
            self.shared.add((iteration.number, candidate), fold, measured, sentence);
            Ok(())
        };
        share_out_rest(done, self.threads, &report, work, &mut |_, _| Ok(()))?;
        report(n_fits)?;
        let of =
            |candidate: &usize| self.candidate(*candidate, &self.shared.of((iteration.number, *candidate)), iteration);
        Ok(candidates.iter().map(of).collect())
    }

    fn fold(&self, candidate: usize, fold: &Fold, threads: usize, progress: &dyn Progress) -> Result<Measured> {
        let steps = match &self.resolved[candidate] {
            Ok(steps) => steps,
            Err(error) if is_theirs(error) => return Ok(Measured { score: Err(error.to_string()), seconds: 0.0 }),
            Err(error) => return Err(error.clone()),
        };
        let spec = self.trials[candidate].spec(self.spec);
        let fitting = Fitting { threads, spec: &spec, schema: self.schema, steps };
        measure(&Asked { fitting, all: self.all, fold, scoring: self.scoring }, progress)
    }

    fn candidate(&self, candidate: usize, folds: &OfFolds, iteration: &Iteration<'_>) -> Candidate {
        let trial = &self.trials[candidate];
        let seconds: f64 = folds.values().map(|fold| fold.seconds).sum();
        let (scores, error) = scores_of(folds);
        let scored = error.is_none().then(|| mean_and_deviation(&scores));
        Candidate {
            number: trial.number,
            rank: 0,
            parameters: trial.choices(self.spec),
            mean_test_score: scored.map(|it| it.0),
            std_test_score: scored.map(|it| it.1),
            split_test_scores: if error.is_none() { scores } else { vec![] },
            mean_fit_seconds: seconds / folds.len().max(1) as f64,
            error,
            iteration: iteration.number,
            n_resources: iteration.n_rows,
        }
    }

    /// What to say of a candidate of which all folds are measured.
    fn sentence(&self, candidate: usize, folds: &OfFolds, n_folds: usize, iteration: &Iteration<'_>) -> Option<String> {
        if folds.len() < n_folds {
            return None;
        }
        let Iteration { before_words, words, .. } = iteration;
        let of = format!("{before_words}candidate {} of {}{words}", self.trials[candidate].number, self.trials.len());
        Some(match scores_of(folds) {
            (scores, None) => format!("{of}: mean {} {:.6}", self.scoring.name, mean_and_deviation(&scores).0),
            (_, Some(error)) => format!("{of} failed: {error}"),
        })
    }
}

/// The scores of all folds, and the error of the first one that has none.
fn scores_of(folds: &OfFolds) -> (Vec<f64>, Option<String>) {
    let scores = folds.values().filter_map(|fold| fold.score.as_ref().ok().copied()).collect();
    let failed = folds.iter().find_map(|(at, fold)| Some((at, fold.score.as_ref().err()?)));
    (scores, failed.map(|(at, error)| format!("fold {} of {}: {error}", at + 1, folds.len())))
}

/// Positions of so many of the best, ascending; none that failed.
fn kept(candidates: &[Candidate], count: usize) -> Vec<usize> {
    let mut scored: Vec<(f64, usize)> =
        candidates.iter().filter_map(|it| Some((it.mean_test_score?, it.number - 1))).collect();
    scored.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    scored.truncate(count);
    let mut positions: Vec<usize> = scored.into_iter().map(|(_, position)| position).collect();
    positions.sort_unstable();
    positions
}
