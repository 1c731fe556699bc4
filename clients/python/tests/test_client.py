"""The verbs: what travels, and what comes back as values of this language."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Start
from modelwire_wire.datasets import ttypes as datasets_wire
from modelwire_wire.health import ttypes as health_wire
from modelwire_wire.inference import ttypes as inference_wire
from modelwire_wire.models import ttypes as models_wire
from modelwire_wire.training import ttypes as training_wire
from modelwire_wire.types import ttypes as wire
from thrift.transport.TTransport import TTransportException

import modelwire
from modelwire import Step, StepLike, _columns, _datasets, _inference, _jobs, _steps, _tensors

SUCCEEDED, FAILED, CANCELLED, RUNNING = 3, 4, 5, 2


class Recorder:
    """Remembers the last request and answers each method with what the test gave it."""

    def __init__(self, **answers: Any) -> None:
        self.request: Any = None
        for name, answer in answers.items():
            setattr(self, name, self._method(answer))

    def _method(self, answer: Any) -> Any:
        def method(request: Any) -> Any:
            self.request = request
            return answer(request) if callable(answer) else answer

        return method


def job(state: int, **fields: Any) -> training_wire.Job:
    name = training_wire.JobState._VALUES_TO_NAMES[state]
    return training_wire.Job(id="j1", state=state, state_name=name, model="wine", **fields)


def column(name: str, values: Any) -> wire.Column:
    return _columns.to_wire([_columns.to_column(name, values)]).columns[0]


def test_hello_answers_times_as_times(start: Start) -> None:
    answer = health_wire.HelloResponse(
        greeting="Hello, Ada!", server="modelwire", version="0.1.0", uptime_ms=1500, time_ms=86_400_000
    )
    handler = Recorder(hello=answer)

    greeting = start(handler).hello("Ada")

    assert handler.request.name == "Ada"
    assert (greeting.greeting, greeting.uptime) == ("Hello, Ada!", timedelta(seconds=1.5))
    assert greeting.time == datetime(1970, 1, 2, tzinfo=UTC)


def test_echo_sends_bytes_back(start: Start) -> None:
    client = start(Recorder(echo=lambda request: health_wire.EchoResponse(payload=request.payload)))

    assert client.echo(bytes(range(256)) * 5000) == bytes(range(256)) * 5000
    assert client.echo(b"") == b""


def test_status_and_describe_are_values(start: Start) -> None:
    parameter = health_wire.ParameterDescription(
        name="tol", type_name="number", default_value=wire.Parameter(name="tol", number=0.5)
    )
    client = start(
        Recorder(
            status=health_wire.StatusResponse(live=True, ready=False, reason="empty", models=[]),
            describe=health_wire.DescribeResponse(
                version="0.1.0",
                limits=health_wire.Limits(max_frame_bytes=5, max_deadline_ms=2000),
                algorithms=[health_wire.AlgorithmDescription(name="k_means", kind="clusterer", parameters=[parameter])],
            ),
        )
    )

    status, description = client.status(), client.describe()

    assert (status.live, status.ready, status.reason, status.models) == (True, False, "empty", ())
    assert description.limits.max_deadline == timedelta(seconds=2)
    assert description.algorithms[0].parameters[0].default == 0.5


def test_a_matrix_and_a_table_travel_as_such(start: Start) -> None:
    handler = Recorder(predict=inference_wire.PredictResponse(model="wine", version=1))
    client = start(handler)

    client.predict("wine", [[1, 2], [3, 4]])
    matrix = handler.request
    client.predict("wine", {"b": ["x"], "a": [1.5]})
    table = handler.request

    assert (matrix.model, matrix.matrix.shape, matrix.table) == ("wine", [2, 2], None)
    assert ([each.name for each in table.table.columns], table.matrix) == (["b", "a"], None)


def test_predictions_are_arrays_and_what_a_model_has_not_is_none(start: Start) -> None:
    answer = inference_wire.PredictResponse(
        model="iris",
        version=3,
        generation=2,
        labels=column("species", ["b", "a"]),
        classes=column("species", ["a", "b"]),
        probabilities=_tensors.to_tensor(np.array([[0.25, 0.75], [0.5, 0.5]])),
    )

    prediction = start(Recorder(predict=answer)).predict("iris", [[1.0], [2.0]])

    assert (prediction.model, prediction.version, prediction.generation) == ("iris", 3, 2)
    np.testing.assert_array_equal(prediction.labels, ["b", "a"])
    np.testing.assert_array_equal(prediction.classes, ["a", "b"])
    np.testing.assert_array_equal(prediction.probabilities, [[0.25, 0.75], [0.5, 0.5]])
    assert prediction.values is prediction.clusters is prediction.distances is prediction.transformed is None


def test_the_columns_of_a_transformer_are_an_array_and_its_schema_names_them(start: Start) -> None:
    columns = np.array([[0.5, -1.0], [2.0, 3.0]])
    answer = inference_wire.PredictResponse(model="axes", version=1, transformed=_tensors.to_tensor(columns))
    schema = models_wire.ModelSchema(outputs=["pca0", "pca1"])
    version = models_wire.ModelVersion(name="axes", version=1, kind="transformer", schema=schema)
    client = start(Recorder(predict=answer, describe_model=models_wire.DescribeModelResponse(model=version)))

    prediction = client.predict("axes", [[1.0], [2.0]])
    described = client.describe_model("axes")

    np.testing.assert_array_equal(prediction.transformed, columns)
    assert prediction.values is prediction.labels is prediction.clusters is None
    assert described.schema.outputs == ("pca0", "pca1")


def test_what_rows_belong_to_comes_with_their_clusters(start: Start) -> None:
    answer = inference_wire.PredictResponse(
        model="groups",
        version=1,
        clusters=_tensors.to_tensor(np.array([1, 0])),
        probabilities=_tensors.to_tensor(np.array([[0.25, 0.75], [1.0, 0.0]])),
    )

    prediction = start(Recorder(predict=answer)).predict("groups", [[1.0], [2.0]])

    np.testing.assert_array_equal(prediction.clusters, [1, 0])
    np.testing.assert_array_equal(prediction.probabilities, [[0.25, 0.75], [1.0, 0.0]])
    assert prediction.classes is prediction.distances is None
    assert _inference.answer_bytes(prediction) == 8 + 2 * 8


def test_an_evaluation_is_metrics_classes_and_an_array_of_confusions(start: Start) -> None:
    answer = training_wire.EvaluateResponse(
        model="door",
        version=3,
        n_samples=4,
        metrics={"accuracy": 0.75},
        labels=column("labels", [False, True]),
        classes=[
            training_wire.ClassMetrics(precision=None, recall=0.0, f1=0.0, support=1.0),
            training_wire.ClassMetrics(precision=0.75, recall=1.0, f1=0.8, support=3.0),
        ],
        confusion=_tensors.to_tensor(np.array([[0.0, 1.0], [0.0, 3.0]])),
    )
    handler = Recorder(evaluate=answer)

    found = start(handler).evaluate("door", [[1.0], [2.0]], [True, False], sample_weight=[1, 2])
    request = handler.request

    assert (request.model, request.target, request.sample_weight) == ("door", "target", "sample_weight")
    assert [each.name for each in request.table.columns] == ["x0", "target", "sample_weight"]
    assert (found.version, found.generation, found.n_samples, found.metrics) == (3, None, 4, {"accuracy": 0.75})
    assert found.classes == [
        modelwire.ClassMetrics(False, None, 0.0, 0.0, 1.0),
        modelwire.ClassMetrics(True, 0.75, 1.0, 0.8, 3.0),
    ]
    np.testing.assert_array_equal(found.confusion, [[0, 1], [0, 3]])


def test_a_stored_data_set_is_evaluated_on_by_its_name(start: Start) -> None:
    handler = Recorder(evaluate=training_wire.EvaluateResponse(model="g", version=1, metrics={}, silhouette_samples=9))

    found = start(handler).evaluate("g", dataset="rows@2", target="side")

    assert (handler.request.dataset, handler.request.target, handler.request.table) == ("rows@2", "side", None)
    assert (found.classes, found.labels, found.confusion, found.silhouette_samples) == (None, None, None, 9)


def test_weights_of_rows_travel_as_a_column_that_is_no_feature(start: Start) -> None:
    handler = Recorder(train=training_wire.TrainResponse(job=job(1)))
    client = start(handler)

    client.train("wine", "ridge", features=[[1.0], [2.0]], target=[3.0, 4.0], sample_weight=[0.5, 2])
    by_array = handler.request
    client.train("wine", "ridge", dataset="wine@2", target="quality", sample_weight="count")
    by_name = handler.request

    assert [each.name for each in by_array.table.columns] == ["x0", "target", "sample_weight"]
    assert (by_array.sample_weight, by_array.features) == ("sample_weight", ["x0"])
    assert (by_name.sample_weight, by_name.table) == ("count", None)


def test_several_targets_travel_by_their_names(start: Start) -> None:
    handler = Recorder(train=training_wire.TrainResponse(job=job(1)))
    client = start(handler)

    client.train("wine", "ridge", features=[[1.0], [2.0]], targets=[[3.0, 4.0], [5.0, 6.0]])
    by_array = handler.request
    client.train("wine", "ridge", features=[[1.0], [2.0]], targets={"z": [3.0, 5.0], "y": [4, 6]}, sample_weight=[1, 2])
    by_table = handler.request
    client.train("wine", "ridge", dataset="wine@2", targets=["z", "y"])
    by_name = handler.request

    assert (by_array.targets, by_array.target, by_array.features) == (["target0", "target1"], None, ["x0"])
    assert [each.name for each in by_array.table.columns] == ["x0", "target0", "target1"]
    assert (by_table.targets, by_table.sample_weight) == (["z", "y"], "sample_weight")
    assert [each.name for each in by_table.table.columns] == ["x0", "z", "y", "sample_weight"]
    assert (by_name.targets, by_name.target, by_name.table) == (["z", "y"], None, None)


def explained(**parts: Any) -> inference_wire.ExplainResponse:
    fitting = {
        "base_values": _tensors.to_tensor(np.array([0.5, 0.5])),
        "contributions": _tensors.to_tensor(np.array([[[0.25, 0.0], [-0.25, 0.0]], [[0.0, 0.125], [0.0, -0.125]]])),
        "features": ["length", "width"],
        "classes": column("species", ["a", "b"]),
    }
    return inference_wire.ExplainResponse(model="iris", version=3, scale="probability", **fitting | parts)


def test_an_explanation_is_arrays_whose_sums_are_the_answers(start: Start) -> None:
    handler = Recorder(explain=explained(generation=2))
    client = start(handler)

    explanation = client.explain("iris@canary", [[1.0, 2.0], [3.0, 4.0]])
    matrix = handler.request
    client.explain("iris", {"width": [1.5], "length": [2]})
    table = handler.request

    assert (matrix.model, matrix.matrix.shape, matrix.table) == ("iris@canary", [2, 2], None)
    assert ([each.name for each in table.table.columns], table.matrix) == (["width", "length"], None)
    assert (explanation.model, explanation.version, explanation.generation) == ("iris", 3, 2)
    assert (explanation.scale, explanation.features) == ("probability", ("length", "width"))
    np.testing.assert_array_equal(explanation.classes, ["a", "b"])
    np.testing.assert_array_equal(explanation.base_values, [0.5, 0.5])
    sums = explanation.base_values + explanation.contributions.sum(axis=2)
    np.testing.assert_array_equal(sums, [[0.75, 0.25], [0.625, 0.375]])


def test_an_explanation_of_several_targets_names_them(start: Start) -> None:
    answer = explained(classes=None, outputs=["y", "z"])

    explanation = start(Recorder(explain=answer)).explain("lines", [[1.0, 2.0], [3.0, 4.0]])

    assert (explanation.outputs, explanation.classes, explanation.contributions.shape) == (("y", "z"), None, (2, 2, 2))


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"base_values": None}, "base values of shape None came for 2 answers"),
        ({"base_values": _tensors.to_tensor(np.zeros(3))}, r"base values of shape \(3,\) came for 2 answers"),
        ({"contributions": None}, "contributions of shape None"),
        ({"contributions": _tensors.to_tensor(np.zeros((2, 2)))}, r"contributions of shape \(2, 2\)"),
        ({"features": ["length"]}, r"contributions of shape \(2, 2, 2\) came for 2 answers of 1 columns"),
        ({"classes": None}, r"base values of shape \(2,\) came for 1 answers"),
    ],
)
def test_an_explanation_whose_parts_do_not_fit_is_a_protocol_error(
    start: Start, parts: dict[str, Any], why: str
) -> None:
    with pytest.raises(modelwire.ProtocolError, match=why):
        start(Recorder(explain=explained(**parts))).explain("iris", [[1.0, 2.0]])


def test_features_and_target_travel_as_one_table(start: Start) -> None:
    handler = Recorder(train=training_wire.TrainResponse(job=job(1)))
    steps: list[StepLike] = [
        "standard_scaler",
        ("k_means", {"n_clusters": 3, "tol": 0.5, "init": "random", "verbose": True}),
    ]

    started = start(handler).train(
        "wine", steps, features=[[1.0, 2.0]], target=["red"], names=["a", "b"], seed=7, validation_fraction=0.25
    )

    request = handler.request
    assert [each.name for each in request.table.columns] == ["a", "b", "target"]
    assert (request.target, request.features, request.seed, request.dataset) == ("target", ["a", "b"], 7, None)
    assert request.validation_fraction == 0.25
    assert [step.algorithm for step in request.steps] == ["standard_scaler", "k_means"]
    sent = {each.name: (each.integer, each.number, each.flag, each.text) for each in request.steps[1].parameters}
    assert sent == {
        "n_clusters": (3, None, None, None),
        "tol": (None, 0.5, None, None),
        "init": (None, None, None, "random"),
        "verbose": (None, None, True, None),
    }
    assert (started.id, started.state) == ("j1", "QUEUED")


def test_columns_of_a_matrix_are_x0_x1_and_clustering_has_no_target(start: Start) -> None:
    handler = Recorder(train=training_wire.TrainResponse(job=job(1)))

    start(handler).train("groups", Step("k_means", {"n_clusters": np.int64(2), "tol": None}), features=np.eye(2))

    request = handler.request
    assert (request.features, request.target) == (["x0", "x1"], None)
    assert [(each.name, each.integer) for each in request.steps[0].parameters] == [("n_clusters", 2)]


@pytest.mark.parametrize("sizes", [[10, 20], (), np.array([3]), [np.int32(4)]])
def test_a_list_of_whole_numbers_travels_as_a_tensor_and_comes_back_as_a_list(start: Start, sizes: Any) -> None:
    handler = Recorder(train=training_wire.TrainResponse(job=job(1)))

    start(handler).train("net", [("mlp", {"hidden_layer_sizes": sizes})], features=np.eye(2), target=[1.0, 2.0])

    sent = handler.request.steps[0]
    assert (sent.parameters[0].tensor.dtype, sent.parameters[0].integer) == (wire.DType.I64, None)
    assert _steps.from_wire(sent).parameters == {"hidden_layer_sizes": [int(size) for size in sizes]}


def test_a_list_of_numbers_travels_as_a_tensor_and_comes_back_as_a_list(start: Start) -> None:
    handler = Recorder(train=training_wire.TrainResponse(job=job(1)))

    start(handler).train("scaled", [("min_max_scaler", {"feature_range": (-0.5, 1)})], features=np.eye(2))

    sent = handler.request.steps[0]
    assert sent.parameters[0].tensor.dtype == wire.DType.F64
    assert _steps.from_wire(sent).parameters == {"feature_range": [-0.5, 1.0]}


@pytest.mark.parametrize("sizes", [[1.5, "2"], [True], ["10"], [2**63]])
def test_a_list_of_anything_else_is_refused_by_name(start: Start, sizes: Any) -> None:
    with pytest.raises(modelwire.InvalidArgument, match='"hidden_layer_sizes" of mlp'):
        start(Recorder()).train("net", [("mlp", {"hidden_layer_sizes": sizes})], features=np.eye(2))


def test_a_table_or_a_data_set_is_trained_on_by_names(start: Start) -> None:
    handler = Recorder(train=training_wire.TrainResponse(job=job(1)))
    client = start(handler)

    client.train("wine", "linear_regression", table={"a": [1.0], "y": [2.0]}, target="y", features=["a"])
    by_table = handler.request
    client.train("wine", "linear_regression", dataset="wine@2", target="y")
    by_dataset = handler.request

    assert (len(by_table.table.columns), by_table.target, by_table.features) == (2, "y", ["a"])
    assert (by_dataset.dataset, by_dataset.table, by_dataset.features) == ("wine@2", None, None)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({}, "there are no rows; give features="),
        ({"features": [[1.0], [2.0]], "target": [1.0]}, '"target" has 1 values and column "x0" has 2'),
        ({"features": [[1.0, 2.0]], "names": ["a"]}, "1 names and 2 features"),
        ({"features": [[1.0, 2.0]], "names": ["a", "a"]}, "twice"),
        ({"features": [[1.0]], "names": ["target"], "target": [1]}, "rename it"),
        ({"features": [1.0, 2.0]}, "n_samples, n_features"),
        ({"features": [[1.0]], "target": "y"}, "names a column"),
        ({"features": {"a": [1.0]}, "names": ["a"]}, "a table has its own"),
        ({"table": {"a": [1.0]}, "dataset": "wine"}, "both given"),
        ({"dataset": "wine", "target": [1.0]}, "name of a column"),
        ({"dataset": "wine", "features": [[1.0]]}, "features= names columns"),
        ({"dataset": "wine", "names": ["a"]}, "names="),
        ({"features": [[1.0]], "steps": [("k_means",)]}, "is no step"),
        ({"features": [[1.0]], "steps": [("k_means", {"n_clusters": ["three"]})]}, '"n_clusters" of k_means'),
        ({"features": [[1.0]], "steps": [("k_means", {"n_clusters": 2**63})]}, '"n_clusters" of k_means'),
    ],
)
def test_arguments_that_do_not_go_together_are_refused_before_they_are_sent(
    start: Start, arguments: dict[str, Any], why: str
) -> None:
    handler = Recorder(train=training_wire.TrainResponse(job=job(1)))

    with pytest.raises(modelwire.InvalidArgument, match=why):
        start(handler).train("wine", **{"steps": "linear_regression", **arguments})

    assert handler.request is None


class Watched:
    """Plays polls of a job, then describes the version that it published."""

    def __init__(self, *polls: training_wire.WatchJobResponse) -> None:
        self.polls = iter(polls)
        self.after: list[int] = []

    def get_job(self, _request: Any) -> training_wire.GetJobResponse:
        return training_wire.GetJobResponse(job=job(1))

    def watch_job(self, request: training_wire.WatchJobRequest) -> training_wire.WatchJobResponse:
        self.after.append(request.after_sequence)
        return next(self.polls)

    def describe_model(self, request: models_wire.DescribeModelRequest) -> models_wire.DescribeModelResponse:
        name, version = request.model.split("@")
        return models_wire.DescribeModelResponse(
            model=models_wire.ModelVersion(name=name, version=int(version), metrics={"r2": 0.5})
        )


def events(*sequences: int) -> list[training_wire.JobEvent]:
    return [training_wire.JobEvent(sequence=at, state_name="RUNNING", message=f"event {at}") for at in sequences]


def test_waiting_shows_every_event_once_and_returns_the_version(start: Start) -> None:
    handler = Watched(
        training_wire.WatchJobResponse(events=events(1, 2), job=job(RUNNING, sequence=2)),
        training_wire.WatchJobResponse(events=[], job=job(RUNNING, sequence=2)),
        training_wire.WatchJobResponse(events=events(3), job=job(SUCCEEDED, sequence=4, version=7)),
        training_wire.WatchJobResponse(events=events(4), job=job(SUCCEEDED, sequence=4, version=7)),
    )
    seen: list[modelwire.JobEvent] = []

    version = start(handler).get_job("j1").wait(on_event=seen.append)

    assert (version.name, version.version, version.metrics) == ("wine", 7, {"r2": 0.5})
    assert [event.sequence for event in seen] == [1, 2, 3, 4]
    assert handler.after == [0, 2, 2, 3]


def test_watch_job_yields_events_until_the_job_has_ended(start: Start) -> None:
    handler = Watched(training_wire.WatchJobResponse(events=events(5, 6), job=job(SUCCEEDED, sequence=6, version=1)))

    assert [event.message for event in start(handler).watch_job("j1")] == ["event 5", "event 6"]


def test_waiting_for_a_failed_job_raises_its_error(start: Start) -> None:
    error = wire.ServiceError(code=1, code_name="INVALID_ARGUMENT", message="one class only", hint="add another")
    handler = Watched(training_wire.WatchJobResponse(events=[], job=job(FAILED, error=error)))

    with pytest.raises(modelwire.InvalidArgument, match="one class only; add another"):
        start(handler).get_job("j1").wait()


def test_waiting_for_a_cancelled_job_raises_cancelled(start: Start) -> None:
    handler = Watched(training_wire.WatchJobResponse(events=[], job=job(CANCELLED)))

    with pytest.raises(modelwire.Cancelled, match="j1"):
        start(handler).get_job("j1").wait()


def test_waiting_ends_with_its_time_out_and_says_that_the_job_goes_on(start: Start) -> None:
    class Endless(Watched):
        def watch_job(self, _request: Any) -> training_wire.WatchJobResponse:
            return training_wire.WatchJobResponse(events=[], job=job(RUNNING))

    with pytest.raises(modelwire.DeadlineExceeded, match="it goes on"):
        start(Endless()).get_job("j1").wait(timeout=0.2)


class Absent(Watched):
    """Restarts, as a watcher sees it: `losses` polls lose their connection."""

    def __init__(self, losses: int, *polls: training_wire.WatchJobResponse) -> None:
        super().__init__(*polls)
        self.losses = losses

    def watch_job(self, request: training_wire.WatchJobRequest) -> training_wire.WatchJobResponse:
        self.losses -= 1
        if self.losses >= 0:
            raise TTransportException  # closes the connection
        return super().watch_job(request)


def test_waiting_outlives_a_restart_and_shows_every_event_once(start: Start) -> None:
    handler = Absent(
        3,
        training_wire.WatchJobResponse(events=events(1), job=job(RUNNING, sequence=1)),
        training_wire.WatchJobResponse(events=events(2), job=job(SUCCEEDED, sequence=2, version=7)),
    )
    seen: list[modelwire.JobEvent] = []

    assert start(handler).get_job("j1").wait(on_event=seen.append).version == 7
    assert [event.sequence for event in seen] == [1, 2]


def test_a_server_that_stays_away_is_given_up_with_the_id_of_the_job(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_jobs, "_LONGEST_ABSENCE_SECONDS", 0.2)

    with pytest.raises(modelwire.Unavailable, match=r'j1.* lost.*wait again with client\.get_job\("j1"\)\.wait\(\)'):
        start(Absent(10**6)).get_job("j1").wait()


def test_a_server_that_stays_away_is_given_up_when_the_wait_has_taken_its_time(start: Start) -> None:
    with pytest.raises(modelwire.DeadlineExceeded, match=r"j1 .*within 0\.2 s.*it goes on"):
        start(Absent(10**6)).get_job("j1").wait(timeout=0.2)


def test_models_jobs_and_data_sets_are_listed_page_by_page(start: Start) -> None:
    def models_page(request: models_wire.ListModelsRequest) -> models_wire.ListModelsResponse:
        alias = models_wire.Alias(name="stable", version=1, generation=1)
        name, next_page = ("b", None) if request.after else ("a", "a")
        summary = models_wire.ModelSummary(name=name, versions=[1, 2], aliases=[alias])
        return models_wire.ListModelsResponse(models=[summary], next_page=next_page)

    def jobs_page(request: training_wire.ListJobsRequest) -> training_wire.ListJobsResponse:
        return training_wire.ListJobsResponse(jobs=[job(RUNNING)] * request.limit, next_page="j1")

    client = start(Recorder(list_models=models_page, list_jobs=jobs_page))

    assert [model.name for model in client.list_models()] == ["a", "b"]
    assert client.list_models()[0].aliases[0] == modelwire.Alias("stable", 1, 1)
    assert len(client.list_jobs(limit=1500)) == 1500
    assert client.list_jobs(limit=0) == []


def test_an_alias_is_set_with_the_generation_that_was_seen(start: Start) -> None:
    current = models_wire.Alias(name="canary", version=2, generation=4)
    handler = Recorder(set_alias=models_wire.SetAliasResponse(current=current))

    alias = start(handler).set_alias("wine", "canary", 2, expected_generation=3)

    request = handler.request
    assert (request.model, request.alias_name, request.version, request.expected_generation) == ("wine", "canary", 2, 3)
    assert alias == modelwire.Alias("canary", 2, 4)


def test_a_version_is_loaded_with_its_replacement_and_unloaded(start: Start) -> None:
    response = models_wire.LoadModelResponse(model_bytes=744)
    handler = Recorder(load_model=response, unload_model=models_wire.UnloadModelResponse())
    client = start(handler)

    model_bytes = client.load_model("wine", 2, replacement="drop_first")
    request = handler.request
    assert (request.model, request.version, request.replacement, model_bytes) == ("wine", 2, "drop_first", 744)

    client.unload_model("wine", 2)
    assert (handler.request.model, handler.request.version) == ("wine", 2)


def test_a_removed_alias_is_none(start: Start) -> None:
    assert start(Recorder(set_alias=models_wire.SetAliasResponse())).set_alias("wine", "canary", 0) is None


class Uploads:
    """Keeps what is appended, as a server does."""

    def __init__(self) -> None:
        self.pieces: list[datasets_wire.AppendRowsRequest] = []
        self.n_rows = 0

    def create_dataset(self, request: datasets_wire.CreateDatasetRequest) -> datasets_wire.CreateDatasetResponse:
        return datasets_wire.CreateDatasetResponse(upload_id=f"upload of {request.name}")

    def append_rows(self, request: datasets_wire.AppendRowsRequest) -> datasets_wire.AppendRowsResponse:
        assert request.upload_id == "upload of wine"
        assert request.crc32 == _columns.checksum(request.table)
        assert request.offset == self.n_rows
        self.pieces.append(request)
        self.n_rows += request.table.columns[0].tensor.shape[0]
        return datasets_wire.AppendRowsResponse(n_rows=self.n_rows)

    def commit_dataset(self, request: datasets_wire.CommitDatasetRequest) -> datasets_wire.CommitDatasetResponse:
        columns = [wire.ColumnSchema(each.name, each.type, each.type_name) for each in self.pieces[0].table.columns]
        dataset = datasets_wire.Dataset(name="wine", version=1, n_rows=request.n_rows, columns=columns, sha256="ab")
        return datasets_wire.CommitDatasetResponse(dataset=dataset)


def test_a_table_is_uploaded_in_pieces_with_offsets_and_checksums(start: Start) -> None:
    handler = Uploads()

    dataset = start(handler).upload("wine", {"n": range(10), "t": ["x"] * 10}, rows_per_piece=4)

    assert (dataset.name, dataset.version, dataset.n_rows, dataset.sha256) == ("wine", 1, 10, "ab")
    assert dataset.columns[1] == modelwire.ColumnSchema("t", "TEXT")
    assert [piece.offset for piece in handler.pieces] == [0, 4, 8]


def test_a_csv_file_is_uploaded_as_its_columns(start: Start, tmp_path: Path) -> None:
    handler = Uploads()
    path = tmp_path / "wine.csv"
    path.write_text("quality,colour\n5,red\n,white\n")

    dataset = start(handler).upload("wine", path)

    assert [column.type for column in dataset.columns] == ["INTEGER", "TEXT"]
    assert handler.pieces[0].table.columns[0].missing == b"\x02"


def test_pieces_of_an_upload_fit_in_a_frame() -> None:
    rows = {"n": np.zeros(3_000_000), "m": np.zeros(3_000_000)}

    sizes = [len(it.table.columns[0].tensor.data) * 2 for it in _datasets.append_requests(rows)]

    assert max(sizes) <= 8 * 1024 * 1024
    assert sum(sizes) == 48_000_000


@pytest.mark.parametrize("rows", [{"a": []}, {"a": [1, 2], "b": [1]}, {"a": [1, "x"]}, 3, {}])
def test_rows_that_are_wrong_open_no_upload(start: Start, rows: Any) -> None:
    handler = Recorder(create_dataset=datasets_wire.CreateDatasetResponse(upload_id="u"))

    with pytest.raises(modelwire.InvalidArgument):
        start(handler).upload("leak", rows)

    assert handler.request is None


@pytest.mark.parametrize("rows_per_piece", [0, -1])
def test_pieces_without_rows_are_refused(start: Start, rows_per_piece: int) -> None:
    with pytest.raises(modelwire.InvalidArgument, match="at least 1"):
        start(Uploads()).upload("wine", {"n": [1]}, rows_per_piece=rows_per_piece)


def test_statistics_of_text_are_none(start: Start) -> None:
    schema = wire.ColumnSchema(name="t", type=4, type_name="TEXT")
    answer = datasets_wire.DescribeDatasetResponse(
        dataset=datasets_wire.Dataset(name="wine", version=1, n_rows=3, columns=[schema]),
        statistics=[datasets_wire.ColumnStatistics(column=schema, count=2, missing=1)],
    )

    statistics = start(Recorder(describe_dataset=answer)).describe_dataset("wine").statistics[0]

    assert (statistics.column.name, statistics.count, statistics.missing, statistics.mean) == ("t", 2, 1, None)
