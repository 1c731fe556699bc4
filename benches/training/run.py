"""Times fits and predictions of each algorithm beside scikit-learn's, and writes the table into a document.

    make bench-training

Each algorithm learns from the largest of 100,000, 10,000 and 1,000 rows x 20 on which scikit-learn needs less than a minute,
both with two threads; then both predict as many rows again, at most 10,000. Times are medians of interleaved runs, ratios are
ours to scikit-learn's, and the scores say that both did the same work.

A fit of ours begins with a table of columns, which it reads and checks, and ends when the model is there; scikit-learn's begins
with a matrix, which it checks. What keeps rows (k_neighbors) keeps the table, as scikit-learn's keeps the matrix, and reads them when it
is first asked. Each fit of ours goes on to measure the model on its training rows, 10,000 of them at most. No fit of
scikit-learn's does, so that this time is in no ratio and has a column of its own. No rows are held out.
Both sides have fitted before in their process; ours where a fit takes less than a second.

With --only, rows of the document that are not measured again stay as they are.
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
from sklearn.calibration import CalibratedClassifierCV  # noqa: E402
from sklearn.cluster import DBSCAN, OPTICS, AgglomerativeClustering, KMeans, MiniBatchKMeans  # noqa: E402
from sklearn.cross_decomposition import PLSRegression  # noqa: E402
from sklearn.datasets import make_blobs, make_classification, make_regression  # noqa: E402
from sklearn.decomposition import PCA, FastICA  # noqa: E402
from sklearn.ensemble import AdaBoostClassifier, AdaBoostRegressor, RandomForestClassifier  # noqa: E402
from sklearn.ensemble import RandomForestRegressor  # noqa: E402
from sklearn.isotonic import IsotonicRegression  # noqa: E402
from sklearn.linear_model import ElasticNet, GammaRegressor, Lars, Lasso, LinearRegression, LogisticRegression  # noqa: E402
from sklearn.linear_model import MultiTaskElasticNet, MultiTaskLasso, PoissonRegressor, Ridge, SGDClassifier  # noqa: E402
from sklearn.linear_model import SGDRegressor, TweedieRegressor  # noqa: E402
from sklearn.manifold import TSNE, SpectralEmbedding, trustworthiness  # noqa: E402
from sklearn.mixture import GaussianMixture  # noqa: E402
from sklearn.naive_bayes import BernoulliNB, GaussianNB, MultinomialNB  # noqa: E402
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor  # noqa: E402
from sklearn.neural_network import MLPClassifier, MLPRegressor  # noqa: E402
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, Normalizer, RobustScaler, StandardScaler  # noqa: E402
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection  # noqa: E402
from sklearn.svm import SVC, SVR, OneClassSVM  # noqa: E402
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor  # noqa: E402

N_FEATURES = 20
SIZES = (100_000, 10_000, 1_000)
# Work that grows faster than the number of rows begins at 10,000, or at as many as ours takes.
QUADRATIC = dict.fromkeys(["svc", "svr", "one_class_svm", "agglomerative_clustering", "optics", "tsne"], 10_000)
QUADRATIC |= {"platt_calibration": 10_000, "diffusion_map": 2_000}
PATIENCE = 60.0
# They say nothing of other rows than those that they were fitted on.
TRANSDUCTIVE = (AgglomerativeClustering, DBSCAN, OPTICS, SpectralEmbedding, TSNE)
# A calibrator comes behind a classifier, of which it is said here that it has its defaults.
BEFORE = {"platt_calibration": "svc"}
MOST_PREDICTED = 10_000
HEAD = [
    "| algorithm | rows | fit | scikit-learn's | ratio | metrics | predict | scikit-learn's | ratio | score | scikit-learn's |",
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
]
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


def sources(n):
    """Mixtures of independent columns, none of which is normal."""
    rng = np.random.default_rng(0)
    return rng.laplace(size=(n, N_FEATURES)) @ rng.normal(size=(N_FEATURES, N_FEATURES)), None


# Steps go over all rows ten times, however little they still gain.
TEN_PASSES = {"max_iter": 10, "n_iter_no_change": 10}
ONE_PASS = {"loss": "log_loss", "penalty": "elasticnet", "tol": None, "n_jobs": THREADS, "random_state": 0}
CALIBRATED = {"estimator": SVC(), "method": "sigmoid", "ensemble": False, "n_jobs": THREADS}

# Our name; scikit-learn's estimator; the rows; parameters of both; what only ours, only scikit-learn's takes. A test reads the
# names: every algorithm that `describe` lists is here. Where scikit-learn has no such algorithm, docs/performance.md says what
# stands in its place.
CASES = [
    ("linear_regression", LinearRegression, numbers, {}, {}, {}),
    ("ridge", Ridge, numbers, {"alpha": 1.0}, {}, {}),
    ("lasso", Lasso, numbers, {"alpha": 0.5}, {}, {}),
    ("elastic_net", ElasticNet, numbers, {"alpha": 0.5, "l1_ratio": 0.5}, {}, {}),
    ("multi_task_lasso", MultiTaskLasso, tasks, {"alpha": 0.5}, {}, {}),
    ("multi_task_elastic_net", MultiTaskElasticNet, tasks, {"alpha": 0.5, "l1_ratio": 0.5}, {}, {}),
    ("isotonic_regression", IsotonicRegression, one_column, {}, {}, {"out_of_bounds": "clip"}),
    ("logistic_regression", LogisticRegression, classes, {"max_iter": 100, "tol": 1e-4}, {}, {}),
    ("sgd_regressor", SGDRegressor, numbers, TEN_PASSES, {}, {"random_state": 0}),
    ("sgd_classifier", SGDClassifier, classes, TEN_PASSES, {}, {"n_jobs": THREADS, "random_state": 0}),
    ("ftrl_classifier", SGDClassifier, classes, {"max_iter": 1}, {"l1": 1.5, "l2": 8.5}, ONE_PASS),
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
    ("platt_calibration", CalibratedClassifierCV, classes, {"cv": 5}, {}, CALIBRATED),
    ("svr", SVR, numbers, {"C": 100.0}, {}, {}),
    ("one_class_svm", OneClassSVM, crowd, {"nu": 0.1}, {}, {}),
    ("k_means", KMeans, groups, {"n_clusters": 8, "n_init": 3}, {}, {"random_state": 0}),
    ("gaussian_mixture", GaussianMixture, groups, {"n_components": 8, "n_init": 3}, {}, {"random_state": 0}),
    ("mini_batch_k_means", MiniBatchKMeans, groups, {"n_clusters": 8, "n_init": 10}, {}, {"random_state": 0}),
    ("agglomerative_clustering", AgglomerativeClustering, groups, {"n_clusters": 8}, {}, {}),
    ("dbscan", DBSCAN, groups, {"eps": 16.0}, {}, {"n_jobs": THREADS}),
    ("optics", OPTICS, groups, {"cluster_method": "dbscan", "eps": 16.0}, {}, {"n_jobs": THREADS}),
    ("standard_scaler", StandardScaler, groups, {}, {}, {}),
    ("min_max_scaler", MinMaxScaler, groups, {}, {}, {}),
    ("max_abs_scaler", MaxAbsScaler, groups, {}, {}, {}),
    ("robust_scaler", RobustScaler, groups, {}, {}, {}),
    ("normalizer", Normalizer, groups, {}, {}, {}),
    ("pca", PCA, groups, {"n_components": 5}, {}, {}),
    ("fast_ica", FastICA, sources, {}, {}, {"random_state": 0}),
    ("gaussian_random_projection", GaussianRandomProjection, groups, {"n_components": 5}, {}, {"random_state": 0}),
    ("sparse_random_projection", SparseRandomProjection, groups, {"n_components": 5}, {}, {"random_state": 0}),
    ("diffusion_map", SpectralEmbedding, groups, {"n_components": 2, "gamma": 1e-3}, {}, {"affinity": "rbf", "random_state": 0}),
    ("tsne", TSNE, groups, {}, {}, {"n_jobs": THREADS, "random_state": 0}),
]


def told(model, rows):
    """What a fitted model says of rows; of those that it was fitted on, if it has nothing to say of others."""
    if hasattr(model, "predict"):
        return model.predict(rows)
    if hasattr(model, "transform"):
        return model.transform(rows)[:, 0]
    if hasattr(model, "labels_"):
        return model.labels_
    return np.array([model.kl_divergence_]) if hasattr(model, "kl_divergence_") else model.embedding_.ravel()


def score(estimator, kind, truth, rows, predictions):
    """One number that tells how good predictions are."""
    if estimator is TSNE:
        return predictions[0]  # The divergence.
    if estimator is SpectralEmbedding:
        return trustworthiness(rows, predictions.reshape(len(rows), -1))  # Whether neighbours were neighbours.
    if hasattr(estimator, "transform") and not hasattr(estimator, "predict"):
        return np.std(predictions)  # Of the first column that it puts out.
    if kind is groups:
        return metrics.calinski_harabasz_score(rows, predictions)
    if kind is crowd:
        return np.mean(predictions < 0)  # The share of outliers.
    if truth.dtype.kind == "f":
        return metrics.r2_score(truth, predictions)
    return metrics.accuracy_score(truth, predictions)


def theirs(estimator, x, y, n_train):
    """Times of fit and prediction, and what was predicted."""
    begun = time.perf_counter()
    model = estimator.fit(x[:n_train], None if y is None else y[:n_train])
    fitted = time.perf_counter()
    predictions = told(model, x[n_train:])
    return fitted - begun, time.perf_counter() - fitted, predictions


def ours(program, folder, case):
    """Times of fit, prediction and metrics, and what was predicted."""
    path = folder / "case.json"
    path.write_text(json.dumps(case))
    answer = json.loads(subprocess.run([program, path], check=True, capture_output=True, text=True).stdout)
    return *(answer[f"{it}_seconds"] for it in ("fit", "predict", "metrics")), np.array(answer["predictions"])


def measure(program, folder, rounds, name, estimator, data, both, only_ours, only_theirs):
    most = QUADRATIC.get(name, SIZES[0])
    for n_train in sorted({min(size, most) for size in SIZES}, reverse=True):
        x, y = data(n_train + min(n_train, MOST_PREDICTED))
        x = np.ascontiguousarray(x, dtype=float)
        first = theirs(estimator(**both, **only_theirs), x, y, n_train)
        if first[0] < PATIENCE:
            break
    x.tofile(folder / "rows")
    steps = [{"algorithm": BEFORE[name]}] if name in BEFORE else []
    steps.append({"algorithm": name, "parameters": {**both, **only_ours}})
    case = {"steps": steps, "rows": str(folder / "rows"), "targets": None, "n_targets": 1}
    case |= {"n_features": x.shape[1], "n_train": n_train, "threads": THREADS, "classes": False}
    if y is not None:
        y.astype(float).tofile(folder / "targets")
        case |= {"targets": str(folder / "targets"), "n_targets": y[0].size, "classes": y.dtype.kind != "f"}
    runs = [(ours(program, folder, case), theirs(estimator(**both, **only_theirs), x, y, n_train)) for _ in range(rounds)]
    fit, predict = ([[side[at] for side in run] for run in runs] for at in (0, 1))
    seen = statistics.median(run[0][2] for run in runs)
    truth = None if y is None else y[n_train:]
    asked = x[:n_train] if estimator in TRANSDUCTIVE else x[n_train:]
    given = [side[-1] if truth is None else side[-1].reshape(truth.shape) for side in runs[0]]
    scores = [score(estimator, data, truth, asked, answers) for answers in given]
    return n_train, fit, seen, predict, scores


def row(name, n_train, fit, seen, predict, scores):
    def cells(times):
        own, other = (statistics.median(run[at] for run in times) for at in (0, 1))
        return f"{1e3 * own:,.2f} | {1e3 * other:,.2f} | {statistics.median(a / b for a, b in times):.2f}"

    asked = cells(predict) if predict[0][0] else " | | "
    timed = f"{cells(fit)} | {1e3 * seen:,.2f} | {asked}"
    return f"| `{name}` | {n_train:,} | {timed} | {scores[0]:.4g} | {scores[1]:.4g} |"


def known_rows(document):
    """Rows by name of the table that is there, if it has the same columns."""
    table = document.read_text().split(BEGIN)[1].split(END)[0].splitlines()
    same = table[3:5] == HEAD
    return {line.split("`")[1]: line for line in table[5:]} if same else {}


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
        *HEAD,
    ]
    known = known_rows(arguments.document) if arguments.document and arguments.only else {}
    with tempfile.TemporaryDirectory() as folder:
        for name, *rest in CASES:
            if not arguments.only or name in arguments.only:
                lines.append(row(name, *measure(arguments.program, Path(folder), arguments.rounds, name, *rest)))
                print(lines[-1], flush=True)
            elif name in known:
                lines.append(known[name])
    if arguments.document:
        text = arguments.document.read_text()
        before, rest = text.split(BEGIN)
        _, after = rest.split(END)
        table = "\n".join(lines)
        arguments.document.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")


if __name__ == "__main__":
    main()
