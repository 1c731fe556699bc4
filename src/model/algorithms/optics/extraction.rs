//! Clusters in an order of rows.

use super::order::Order;
use crate::model::NOISE;
use std::ops::RangeInclusive;

/// What DBSCAN would find, but for rows at the border: places up to the next one that is reached from further than `eps` away.
pub(super) fn below(order: &Order, eps: f64) -> Vec<i64> {
    let (mut labels, mut label) = (vec![NOISE; order.rows.len()], -1);
    for ((row, reachability), core_distance) in order.rows.iter().zip(&order.reachability).zip(&order.core_distances) {
        let (far, core) = (*reachability > eps, *core_distance <= eps);
        label += i64::from(far && core);
        if core || !far {
            labels[*row] = label;
        }
    }
    labels
}

/// The smallest clusters between steps down and up, as scikit-learn's `cluster_optics_xi` finds them.
pub(super) fn between_steps(order: &Order, xi: f64, min_samples: usize, min_cluster_size: usize) -> Vec<i64> {
    let plot = Plot::of(order, xi, min_samples);
    let (mut labels, mut label) = (vec![NOISE; order.rows.len()], 0);
    for cluster in plot.clusters(min_cluster_size) {
        let rows = &order.rows[cluster];
        if rows.iter().all(|row| labels[*row] == NOISE) {
            rows.iter().for_each(|row| labels[*row] = label);
            label += 1;
        }
    }
    labels
}

/// A steep area down that may begin clusters.
#[derive(Clone, Copy, Debug)]
struct Descent {
    start: usize,
    end: usize,
    /// The largest reachability since its end.
    between: f64,
}

/// Reachabilities by place, and how they go from each to the next.
struct Plot<'a> {
    order: &'a Order,
    /// An infinite one at the end closes what is open.
    heights: Vec<f64>,
    /// The place of each row.
    places: Vec<usize>,
    /// Each height divided by the next; no number between two infinite ones.
    ratios: Vec<f64>,
    /// 1 - xi
    least: f64,
    /// Places in a row that need not be steep.
    most_flat: usize,
}

impl<'a> Plot<'a> {
    fn of(order: &'a Order, xi: f64, min_samples: usize) -> Self {
        let heights: Vec<f64> = order.reachability.iter().copied().chain([f64::INFINITY]).collect();
        let ratios = heights.windows(2).map(|pair| pair[0] / pair[1]).collect();
        let mut places = vec![0; order.rows.len()];
        order.rows.iter().enumerate().for_each(|(place, row)| places[*row] = place);
        Self { order, heights, places, ratios, least: 1.0 - xi, most_flat: min_samples }
    }

    fn is_steep_down(&self, place: usize) -> bool {
        self.ratios[place] >= 1.0 / self.least
    }

    fn is_steep_up(&self, place: usize) -> bool {
        self.ratios[place] <= self.least
    }

    /// Figure 19 of the paper.
    fn clusters(&self, min_cluster_size: usize) -> Vec<RangeInclusive<usize>> {
        let (mut descents, mut clusters): (Vec<Descent>, Vec<_>) = (vec![], vec![]);
        let (mut at, mut between) = (0, 0.0_f64);
        for place in 0..self.ratios.len() {
            if place < at || !(self.is_steep_down(place) || self.is_steep_up(place)) {
                continue;
            }
            between = self.heights[at..=place].iter().copied().fold(between, f64::max);
            self.keep_open(&mut descents, between);
            if self.is_steep_down(place) {
                let end = self.end_of(place, |it| self.is_steep_down(it), |it| self.ratios[it] < 1.0);
                descents.push(Descent { start: place, end, between: 0.0 });
                at = end + 1;
            } else {
                let end = self.end_of(place, |it| self.is_steep_up(it), |it| self.ratios[it] > 1.0);
                at = end + 1;
                // The smaller ones come first.
                let found = descents.iter().rev().filter_map(|descent| self.cluster(*descent, (place, end)));
                clusters.extend(
                    found.filter(|(start, end)| end - start + 1 >= min_cluster_size).map(|(start, end)| start..=end),
                );
            }
            between = self.heights[at];
        }
        clusters
    }

    /// Drops descents that something as high lies behind.
    fn keep_open(&self, descents: &mut Vec<Descent>, between: f64) {
        descents.retain(|it| between.is_finite() && between <= self.heights[it.start] * self.least);
        descents.iter_mut().for_each(|it| it.between = it.between.max(between));
    }

    /// The last steep place of an area that begins at one, goes nowhere the other way and has few places in a row that are not
    /// steep.
    fn end_of(&self, start: usize, is_steep: impl Fn(usize) -> bool, goes_back: impl Fn(usize) -> bool) -> usize {
        let (mut end, mut flat) = (start, 0);
        for place in start..self.ratios.len() {
            if is_steep(place) {
                (end, flat) = (place, 0);
            } else if goes_back(place) {
                break;
            } else {
                flat += 1;
                if flat > self.most_flat {
                    break;
                }
            }
        }
        end
    }

    /// The cluster between a descent and an ascent (definition 11 of the paper); `None` if there is none.
    fn cluster(&self, descent: Descent, (ascent, last): (usize, usize)) -> Option<(usize, usize)> {
        let (after, before) = (self.heights[last + 1], self.heights[descent.start]);
        if after * self.least < descent.between {
            return None;
        }
        let (mut start, mut end) = (descent.start, last);
        if before * self.least >= after {
            while self.heights[start + 1] > after && start < descent.end {
                start += 1;
            }
        } else if after * self.least >= before {
            while end > ascent && self.heights[end - 1] > before {
                end -= 1;
            }
        }
        let (start, end) = self.reached_from_within(start, end)?;
        (start <= descent.end && end >= ascent).then_some((start, end))
    }

    /// Leaves out rows at the end that are reached from outside, as long as they are not lower than the start.
    fn reached_from_within(&self, start: usize, mut end: usize) -> Option<(usize, usize)> {
        while start < end {
            let from = self.order.predecessors[end].map(|row| self.places[row]);
            if self.heights[start] > self.heights[end] || from.is_some_and(|place| (start..end).contains(&place)) {
                return Some((start, end));
            }
            end -= 1;
        }
        None
    }
}
