"""Against the server itself."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from real_server import needs_server, new_token, running

import modelwire
from modelwire import Client, FailedPrecondition, InvalidArgument, NotFound

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
pytestmark = needs_server


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("data")) as address:
        yield address


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    with Client(address) as client:
        yield client


def test_the_quick_start_trains_and_predicts(address: str) -> None:
    environment = os.environ | {"MODELWIRE_ADDRESS": address}
    run = subprocess.run(
        [sys.executable, EXAMPLES / "quickstart.py"], env=environment, capture_output=True, text=True, check=False
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines() == [
        "Hello, World!",
        "wine@1 explains 36% of the variance of quality",
        "tasters say 5, wine@1 says 5.03",
        "tasters say 5, wine@1 says 5.14",
        "tasters say 5, wine@1 says 5.21",
    ]


def test_a_matrix_and_its_targets_are_all_that_training_needs(client: Client) -> None:
    # y = 2 a - 3 b + 1 without noise: least squares finds it to rounding.
    features = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 5.0], [3.0, 1.0]])
    targets = features @ [2.0, -3.0] + 1

    version = client.train("plane", "linear_regression", features=features, target=targets, names=["a", "b"]).wait()
    prediction = client.predict("plane", np.array([[10.0, 1.0], [0.0, 0.0]], np.float32))

    assert [column.name for column in version.schema.features] == ["a", "b"]
    assert (version.kind, version.n_samples, version.aliases) == ("regressor", 4, ("stable",))
    assert prediction.values is not None
    np.testing.assert_allclose(prediction.values, [18.0, 1.0], rtol=1e-9)


@pytest.mark.parametrize("labels", [[True, False, True, False], [7, 3, 7, 3], ["yes", "no", "yes", "no"]])
def test_labels_come_back_as_what_they_were(client: Client, labels: list[object]) -> None:
    features = [[5.0], [-5.0], [4.0], [-4.0]]
    client.train(f"sign-{type(labels[0]).__name__}", "logistic_regression", features=features, target=labels).wait()

    prediction = client.predict(f"sign-{type(labels[0]).__name__}@latest", features)

    assert prediction.labels is not None
    assert prediction.probabilities is not None
    assert prediction.labels.tolist() == labels
    np.testing.assert_allclose(prediction.probabilities.sum(axis=1), 1)


def test_more_rows_than_a_call_holds_are_predicted_as_their_pieces_are(client: Client) -> None:
    features = np.random.default_rng(20_261_122).normal(size=(300_000, 4))
    labels = np.where(features[:60, 0] > 0, "up", "down").astype(object)
    client.train("large", "logistic_regression", features=features[:60], target=labels).wait()

    whole = client.predict("large", features)
    by_name = client.predict("large", {f"x{at}": features[:, at] for at in range(4)})

    starts = range(0, 300_000, 50_000)
    pieces = [_classified(client.predict("large", features[start : start + 50_000])) for start in starts]
    expected = [label for labels, _ in pieces for label in labels], b"".join(bits for _, bits in pieces)
    assert _classified(whole) == expected
    assert _classified(by_name) == expected


def _classified(prediction: modelwire.Prediction) -> tuple[list[str], bytes]:
    assert prediction.labels is not None
    assert prediction.probabilities is not None
    return prediction.labels.tolist(), prediction.probabilities.tobytes()


def test_many_requests_of_one_call_are_answered_as_each_alone(client: Client) -> None:
    client.train("many", "linear_regression", features=[[0.0], [1.0], [2.0]], target=[1.0, 3.0, 5.0]).wait()
    requests: list[tuple[str, object]] = [
        ("many", [[0.25], [7.5]]),
        ("nobody", [[1.0]]),
        ("many@1", {"x0": [3.0]}),
        ("many", [[1.0, 2.0]]),
    ]

    answers = client.predict_many(requests)

    for (model, rows), answer in zip(requests, answers, strict=True):
        if isinstance(answer, modelwire.ModelwireError):
            with pytest.raises(type(answer)) as alone:
                client.predict(model, rows)
            assert str(alone.value) == str(answer)
        else:
            assert _bits(answer) == _bits(client.predict(model, rows))
    assert [type(answer).__name__ for answer in answers] == ["Prediction", "NotFound", "Prediction", "InvalidArgument"]


def test_what_columns_add_comes_to_what_is_predicted(client: Client) -> None:
    features = np.random.default_rng(20_261_123).normal(size=(200, 3))
    labels = np.where(features[:, 1] > 0, "up", "down").astype(object)
    forest = ("random_forest_classifier", {"n_estimators": 5})
    client.train("plain", "linear_regression", features=features, target=features @ [2.0, -3.0, 0.5] + 1).wait()
    client.train("trees", [forest], features=features, target=labels, names=["a", "b", "c"]).wait()
    client.train("near", "k_neighbors_classifier", features=features, target=labels).wait()
    rows = features[:7]
    by_name = {"c": rows[:, 2], "a": rows[:, 0], "b": rows[:, 1]}

    line, trees = client.explain("plain", rows), client.explain("trees@1", by_name)

    values, probabilities = client.predict("plain", rows).values, client.predict("trees", rows).probabilities
    assert values is not None
    assert probabilities is not None
    assert (line.scale, line.generation, line.features, line.classes) == ("value", 1, ("x0", "x1", "x2"), None)
    np.testing.assert_allclose(line.base_values + line.contributions.sum(axis=2), values[:, None], atol=1e-12)
    np.testing.assert_allclose(line.contributions[:, 0], rows * [2.0, -3.0, 0.5], atol=1e-9)
    assert (trees.scale, trees.generation, trees.features) == ("probability", None, ("a", "b", "c"))
    np.testing.assert_array_equal(trees.classes, ["down", "up"])
    np.testing.assert_allclose(trees.base_values + trees.contributions.sum(axis=2), probabilities, atol=1e-12)
    with pytest.raises(modelwire.FailedPrecondition, match="does not answer with a sum over columns"):
        client.explain("near", rows)


def _bits(prediction: modelwire.Prediction) -> tuple[object, ...]:
    assert prediction.values is not None
    return prediction.model, prediction.version, prediction.generation, prediction.values.tobytes()


def test_every_algorithm_and_method_is_described(client: Client) -> None:
    description = client.describe()

    algorithms = {algorithm.name: algorithm.kind for algorithm in description.algorithms}
    assert {"standard_scaler", "linear_regression", "logistic_regression", "k_means"} <= set(algorithms)
    assert description.limits.max_frame_bytes > 0
    assert {"hello", "predict", "train"} <= {method.name for method in description.methods}


def test_jobs_are_listed_watched_and_stay_ended_when_cancelled(client: Client) -> None:
    job = client.train("line", "linear_regression", features=[[0.0], [1.0], [2.0]], target=[0.0, 1.0, 2.0])
    job.wait()

    events = list(client.watch_job(job.id))

    assert events[-1].state == "SUCCEEDED"
    assert [event.sequence for event in events] == sorted({event.sequence for event in events})
    assert job.id in [each.id for each in client.list_jobs(limit=5)]
    assert job.cancel().state == "SUCCEEDED"


def test_a_model_learns_batch_by_batch_and_is_asked_meanwhile(client: Client) -> None:
    rng = np.random.default_rng(7)
    features = rng.normal(size=(60, 2))
    labels = np.where(features[:, 0] > features[:, 1], "left", "right")
    classes, step = ["right", "left", "middle"], ("ftrl_classifier", {"l1": 0.1})

    first = client.partial_fit("batches", step, features=features, target=labels, classes=classes, idempotency_key="b1")
    again = client.partial_fit("batches", step, features=features, target=labels, idempotency_key="b1")
    with pytest.raises(InvalidArgument, match="which had 60 rows"):
        client.partial_fit("batches", features=features[:1], target=labels[:1], idempotency_key="b1")
    second = client.partial_fit("batches", features=features, target=labels, publish_every=0, expected_batch=2)

    assert (first.batch, first.n_samples, first.version) == (1, 60, 1)
    assert again == first
    assert (second.batch, second.version) == (2, None)
    assert first.loss is not None
    assert second.loss is not None
    assert second.loss < first.loss
    assert client.predict("batches", features).version == 1
    learner = client.get_learner("batches")
    assert (learner.batches, learner.samples, learner.publish_every, learner.target) == (2, 120, 0, "target")
    assert learner.classes is not None
    assert learner.classes.tolist() == ["left", "middle", "right"]
    assert learner.recent == (first, second)
    assert learner.steps[0].parameters["l1"] == 0.1
    with pytest.raises(FailedPrecondition, match="number 3 and not 2"):
        client.partial_fit("batches", features=features, target=labels, expected_batch=2)
    client.delete_learner("batches")
    with pytest.raises(NotFound):
        client.get_learner("batches")
    assert client.predict("batches", features).version == 1


def test_data_sets_are_listed_and_deleted(client: Client) -> None:
    first = client.upload("numbers", {"n": [1, None, 3], "t": ["a", None, "c"], "b": [True, False, None]})
    client.upload("numbers", {"n": [1]})

    statistics = client.describe_dataset("numbers@1").statistics
    assert [(it.column.type, it.count, it.missing) for it in statistics] == [
        ("INTEGER", 2, 1),
        ("TEXT", 2, 1),
        ("BOOLEAN", 2, 1),
    ]
    client.delete_dataset("numbers", first.version)
    assert [each.version for each in client.list_datasets() if each.name == "numbers"] == [2]
    client.delete_dataset("numbers")
    with pytest.raises(modelwire.NotFound, match="numbers"):
        client.describe_dataset("numbers")


def test_threads_share_a_client(client: Client) -> None:
    client.train("double", "linear_regression", features=[[0.0], [1.0], [2.0]], target=[0.0, 2.0, 4.0]).wait()
    wrong: list[float] = []

    def ask(start: int) -> None:
        for at in range(start, start + 50):
            answer = client.predict("double", [[float(at)]]).values
            if answer is None or abs(answer[0] - 2 * at) > 1e-9:
                wrong.append(at)

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(0, 800, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


def test_a_key_is_good_for_one_job_and_one_version_of_a_data_set(client: Client) -> None:
    def upload() -> int:
        return client.upload("keyed", {"x": [1.0, 2.0]}, idempotency_key="upload-1").version

    def train() -> str:
        return client.train("keyed", "k_means", dataset="keyed", idempotency_key="train-1").id

    assert upload() == 1
    with pytest.raises(modelwire.FailedPrecondition, match="committed"):
        upload()
    assert train() == train()


def test_the_apache_library_alone_calls_over_theader_as_the_documentation_shows(address: str) -> None:
    page = (EXAMPLES.parent / "protocols.md").read_text()
    (example,) = (block.split("```")[0] for block in page.split("```python\n")[1:])
    environment = os.environ | {"MODELWIRE_ADDRESS": address}

    run = subprocess.run([sys.executable, "-c", example], env=environment, capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout, run.stderr) == (0, "Hello, World!\n", "")


def test_a_token_says_who_calls_and_what_is_allowed(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.toml"
    trainer = new_token(tokens, "anna", "--role", "trainer", "--models", "mine-*")

    with running(tmp_path / "data", "--tokens", tokens) as address, Client(address, token=trainer) as client:
        client.train("mine-line", "linear_regression", features=[[0.0], [1.0], [2.0]], target=[0.0, 1.0, 2.0]).wait()
        with pytest.raises(modelwire.PermissionDenied, match="yours") as denied:
            client.train("yours", "linear_regression", features=[[0.0]], target=[0.0])
        with pytest.raises(modelwire.Unauthenticated) as unknown:
            client.with_options(token="mw_of_nobody").list_models()
        with Client(address) as nobody, pytest.raises(modelwire.Unauthenticated):
            nobody.list_models()

    assert (denied.value.executed, unknown.value.executed) == (False, False)
    assert not any(token in str(error.value) for token in (trainer, "mw_of_nobody") for error in (denied, unknown))
