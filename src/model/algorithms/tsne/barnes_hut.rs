//! Near rows one by one, and what is far box by box.

use super::near::Near;
use super::objective::{Objective, Slope, Wanted, degrees, factor};
use super::tree::{Node, Spot, Tree, around};
use crate::error::Result;
use crate::model::crew::share_out;
use std::array::from_fn;

/// Dimensions that a tree has at most.
pub(super) const MOST_COMPONENTS: usize = 3;
/// Rows that are done before another thread has begun.
const WORTH_A_THREAD: usize = 256;
/// Places that look at the same boxes, at most, unless all are on one spot; and how many of these groups make a piece.
const GROUP: usize = 32;
const PIECE: usize = 16;
/// Places that go side by side through what is far from them.
const LANES: usize = 4;
/// Lanes of a group after which it is asked whether to go on.
const AT_ONCE: usize = 64;

/// Closeness of near rows, each of which is put into `D` dimensions.
///
/// `p_ij` of rows that are not near is 0, so that what draws a row is a sum over few. What drives it away is a sum over all others;
/// of those in a box whose diagonal is at most `angle` times as long as the way to their mean, the mean stands for all. That is
/// asked from the nearest point of the box around a small group of places, so that a group has its boxes in common and no box
/// stands for a place of its own. L. van der Maaten, "Accelerating t-SNE using tree-based algorithms" (2014), JMLR 15.
#[derive(Debug)]
pub(super) struct BarnesHut<const D: usize> {
    near: Near,
    /// What affinities come to.
    total: f64,
    angle: f64,
    threads: usize,
}

impl<const D: usize> BarnesHut<D> {
    pub(super) fn new(near: Near, angle: f64, threads: usize) -> Self {
        Self { total: near.total(), near, angle, threads }
    }
}

impl<const D: usize> Objective for BarnesHut<D> {
    fn slope(&self, places: &[f64], exaggeration: f64, wanted: Wanted, ask: &dyn Fn() -> Result<()>) -> Result<Slope> {
        let (places, _) = places.as_chunks::<D>();
        let tree = Tree::new(places);
        let look = Look { objective: self, places, tree: &tree, exaggeration, wanted };
        let groups = tree.groups(GROUP);
        let groups: Vec<&[usize]> = groups.chunks(PIECE).collect();
        let threads = if places.len() < WORTH_A_THREAD { 1 } else { self.threads };
        let pieces = share_out(groups.len(), threads, &|_| ask(), |piece, ask| look.sums(groups[piece], ask))?;
        // In the order of the tree, which the places alone decide.
        let closeness: f64 = pieces.iter().map(|piece| piece.closeness).sum();
        let divergence: f64 = pieces.iter().map(|piece| piece.divergence).sum();
        let mut gradient = vec![0.0; places.len() * D];
        for forces in pieces.iter().flat_map(|piece| &piece.forces) {
            let own = &mut gradient[forces.row * D..(forces.row + 1) * D];
            for ((own, to), from) in own.iter_mut().zip(forces.attraction).zip(forces.repulsion) {
                *own = factor(D) * (exaggeration * to - from / closeness);
            }
        }
        Ok(Slope { divergence: divergence + exaggeration * self.total * closeness.ln(), gradient })
    }
}

/// A look at places.
struct Look<'a, const D: usize> {
    objective: &'a BarnesHut<D>,
    places: &'a [[f64; D]],
    tree: &'a Tree<D>,
    exaggeration: f64,
    wanted: Wanted,
}

/// Of some groups, sums over all others.
struct Sums<const D: usize> {
    /// Of `t_ij`.
    closeness: f64,
    /// Of `p_ij ln(p_ij / t_ij)`.
    divergence: f64,
    forces: Vec<Forces<D>>,
}

/// The two parts of the gradient of a row.
struct Forces<const D: usize> {
    row: usize,
    attraction: [f64; D],
    repulsion: [f64; D],
}

/// What stands for some places.
struct Body<const D: usize> {
    at: [f64; D],
    n_spots: f64,
}

/// What drives some places away, and how close it is: a lane for each.
#[derive(Clone, Copy)]
struct Away<const D: usize> {
    closeness: [f64; LANES],
    force: [[f64; LANES]; D],
}

impl<const D: usize> Look<'_, D> {
    fn sums(&self, groups: &[usize], ask: &dyn Fn() -> Result<()>) -> Result<Sums<D>> {
        let (mut sums, mut bodies) = (Sums { closeness: 0.0, divergence: 0.0, forces: vec![] }, vec![]);
        for group in groups {
            let node = &self.tree.nodes[*group];
            let spots = self.tree.spots_of(node);
            self.look_around(*group, &mut bodies);
            for (number, some) in spots.chunks(LANES).enumerate() {
                if number % AT_ONCE == AT_ONCE - 1 {
                    ask()?; // A group is this large only where all are on one spot.
                }
                let away = away_from(&bodies, some);
                for (lane, spot) in some.iter().enumerate() {
                    let mut closeness = away.closeness[lane];
                    let mut repulsion = away.force.map(|lanes| lanes[lane]);
                    if node.diagonal == 0.0 {
                        closeness += (node.n_spots - 1) as f64; // All on its spot.
                    } else {
                        for (other, there) in spots.iter().enumerate() {
                            if other != number * LANES + lane {
                                closeness += push(&mut repulsion, &spot.at, &there.at);
                            }
                        }
                    }
                    sums.closeness += closeness;
                    let (attraction, divergence) = self.attraction(spot);
                    sums.divergence += divergence;
                    sums.forces.push(Forces { row: spot.row, attraction, repulsion });
                }
            }
        }
        Ok(sums)
    }

    /// All that is not in a group: means of what is far, and the other places.
    fn look_around(&self, group: usize, bodies: &mut Vec<Body<D>>) {
        let Tree { nodes, .. } = self.tree;
        let sides = around(self.tree.spots_of(&nodes[group]));
        let angle = self.objective.angle * self.objective.angle;
        bodies.clear();
        let mut at = 0;
        while let Some(node) = nodes.get(at) {
            let holds_group = (at..node.after).contains(&group);
            if holds_group {
                at = if at == group { node.after } else { at + 1 };
            } else if node.diagonal <= angle * square_to(node, &sides) {
                bodies.push(Body { at: node.centre, n_spots: node.n_spots as f64 });
                at = node.after;
            } else {
                at += 1;
                if at == node.after {
                    bodies.extend(self.tree.spots_of(node).iter().map(|spot| Body { at: spot.at, n_spots: 1.0 }));
                }
            }
        }
    }

    /// What draws a place to its neighbours, and how far closeness is from telling them.
    fn attraction(&self, spot: &Spot<D>) -> ([f64; D], f64) {
        let (mut force, mut divergence) = ([0.0; D], 0.0);
        for (other, affinity) in self.objective.near.to(spot.row) {
            let (by, square) = way(&spot.at, &self.places[other]);
            let base = base::<D>(square);
            force.iter_mut().zip(by).for_each(|(force, by)| *force += affinity * base * by);
            if self.wanted == Wanted::Divergence && affinity > 0.0 {
                let affinity = affinity * self.exaggeration;
                divergence += affinity * (affinity / close::<D>(base)).ln();
            }
        }
        (force, divergence)
    }
}

/// The square of the way from a box to the mean of a node.
fn square_to<const D: usize>(node: &Node<D>, (least, most): &([f64; D], [f64; D])) -> f64 {
    let larger = |one: f64, other: f64| if one > other { one } else { other };
    let gap = |axis: usize| larger(larger(least[axis] - node.centre[axis], node.centre[axis] - most[axis]), 0.0);
    (0..D).map(gap).map(|gap| gap * gap).sum()
}

/// `(1 + |y - z|^2 / v)^-1`
fn base<const D: usize>(square: f64) -> f64 {
    1.0 / (1.0 + square / degrees(D))
}

/// `t` of it, with the degrees of freedom of at most three dimensions.
fn close<const D: usize>(base: f64) -> f64 {
    if D > 2 { base * base.sqrt() } else { base }
}

/// The way between two places, and its square.
fn way<const D: usize>(place: &[f64; D], there: &[f64; D]) -> ([f64; D], f64) {
    let by: [f64; D] = from_fn(|axis| place[axis] - there[axis]);
    (by, by.iter().fold(0.0, |sum, by| sum + by * by))
}

/// Adds what drives a place from another one, and answers how close it is.
fn push<const D: usize>(force: &mut [f64; D], place: &[f64; D], there: &[f64; D]) -> f64 {
    let (by, square) = way(place, there);
    let base = base::<D>(square);
    let close = close::<D>(base);
    force.iter_mut().zip(by).for_each(|(force, by)| *force += close * base * by);
    close
}

/// What drives at most [`LANES`] places away from bodies.
fn away_from<const D: usize>(bodies: &[Body<D>], spots: &[Spot<D>]) -> Away<D> {
    let lane = |lane: usize| &spots[lane.min(spots.len() - 1)];
    let places: [[f64; LANES]; D] = from_fn(|axis| from_fn(|own| lane(own).at[axis]));
    let mut away = Away { closeness: [0.0; LANES], force: [[0.0; LANES]; D] };
    for Body { at, n_spots } in bodies {
        let by: [[f64; LANES]; D] = from_fn(|axis| places[axis].map(|y| y - at[axis]));
        let squares: [f64; LANES] = from_fn(|lane| by.iter().fold(0.0, |sum, by| sum + by[lane] * by[lane]));
        let bases = squares.map(base::<D>);
        let closeness = bases.map(|base| n_spots * close::<D>(base));
        away.closeness = from_fn(|lane| away.closeness[lane] + closeness[lane]);
        away.force =
            from_fn(|axis| from_fn(|lane| away.force[axis][lane] + closeness[lane] * bases[lane] * by[axis][lane]));
    }
    away
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::random::Philox;
    use crate::model::tests::quiet;
    use crate::model::{Rows, Targets, Training};
    use ndarray::Array2;
    use proptest::prelude::*;

    /// Affinities of rows by chance.
    fn near(n_rows: usize, perplexity: f64) -> Near {
        let (philox, weights) = (Philox::new(11), vec![1.0; n_rows]);
        let number = |(row, column)| f64::from(philox.block([row as u32, column as u32, 0, 0])[0]) / 2f64.powi(32);
        let features = Array2::from_shape_fn((n_rows, 3), number);
        let rows = Rows::new(&features, Targets::None.view(), &weights);
        Near::of(&Training { rows, seed: 7, threads: 1, progress: &quiet }, perplexity).unwrap()
    }

    /// Places of groups that are apart or within each other, some of them on one spot.
    fn places() -> impl Strategy<Value = Vec<[f64; 3]>> {
        let scale = prop::sample::select(vec![1e-4, 1.0, 30.0]);
        let coordinate = || prop_oneof![1 => Just(0.25), 5 => -1.0f64..1.0, 3 => 4.0f64..6.0, 1 => -90.0f64..90.0];
        let place = || (coordinate(), coordinate(), coordinate());
        (prop::collection::vec(place(), 12..140), scale)
            .prop_map(|(places, scale)| places.into_iter().map(|(x, y, z)| [x, y, z].map(|it| it * scale)).collect())
    }

    /// As the formulas of [`Objective`] say: the divergence, and of each coordinate its gradient, and how much is added up in it.
    fn by_definition<const D: usize>(near: &Near, places: &[[f64; D]], exaggeration: f64) -> (f64, Vec<(f64, f64)>) {
        let (n_rows, v) = (places.len(), if D == 3 { 2.0 } else { 1.0 });
        let mut affinities = vec![vec![0.0; n_rows]; n_rows];
        for (row, own) in affinities.iter_mut().enumerate() {
            near.to(row).for_each(|(other, share)| own[other] += share * exaggeration);
        }
        let square = |one: usize, other: usize| {
            (0..D).map(|axis| (places[one][axis] - places[other][axis]).powi(2)).sum::<f64>()
        };
        let close = |one, other| (1.0 + square(one, other) / v).powf(-(v + 1.0) / 2.0);
        let pairs = || (0..n_rows).flat_map(|one| (0..n_rows).map(move |other| (one, other))).filter(|(a, b)| a != b);
        let sum: f64 = pairs().map(|(one, other)| close(one, other)).sum();
        let (mut divergence, mut gradient) = (0.0, vec![(0.0, 0.0); n_rows * D]);
        for (one, other) in pairs() {
            let (p, q) = (affinities[one][other], close(one, other) / sum);
            divergence += if p > 0.0 { p * (p / q).ln() } else { 0.0 };
            for axis in 0..D {
                let by = (places[one][axis] - places[other][axis]) / (1.0 + square(one, other) / v);
                let factor = 2.0 * (v + 1.0) / v;
                gradient[one * D + axis].0 += factor * (p - q) * by;
                gradient[one * D + axis].1 += factor * (p + q) * by.abs();
            }
        }
        (divergence, gradient)
    }

    fn of_dimensions<const D: usize>(places: &[[f64; 3]]) -> Vec<[f64; D]> {
        places.iter().map(|place| from_fn(|axis| place[axis])).collect()
    }

    fn slope<const D: usize>(objective: &BarnesHut<D>, places: &[[f64; D]], exaggeration: f64) -> Slope {
        objective.slope(places.as_flattened(), exaggeration, Wanted::Divergence, &|| Ok(())).unwrap()
    }

    fn at_angle_0_all_is_added_up<const D: usize>(places: &[[f64; 3]], exaggeration: f64) {
        let places = of_dimensions::<D>(places);
        let (divergence, gradient) = by_definition(&near(places.len(), 3.0), &places, exaggeration);

        let found = slope(&BarnesHut::new(near(places.len(), 3.0), 0.0, 1), &places, exaggeration);

        assert!((found.divergence - divergence).abs() < 1e-11 * (1.0 + divergence.abs()));
        for (found, (expected, size)) in found.gradient.iter().zip(gradient) {
            assert!((found - expected).abs() <= 1e-12 * size, "{D} dimensions: {found} and {expected}, {size}");
        }
    }

    fn at_an_angle_little_is_lost<const D: usize>(places: &[[f64; 3]], (angle, share): (f64, f64)) {
        let places = of_dimensions::<D>(places);
        let length = |them: &mut dyn Iterator<Item = f64>| them.map(|it| it * it).sum::<f64>().sqrt();
        // Only what drives rows apart.
        let (_, gradient) = by_definition(&near(places.len(), 3.0), &places, 0.0);

        let found = slope(&BarnesHut::new(near(places.len(), 3.0), angle, 1), &places, 0.0).gradient;

        let lost = length(&mut found.iter().zip(&gradient).map(|(found, (expected, _))| found - expected));
        let all = length(&mut gradient.iter().map(|(expected, _)| *expected));
        assert!(lost <= share * all, "{D} dimensions at angle {angle}: {lost} of {all}");
    }

    proptest! {
        #[test]
        fn at_angle_0_slopes_are_those_of_the_definition_to_rounding(places in places(), exaggeration in 1.0f64..12.0) {
            at_angle_0_all_is_added_up::<1>(&places, exaggeration);
            at_angle_0_all_is_added_up::<2>(&places, exaggeration);
            at_angle_0_all_is_added_up::<3>(&places, exaggeration);
        }

        #[test]
        fn boxes_lose_a_few_percent_of_a_gradient_at_most(places in places()) {
            for limits in [(0.2, 0.005), (0.5, 0.03)] {
                at_an_angle_little_is_lost::<1>(&places, limits);
                at_an_angle_little_is_lost::<2>(&places, limits);
                at_an_angle_little_is_lost::<3>(&places, limits);
            }
        }
    }

    #[test]
    fn any_number_of_threads_finds_the_same_bits() {
        let philox = Philox::new(5);
        let number = |row: usize, axis| f64::from(philox.block([row as u32, axis, 0, 0])[0]) / 2f64.powi(28);
        let places: Vec<[f64; 2]> = (0..1_500).map(|row| [number(row, 0), number(row, 1)]).collect();
        let bits = |threads: usize| {
            let found = slope(&BarnesHut::new(near(1_500, 5.0), 0.5, threads), &places, 4.0);
            (found.divergence.to_bits(), found.gradient.into_iter().map(f64::to_bits).collect::<Vec<_>>())
        };

        let expected = bits(1);

        assert!([2, 3, 16].into_iter().all(|threads| bits(threads) == expected));
    }

    #[test]
    fn a_box_never_stands_for_a_place_within_it() {
        // Of all that is in the box of three rows, almost all is at one of its corners.
        let mut places = vec![[1.0, 1.0]; 60];
        (places[0], places[1]) = ([1.0 - 3.0 * f64::EPSILON, 1.0], [1.0 - f64::EPSILON, 1.0]);

        let found = slope(&BarnesHut::new(near(60, 3.0), 1.0, 1), &places, 1.0).divergence;

        let (expected, _) = by_definition(&near(60, 3.0), &places, 1.0);
        assert!((found - expected).abs() < 1e-12, "{found} and {expected}");
    }

    #[test]
    fn many_rows_on_one_spot_are_not_looked_at_in_pairs() {
        let (n_rows, mut places) = (5_000, vec![[0.5, -0.1]; 5_000]);
        places[17] = [0.5, 0.9];

        let found = slope(&BarnesHut::new(near(n_rows, 1.0), 0.5, 1), &places, 0.0).gradient;

        // One row is at a distance of 1 from all others, where `t` is a half.
        let others = (n_rows - 1) as f64;
        let closeness = others * (others - 1.0) + others;
        assert!((found[2 * 17 + 1] - -4.0 * others * 0.25 / closeness).abs() < 1e-12 * found[2 * 17 + 1].abs());
        assert!((found[1] - 4.0 * 0.25 / closeness).abs() < 1e-12 * found[1]);
    }
}
