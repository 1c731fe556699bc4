//! Support vector machines against scikit-learn, see `oracles`.

use super::oracles::assert_cases;

#[test]
fn support_vector_classifiers_agree_with_scikit_learn() {
    assert_cases("svc");
}

#[test]
fn one_class_machines_agree_with_scikit_learn() {
    assert_cases("one_class_svm");
}

#[test]
fn support_vector_regressions_agree_with_scikit_learn() {
    assert_cases("svr");
}
