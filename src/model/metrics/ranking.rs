//! Whether rows of a class have larger scores than others.

/// Both areas are 1 where all rows of the class come before all others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Areas {
    /// Below the curve of true positives by false positives, by trapezoids: the chance that a row of the class has a larger score
    /// than one of the others, ties counted half. Source: T. Fawcett, "An introduction to ROC analysis" (2006).
    pub(super) roc_auc: f64,
    /// `sum_n (R_n - R_(n-1)) P_n`: the mean of precisions, each weighted by the recall that its threshold adds.
    pub(super) average_precision: f64,
}

/// A score, whether its row is of the class, and the weight of the row.
pub(super) type Scored = (f64, bool, f64);

/// The areas; `None` where all rows are of the class, or none is.
pub(super) fn areas(mut rows: Vec<Scored>) -> Option<Areas> {
    let weight = |of_class: bool| rows.iter().filter(|row| row.1 == of_class).map(|row| row.2).sum::<f64>();
    let (positives, negatives) = (weight(true), weight(false));
    if positives == 0.0 || negatives == 0.0 {
        return None;
    }
    rows.sort_by(|one, other| other.0.total_cmp(&one.0));
    let (mut hits, mut misses) = (0.0, 0.0);
    let mut areas = Areas { roc_auc: 0.0, average_precision: 0.0 };
    for tied in rows.chunk_by(|one, other| one.0 == other.0) {
        let of_class = |of_class: bool| tied.iter().filter(|row| row.1 == of_class).map(|row| row.2).sum::<f64>();
        let (more_hits, more_misses) = (of_class(true), of_class(false));
        areas.roc_auc += more_misses / negatives * (hits + more_hits / 2.0) / positives;
        hits += more_hits;
        misses += more_misses;
        areas.average_precision += more_hits / positives * (hits / (hits + misses));
    }
    Some(areas)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_order_has_areas_of_one_and_ties_count_half() {
        let perfect = areas(vec![(0.1, false, 1.0), (0.9, true, 2.0), (0.4, false, 3.0)]).unwrap();
        let tied = areas(vec![(0.5, false, 1.0), (0.5, true, 1.0), (0.5, false, 1.0), (0.5, true, 1.0)]).unwrap();

        assert_eq!(perfect, Areas { roc_auc: 1.0, average_precision: 1.0 });
        assert_eq!(tied, Areas { roc_auc: 0.5, average_precision: 0.5 });
    }

    #[test]
    fn one_class_alone_has_no_order() {
        assert_eq!(areas(vec![(0.1, true, 1.0), (0.2, true, 1.0)]), None);
        assert_eq!(areas(vec![(0.1, false, 1.0)]), None);
        assert_eq!(areas(vec![]), None);
    }
}
