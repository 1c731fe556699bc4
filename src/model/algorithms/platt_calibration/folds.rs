//! Parts of the rows in which each class has its share.

/// Which of `n_folds` parts each row is in: of each class about as many rows in each part, in the order of the rows, as in
/// scikit-learn's `StratifiedKFold`.
pub(super) fn stratified(classes: &[usize], n_classes: usize, n_folds: usize) -> Vec<usize> {
    // Rows sorted by class, classes in the order in which they first come, are dealt out in turns.
    let (mut order, mut counts) = (vec![], vec![0; n_classes]);
    for class in classes {
        if counts[*class] == 0 {
            order.push(*class);
        }
        counts[*class] += 1;
    }
    let (mut places, mut dealt) = (vec![vec![]; n_classes], 0);
    for class in order {
        let mut sizes = vec![0; n_folds];
        (dealt..dealt + counts[class]).for_each(|position| sizes[position % n_folds] += 1);
        dealt += counts[class];
        places[class] = sizes.into_iter().enumerate().flat_map(|(fold, size)| vec![fold; size]).collect();
    }
    let mut next = vec![0; n_classes];
    let fold_of = |class: &usize| {
        next[*class] += 1;
        places[*class][next[*class] - 1]
    };
    classes.iter().map(fold_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `StratifiedKFold(3)` of scikit-learn 1.9.1.
    #[test]
    fn folds_are_those_of_scikit_learn() {
        let classes = [1, 0, 1, 2, 0, 1, 1, 2, 0, 2, 1, 1, 0, 1, 2, 1, 0];

        assert_eq!(stratified(&classes, 3, 3), [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
    }
}
