"""Times fits and predictions of each algorithm beside scikit-learn's, and writes the table into a document.

    make bench-training

Each algorithm learns from the largest of 100,000, 10,000 and 1,000 rows x 20 on which scikit-learn needs less than a minute,
both with two threads; then both predict as many rows again, at most 10,000. Times are medians of interleaved runs, ratios are
ours to scikit-learn's, and the scores say that both did the same work. The time of ours has the metrics on training rows in it,
10,000 of them at most; no rows are held out.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import tempfile
import time
from datetime import date
from pathlib import Path

THREADS = 2
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = str(THREADS)

import numpy as np  # noqa: E402: it reads the number of threads when it is imported
import sklearn  # noqa: E402
from sklearn import metrics  # noqa: E402
from sklearn.cluster import KMeans, MiniBatchKMeans  # noqa: E402
from sklearn.cross_decomposition import PLSRegression  # noqa: E402
from sklearn.datasets import make_blobs, make_classification, make_regression  # noqa: E402
from sklearn.ensemble import AdaBoostClassifier, AdaBoostRegressor, RandomForestClassifier  # noqa: E402
from sklearn.ensemble import RandomForestRegressor  # noqa: E402
from sklearn.isotonic import IsotonicRegression  # noqa: E402
from sklearn.linear_model import ElasticNet, GammaRegressor, Lars, Lasso, LinearRegression, LogisticRegression  # noqa: E402
from sklearn.linear_model import MultiTaskElasticNet, MultiTaskLasso, PoissonRegressor, Ridge, TweedieRegressor  # noqa: E402
from sklearn.mixture import GaussianMixture  # noqa: E402
from sklearn.naive_bayes import BernoulliNB, GaussianNB, MultinomialNB  # noqa: E402
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor  # noqa: E402
from sklearn.neural_network import MLPClassifier, MLPRegressor  # noqa: E402
from sklearn.svm import SVC, SVR, OneClassSVM  # noqa: E402
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor  # noqa: E402

N_FEATURES = 20
SIZES = (100_000, 10_000, 1_000)
# Their work grows with the square of rows, so that they begin at 10,000.
QUADRATIC = ("svc", "svr", "one_class_svm")
PATIENCE = 60.0
MOST_PREDICTED = 10_000
BEGIN, END = "<!-- training:begin -->", "<!-- training:end -->"


def numbers(n):
    """A target that depends on ten of the columns, with noise."""
    return make_regression(n, N_FEATURES, n_informative=10, noise=10.0, random_state=0)


def tasks(n):
    """Three targets that depend on the same ten columns, with noise."""
    return make_regression(n, N_FEATURES, n_informative=10, n_targets=3, noise=10.0, random_state=0)


def classes(n):
    """Three classes of several groups each."""
    return make_classification(n, N_FEATURES, n_informative=10, n_classes=3, n_clusters_per_class=2, random_state=0)


def counts(n):
    """Counts that differ by class."""
    rng = np.random.default_rng(0)
    kinds = rng.integers(3, size=n)
    return rng.poisson(rng.uniform(0.5, 5, size=(3, N_FEATURES))[kinds]).astype(float), kinds


def groups(n):
    """Eight round groups that overlap."""
    return make_blobs(n, N_FEATURES, centers=8, cluster_std=4.0, random_state=0)[0], None


def crowd(n):
    """One round group, and one row in twenty from all around it."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, N_FEATURES)) * np.where(rng.random(n) < 0.05, 3.0, 1.0)[:, None], None


def amounts(n):
    """Amounts above 0 whose logarithm depends on the columns, and whose spread grows with them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, N_FEATURES))
    return x, rng.gamma(2.0, np.exp(x @ rng.normal(scale=0.1, size=N_FEATURES)) / 2.0)


def one_column(n):
    """A target that grows with one column."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 1))
    return x, x[:, 0] ** 3 + rng.normal(size=n)


# Our name; scikit-learn's estimator; the rows; parameters of both; what only ours, only scikit-learn's takes.
CASES = [
    ("linear_regression", LinearRegression, numbers, {}, {}, {}),
    ("ridge", Ridge, numbers, {"alpha": 1.0}, {}, {}),
    ("lasso", Lasso, numbers, {"alpha": 0.5}, {}, {}),
    ("elastic_net", ElasticNet, numbers, {"alpha": 0.5, "l1_ratio": 0.5}, {}, {}),
    ("multi_task_lasso", MultiTaskLasso, tasks, {"alpha": 0.5}, {}, {}),
    ("multi_task_elastic_net", MultiTaskElasticNet, tasks, {"alpha": 0.5, "l1_ratio": 0.5}, {}, {}),
    ("isotonic_regression", IsotonicRegression, one_column, {}, {}, {"out_of_bounds": "clip"}),
    ("logistic_regression", LogisticRegression, classes, {"max_iter": 100, "tol": 1e-4}, {}, {}),
    ("gaussian_nb", GaussianNB, classes, {}, {}, {}),
    ("multinomial_nb", MultinomialNB, counts, {}, {}, {}),
    ("bernoulli_nb", BernoulliNB, counts, {"binarize": 2.0}, {}, {}),
    ("poisson_regressor", PoissonRegressor, amounts, {}, {}, {}),
    ("gamma_regressor", GammaRegressor, amounts, {}, {}, {}),
    ("tweedie_regressor", TweedieRegressor, amounts, {"power": 1.5}, {}, {}),
    ("lars", Lars, numbers, {}, {}, {}),
    ("pls_regression", PLSRegression, numbers, {}, {}, {}),
    ("decision_tree_classifier", DecisionTreeClassifier, classes, {}, {}, {"random_state": 0}),
    ("decision_tree_regressor", DecisionTreeRegressor, numbers, {}, {}, {"random_state": 0}),
    ("random_forest_classifier", RandomForestClassifier, classes, {}, {}, {"n_jobs": THREADS, "random_state": 0}),
    ("random_forest_regressor", RandomForestRegressor, numbers, {}, {}, {"n_jobs": THREADS, "random_state": 0}),
    ("ada_boost_classifier", AdaBoostClassifier, classes, {}, {}, {"random_state": 0}),
    ("ada_boost_regressor", AdaBoostRegressor, numbers, {}, {}, {"random_state": 0}),
    ("k_neighbors_classifier", KNeighborsClassifier, classes, {}, {}, {"n_jobs": THREADS}),
    ("k_neighbors_regressor", KNeighborsRegressor, numbers, {}, {}, {"n_jobs": THREADS}),
    ("mlp_classifier", MLPClassifier, classes, {"max_iter": 10}, {}, {"random_state": 0}),
    ("mlp_regressor", MLPRegressor, numbers, {"max_iter": 10}, {}, {"random_state": 0}),
    ("svc", SVC, classes, {}, {}, {}),
    ("svr", SVR, numbers, {"C": 100.0}, {}, {}),
    ("one_class_svm", OneClassSVM, crowd, {"nu": 0.1}, {}, {}),
    ("k_means", KMeans, groups, {"n_clusters": 8, "n_init": 3}, {}, {"random_state": 0}),
    ("gaussian_mixture", GaussianMixture, groups, {"n_components": 8, "n_init": 3}, {}, {"random_state": 0}),
    ("mini_batch_k_means", MiniBatchKMeans, groups, {"n_clusters": 8, "n_init": 10}, {}, {"random_state": 0}),
]


def score(kind, truth, rows, predictions):
    """One number that tells how good predictions are."""
    if kind is groups:
        return metrics.calinski_harabasz_score(rows, predictions)
    if kind is crowd:
        return np.mean(predictions < 0)  # The share of outliers.
    if truth.dtype.kind == "f":
        return metrics.r2_score(truth, predictions)
    return metrics.accuracy_score(truth, predictions)


def theirs(estimator, x, y, n_train):
    begun = time.perf_counter()
    model = estimator.fit(x[:n_train], None if y is None else y[:n_train])
    fitted = time.perf_counter()
    predictions = model.predict(x[n_train:])
    return fitted - begun, time.perf_counter() - fitted, predictions


def ours(program, folder, case):
    path = folder / "case.json"
    path.write_text(json.dumps(case))
    answer = json.loads(subprocess.run([program, path], check=True, capture_output=True, text=True).stdout)
    return answer["fit_seconds"], answer["predict_seconds"], np.array(answer["predictions"])


def measure(program, folder, rounds, name, estimator, data, both, only_ours, only_theirs):
    for n_train in SIZES[1:] if name in QUADRATIC else SIZES:
        x, y = data(n_train + min(n_train, MOST_PREDICTED))
        x = np.ascontiguousarray(x, dtype=float)
        first = theirs(estimator(**both, **only_theirs), x, y, n_train)
        if first[0] < PATIENCE:
            break
    x.tofile(folder / "rows")
    case = {"algorithm": name, "parameters": {**both, **only_ours}, "rows": str(folder / "rows"), "targets": None, "n_targets": 1}
    case |= {"n_features": x.shape[1], "n_train": n_train, "threads": THREADS, "classes": False}
    if y is not None:
        y.astype(float).tofile(folder / "targets")
        case |= {"targets": str(folder / "targets"), "n_targets": y[0].size, "classes": y.dtype.kind != "f"}
    runs = [(ours(program, folder, case), theirs(estimator(**both, **only_theirs), x, y, n_train)) for _ in range(rounds)]
    fit, predict = ([[side[at] for side in run] for run in runs] for at in (0, 1))
    truth = None if y is None else y[n_train:]
    scores = [score(data, truth, x[n_train:], side[2] if truth is None else side[2].reshape(truth.shape)) for side in runs[0]]
    return n_train, fit, predict, scores


def row(name, n_train, fit, predict, scores):
    def cells(times):
        own, other = (statistics.median(run[at] for run in times) for at in (0, 1))
        return f"{1e3 * own:,.2f} | {1e3 * other:,.2f} | {statistics.median(a / b for a, b in times):.2f}"

    return f"| `{name}` | {n_train:,} | {cells(fit)} | {cells(predict)} | {scores[0]:.4g} | {scores[1]:.4g} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, help="benches/training.rs, built")
    parser.add_argument("--document", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", help="names of algorithms")
    arguments = parser.parse_args()
    lines = [
        f"`make bench-training`: medians of {arguments.rounds} interleaved runs, {THREADS} threads each; {os.cpu_count()} cores, "
        f"{platform.system()} {platform.release()}, scikit-learn {sklearn.__version__}, {date.today()}. Milliseconds; ratios "
        "below 1 are faster than scikit-learn.",
        "",
        "| algorithm | rows | fit | scikit-learn's | ratio | predict | scikit-learn's | ratio | score | scikit-learn's |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for name, *rest in CASES:
            if not arguments.only or name in arguments.only:
                lines.append(row(name, *measure(arguments.program, Path(folder), arguments.rounds, name, *rest)))
                print(lines[-1], flush=True)
    if arguments.document:
        text = arguments.document.read_text()
        before, rest = text.split(BEGIN)
        _, after = rest.split(END)
        table = "\n".join(lines)
        arguments.document.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")


if __name__ == "__main__":
    main()
