//! Places in boxes within boxes: a quadtree in two dimensions, an octree in three.

/// Places of a leaf at most, unless all are on one spot.
const LEAF: usize = 8;
/// Parts that a box is cut into at most: half of it along each of three dimensions.
const PARTS: usize = 8;

/// A place, and the row that is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot<const D: usize> {
    pub(super) at: [f64; D],
    pub(super) row: usize,
}

/// Some places that are beside each other.
#[derive(Debug)]
pub(super) struct Node<const D: usize> {
    /// Their mean.
    pub(super) centre: [f64; D],
    /// The square of the diagonal of the smallest box around them.
    pub(super) diagonal: f64,
    /// Where they are in the order of the tree, and how many.
    pub(super) first: usize,
    pub(super) n_spots: usize,
    /// The node after its descendants.
    pub(super) after: usize,
}

/// Cuts the smallest box around places at the middle of each dimension, again and again.
///
/// J. Barnes, P. Hut, "A hierarchical O(N log N) force-calculation algorithm" (1986), doi:10.1038/324446a0, with boxes that are no
/// larger than what they hold. Each cut divides what is not on one spot, so that it ends.
#[derive(Debug)]
pub(super) struct Tree<const D: usize> {
    /// In the order of the leaves.
    pub(super) spots: Vec<Spot<D>>,
    /// Each before its descendants.
    pub(super) nodes: Vec<Node<D>>,
}

impl<const D: usize> Tree<D> {
    /// Of the place of each row.
    pub(super) fn new(places: &[[f64; D]]) -> Self {
        let spots: Vec<Spot<D>> = places.iter().enumerate().map(|(row, at)| Spot { at: *at, row }).collect();
        let mut moved = Vec::with_capacity(spots.len());
        let all = spots.len();
        let mut tree = Self { spots, nodes: Vec::with_capacity(all / 2) };
        tree.grow(0, all, &mut moved);
        tree
    }

    /// The places of a node.
    pub(super) fn spots_of(&self, node: &Node<D>) -> &[Spot<D>] {
        &self.spots[node.first..node.first + node.n_spots]
    }

    /// Nodes that hold each place once: the largest of so many places, or all on one spot. In the order of the tree.
    pub(super) fn groups(&self, most: usize) -> Vec<usize> {
        let (mut groups, mut at) = (vec![], 0);
        while let Some(node) = self.nodes.get(at) {
            let is_group = node.n_spots <= most || node.after == at + 1;
            if is_group {
                groups.push(at);
            }
            at = if is_group { node.after } else { at + 1 };
        }
        groups
    }

    /// Adds the node of some places and its descendants; `moved` is room.
    fn grow(&mut self, first: usize, n_spots: usize, moved: &mut Vec<Spot<D>>) {
        let own = self.nodes.len();
        let spots = &mut self.spots[first..first + n_spots];
        let (least, most) = around(spots);
        let mut centre = [0.0; D];
        spots.iter().for_each(|spot| centre.iter_mut().zip(spot.at).for_each(|(sum, y)| *sum += y));
        // Rounding must not take the mean out of the box.
        let centre = std::array::from_fn(|axis| (centre[axis] / n_spots as f64).max(least[axis]).min(most[axis]));
        let diagonal = (0..D).map(|axis| (most[axis] - least[axis]).max(0.0)).map(|extent| extent * extent).sum();
        self.nodes.push(Node { centre, diagonal, first, n_spots, after: own + 1 });
        if n_spots <= LEAF || (0..D).all(|axis| least[axis] >= most[axis]) {
            return;
        }
        let middle: [f64; D] = std::array::from_fn(|axis| between(least[axis], most[axis]));
        let part_of =
            |spot: &Spot<D>| (0..D).fold(0, |part, axis| 2 * part + usize::from(spot.at[axis] > middle[axis]));
        let mut sizes = [0; PARTS];
        spots.iter().for_each(|spot| sizes[part_of(spot)] += 1);
        let mut next = [0; PARTS];
        (1..PARTS).for_each(|part| next[part] = next[part - 1] + sizes[part - 1]);
        moved.clear();
        moved.extend_from_slice(spots);
        for spot in moved.iter() {
            let place = &mut next[part_of(spot)];
            spots[*place] = *spot;
            *place += 1;
        }
        let mut begin = first;
        for size in sizes.into_iter().filter(|size| *size > 0) {
            self.grow(begin, size, moved);
            begin += size;
        }
        self.nodes[own].after = self.nodes.len();
    }
}

/// The least and the largest coordinates of some places.
pub(super) fn around<const D: usize>(spots: &[Spot<D>]) -> ([f64; D], [f64; D]) {
    let (mut least, mut most) = ([f64::INFINITY; D], [f64::NEG_INFINITY; D]);
    for spot in spots {
        least.iter_mut().zip(spot.at).for_each(|(least, y)| *least = if y < *least { y } else { *least });
        most.iter_mut().zip(spot.at).for_each(|(most, y)| *most = if y > *most { y } else { *most });
    }
    (least, most)
}

/// The middle of two numbers, below the larger one unless they are the same.
fn between(least: f64, most: f64) -> f64 {
    let middle = least + (most - least) / 2.0;
    if middle < most { middle } else { least }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Places that are apart, beside each other to the last digit, or on one spot.
    fn places() -> impl Strategy<Value = Vec<[f64; 2]>> {
        let magnitude = prop::sample::select(vec![0.0, 1e-300, 1e-4, 1.0, 1e100]);
        let coordinate = || prop_oneof![Just(1.0), Just(1.0 + f64::EPSILON), Just(1.0 - f64::EPSILON), -1.0f64..1.0];
        let place = (coordinate(), coordinate(), magnitude).prop_map(|(x, y, magnitude)| [x * magnitude, y]);
        prop::collection::vec(place, 1..120)
    }

    proptest! {
        #[test]
        fn nodes_hold_what_is_beside_each_other_and_groups_hold_each_place_once(places in places(), most in 1usize..40) {
            let tree = Tree::new(&places);

            let mut rows: Vec<usize> = tree.spots.iter().map(|spot| spot.row).collect();
            prop_assert!(tree.spots.iter().all(|spot| spot.at == places[spot.row]));
            rows.sort_unstable();
            prop_assert_eq!(rows, (0..places.len()).collect::<Vec<_>>());
            for (at, node) in tree.nodes.iter().enumerate() {
                let (least, most) = around(tree.spots_of(node));
                let inside = (0..2).all(|axis| (least[axis]..=most[axis]).contains(&node.centre[axis]));
                prop_assert!(inside, "{node:?} of {least:?} to {most:?}");
                prop_assert_eq!(node.diagonal, (0..2).map(|axis| (most[axis] - least[axis]).powi(2)).sum::<f64>());
                let is_leaf = node.after == at + 1;
                prop_assert_eq!(is_leaf, node.n_spots <= LEAF || least == most, "{:?}", node);
                let mut children = 0;
                let mut child = at + 1;
                while child < node.after {
                    prop_assert_eq!(tree.nodes[child].first, node.first + children);
                    children += tree.nodes[child].n_spots;
                    child = tree.nodes[child].after;
                }
                prop_assert!(is_leaf || children == node.n_spots);
            }
            let mut next = 0;
            for group in tree.groups(most) {
                let node = &tree.nodes[group];
                prop_assert!(node.first == next && (node.n_spots <= most || node.after == group + 1));
                next += node.n_spots;
            }
            prop_assert_eq!(next, places.len());
        }
    }

    #[test]
    fn places_on_one_spot_are_one_leaf() {
        let mut places = vec![[0.1, -7.3, 1e-300]; 100_000];
        places.push([0.1, -7.3, 0.0]);

        let tree = Tree::new(&places);

        assert_eq!(tree.nodes.iter().map(|node| node.n_spots).collect::<Vec<_>>(), [100_001, 1, 100_000]);
        assert_eq!(tree.nodes[2].centre, [0.1, -7.3, 1e-300]);
    }

    #[test]
    fn places_that_are_no_numbers_end_a_tree_all_the_same() {
        let places: Vec<[f64; 1]> = (0..90).map(|row| [if row % 3 == 0 { f64::NAN } else { f64::from(row) }]).collect();

        let tree = Tree::new(&places);

        assert_eq!(tree.nodes[0].n_spots, 90);
        assert_eq!(tree.nodes[0].after, tree.nodes.len());
    }
}
