//! Medians over the rounds of a run. Ratios are taken within each round first: what the machine did then met both sides.

use crate::case::Key;
use crate::peer::Peer;
use crate::run::{Results, Sample};

pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        length if length % 2 == 1 => Some(values[middle]),
        _ => Some((values[middle - 1] + values[middle]) / 2.0),
    }
}

/// What `read` says of one server in one case.
pub(super) fn value(results: &Results, case: Key, peer: Peer, read: impl Fn(&Sample) -> f64) -> Option<f64> {
    median(of(results, case, peer).map(read).collect())
}

/// `one` over `other`, of what `read` says.
pub(super) fn ratio(
    results: &Results,
    case: Key,
    one: Peer,
    other: Peer,
    read: impl Fn(&Sample) -> f64,
) -> Option<f64> {
    median(pairs(results, case, one, other).map(|(one, other)| read(one) / read(other)).collect())
}

/// `one` less `other`, of what `read` says.
pub(super) fn difference(
    results: &Results,
    case: Key,
    one: Peer,
    other: Peer,
    read: impl Fn(&Sample) -> f64,
) -> Option<f64> {
    median(pairs(results, case, one, other).map(|(one, other)| read(one) - read(other)).collect())
}

fn pairs(results: &Results, case: Key, one: Peer, other: Peer) -> impl Iterator<Item = (&Sample, &Sample)> {
    of(results, case, one).filter_map(move |one| {
        of(results, case, other).find(|other| other.round == one.round).map(|other| (one, other))
    })
}

fn of(results: &Results, case: Key, peer: Peer) -> impl Iterator<Item = &Sample> {
    results.samples.iter().filter(move |sample| sample.case == case && sample.peer == peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(peer: Peer, round: usize, per_second: f64) -> Sample {
        let case = Key::Row8;
        Sample { case, peer, round, per_second, p50_us: 0.0, p99_us: 0.0, cpu_us: 0.0, not_right: 0, lag_p99_us: 0.0 }
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(vec![4.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(median(Vec::new()), None);
    }

    #[test]
    fn a_round_in_which_the_machine_was_slow_for_both_leaves_their_ratio_as_it_is() {
        let rounds = [(0, 100.0, 50.0), (1, 20.0, 10.0), (2, 100.0, 50.0)];
        let samples = rounds.iter().flat_map(|(round, one, other)| {
            [sample(Peer::Modelwire, *round, *one), sample(Peer::Volo, *round, *other)]
        });
        let results = Results { samples: samples.collect(), overloads: Vec::new(), left_out: Vec::new() };

        let ratio = ratio(&results, Key::Row8, Peer::Modelwire, Peer::Volo, |sample| sample.per_second);

        assert_eq!(ratio, Some(2.0));
    }
}
