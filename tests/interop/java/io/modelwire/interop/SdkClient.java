package io.modelwire.interop;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.modelwire.client.Batch;
import io.modelwire.client.EvaluationRequest;
import io.modelwire.client.ImportanceRequest;
import io.modelwire.client.ModelwireClient;
import io.modelwire.client.ModelwireException;
import io.modelwire.client.PredictionRequest;
import io.modelwire.client.Search;
import io.modelwire.client.SearchResult;
import io.modelwire.client.Step;
import io.modelwire.client.Tls;
import io.modelwire.client.Training;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Consumer;

/** Our client for Java, by its public interface. */
final class SdkClient implements Client {
    private final Path data;
    private final ModelwireClient client;

    SdkClient(Options options) {
        data = options.path("data");
        var builder = ModelwireClient.builder(options.text("address"));
        options.ca().map(Tls::trusting).ifPresent(builder::tls);
        options.token().ifPresent(builder::token);
        client = builder.build();
    }

    @Override
    public JsonObject call(JsonObject step, Consumer<String> started) throws Refused {
        try {
            return answer(step, started);
        } catch (ModelwireException error) {
            throw new Refused(error.codeName(), error.getMessage());
        }
    }

    private JsonObject answer(JsonObject step, Consumer<String> started) {
        var call = step.get("call").getAsString();
        return switch (call) {
            case "hello" -> SdkRecords.of(client.hello(Arguments.text(step, "name")));
            case "echo" -> echo(step);
            case "train" -> train(step, started);
            case "search" -> SdkRecords.of(search(step, started));
            case "evaluate" -> SdkRecords.of(evaluate(step));
            case "permutation_importance" -> SdkRecords.of(importance(step));
            case "predict" -> SdkRecords.of(predict(step));
            case "predict_many" -> SdkRecords.outcomes(client.predictMany(requests(step)));
            case "explain" -> SdkRecords.of(explain(step));
            case "upload" -> SdkRecords.dataset(client.upload(Arguments.text(step, "dataset"),
                    Arguments.rows(step, data), step.get("rows_per_piece").getAsInt()));
            case "describe_dataset" -> SdkRecords.of(client.describeDataset(Arguments.text(step, "dataset")));
            case "list_models" -> SdkRecords.models(client.listModels().toList());
            case "describe_model" -> SdkRecords.model(client.describeModel(Arguments.text(step, "model")));
            case "get_training_result" -> SdkRecords.of(client.trainingResult(Arguments.text(step, "model")));
            case "export_model" -> export(step);
            case "set_alias" -> setAlias(step);
            case "load_model" -> loadModel(step);
            case "unload_model" -> unloadModel(step);
            case "delete_version" -> deleteVersion(step);
            case "partial_fit" -> SdkRecords.of(client.partialFit(Arguments.text(step, "model"), batch(step)));
            case "get_learner" -> SdkRecords.under("learner", SdkRecords.of(client.getLearner(Arguments.text(step, "model"))));
            case "delete_learner" -> deleteLearner(step);
            case "get_job" -> SdkRecords.under("job", SdkRecords.of(client.getJob(Arguments.text(step, "job"))));
            default -> throw new IllegalArgumentException("unknown call " + call);
        };
    }

    private JsonObject echo(JsonObject step) {
        var payload = Arguments.payload(step);
        var answer = client.echo(payload);
        if (!Arrays.equals(payload, answer)) {
            throw new IllegalStateException("the echo is not what was sent");
        }
        var record = new JsonObject();
        record.addProperty("bytes", answer.length);
        return record;
    }

    private JsonObject train(JsonObject step, Consumer<String> started) {
        var steps = steps(step);
        var training = Training.of(steps.get(0), steps.subList(1, steps.size()).toArray(Step[]::new));
        var rows = Arguments.rows(step, data);
        if (rows != null) {
            training.rows(rows);
        }
        if (step.has("dataset")) {
            training.dataset(Arguments.text(step, "dataset"));
        }
        if (step.has("target")) {
            training.target(Arguments.text(step, "target"));
        }
        if (step.has("targets")) {
            training.targetColumns(Arguments.texts(step, "targets").toArray(String[]::new));
        }
        if (step.has("sample_weight")) {
            training.sampleWeight(Arguments.text(step, "sample_weight"));
        }
        if (step.has("features")) {
            training.features(Arguments.texts(step, "features").toArray(String[]::new));
        }
        if (step.has("seed")) {
            training.seed(step.get("seed").getAsLong());
        }
        var job = client.train(Arguments.text(step, "model"), training);
        started.accept(job.id());
        job.await();
        return SdkRecords.of(job.status());
    }

    private SearchResult search(JsonObject step, Consumer<String> started) {
        var steps = steps(step);
        var training = Training.of(steps.get(0), steps.subList(1, steps.size()).toArray(Step[]::new));
        if (step.has("targets")) {
            training.targetColumns(Arguments.texts(step, "targets").toArray(String[]::new));
        } else {
            training.target(Arguments.text(step, "target"));
        }
        var rows = Arguments.rows(step, data);
        var search = Search.of(rows == null ? training.dataset(Arguments.text(step, "dataset")) : training.rows(rows));
        for (JsonElement element : step.getAsJsonArray("tries")) {
            var object = element.getAsJsonObject();
            var algorithm = Arguments.text(object, "algorithm");
            var name = Arguments.text(object, "name");
            var values = new ArrayList<Object>();
            object.getAsJsonArray("values").forEach(value -> values.add(Arguments.value(value)));
            search.values(algorithm == null ? name : algorithm + "__" + name, values.toArray());
        }
        if (step.has("seed")) {
            training.seed(step.get("seed").getAsLong());
        }
        if (step.has("folds")) {
            search.folds(step.get("folds").getAsInt());
        }
        if (step.has("group")) {
            search.group(Arguments.text(step, "group"));
        }
        if (step.has("publish")) {
            search.publish();
        }
        var job = client.search(Arguments.text(step, "model"), search);
        started.accept(job.id());
        return job.searchResult();
    }

    private Batch batch(JsonObject step) {
        var steps = step.has("steps") ? steps(step) : List.<Step>of();
        var batch = steps.isEmpty() ? Batch.more() : Batch.of(steps.get(0), steps.subList(1, steps.size()).toArray(Step[]::new));
        batch.rows(Arguments.rows(step, data));
        if (step.has("target")) {
            batch.target(Arguments.text(step, "target"));
        }
        if (step.has("expected_batch")) {
            batch.expected(step.get("expected_batch").getAsLong());
        }
        return batch;
    }

    private JsonObject deleteLearner(JsonObject step) {
        client.deleteLearner(Arguments.text(step, "model"));
        return new JsonObject();
    }

    private io.modelwire.client.Evaluation evaluate(JsonObject step) {
        return client.evaluate(Arguments.text(step, "model"), rows(step));
    }

    private EvaluationRequest rows(JsonObject step) {
        var rows = Arguments.rows(step, data);
        var request = rows == null ? EvaluationRequest.dataset(Arguments.text(step, "dataset")) : EvaluationRequest.rows(rows);
        return request.target(Arguments.text(step, "target")).sampleWeight(Arguments.text(step, "sample_weight"));
    }

    private io.modelwire.client.PermutationImportance importance(JsonObject step) {
        var request = ImportanceRequest.of(rows(step)).scoring(Arguments.text(step, "scoring"));
        if (step.has("n_repeats")) {
            request.repeats(step.get("n_repeats").getAsInt());
        }
        if (step.has("seed")) {
            request.seed(step.get("seed").getAsLong());
        }
        return client.permutationImportance(Arguments.text(step, "model"), request);
    }

    private JsonObject export(JsonObject step) {
        var file = client.exportOnnx(Arguments.text(step, "model"));
        return SdkRecords.exported(file.model(), file.version(), file.fileName(), file.sha256(), file.content());
    }

    private static List<Step> steps(JsonObject step) {
        var steps = new ArrayList<Step>();
        for (JsonElement element : step.getAsJsonArray("steps")) {
            var object = element.getAsJsonObject();
            var parameters = new LinkedHashMap<String, Object>();
            object.getAsJsonObject("parameters").entrySet()
                    .forEach(entry -> parameters.put(entry.getKey(), Arguments.value(entry.getValue())));
            var columns = Arguments.texts(object, "columns");
            steps.add(new Step(Arguments.text(object, "algorithm"), parameters, columns == null ? List.of() : columns));
        }
        return steps;
    }

    private io.modelwire.client.Prediction predict(JsonObject step) {
        var model = Arguments.text(step, "model");
        if (step.has("table")) {
            return client.predict(model, Arguments.table(step.getAsJsonObject("table")));
        }
        var matrix = step.getAsJsonArray("matrix");
        return Arguments.isOneRow(matrix)
                ? client.predict(model, Arguments.row(matrix))
                : client.predict(model, Arguments.matrix(matrix));
    }

    private io.modelwire.client.Explanation explain(JsonObject step) {
        var model = Arguments.text(step, "model");
        if (step.has("table")) {
            return client.explain(model, Arguments.table(step.getAsJsonObject("table")));
        }
        var matrix = step.getAsJsonArray("matrix");
        return Arguments.isOneRow(matrix)
                ? client.explain(model, Arguments.row(matrix))
                : client.explain(model, Arguments.matrix(matrix));
    }

    private static List<PredictionRequest> requests(JsonObject step) {
        List<PredictionRequest> requests = new ArrayList<>();
        for (var item : step.getAsJsonArray("items")) {
            var asked = item.getAsJsonObject();
            var model = Arguments.text(asked, "model");
            requests.add(asked.has("table")
                    ? PredictionRequest.of(model, Arguments.table(asked.getAsJsonObject("table")))
                    : PredictionRequest.of(model, Arguments.matrix(asked.getAsJsonArray("matrix"))));
        }
        return requests;
    }

    private JsonObject setAlias(JsonObject step) {
        var model = Arguments.text(step, "model");
        var alias = Arguments.text(step, "alias");
        long version = step.get("version").getAsLong();
        var current = step.has("expected_generation")
                ? client.setAlias(model, alias, version, step.get("expected_generation").getAsLong())
                : client.setAlias(model, alias, version);
        return current.map(now -> SdkRecords.under("current", SdkRecords.of(now))).orElseGet(JsonObject::new);
    }

    private JsonObject loadModel(JsonObject step) {
        var record = new JsonObject();
        record.addProperty("model_bytes",
                client.loadModel(Arguments.text(step, "model"), step.get("version").getAsLong()));
        return record;
    }

    private JsonObject unloadModel(JsonObject step) {
        client.unloadModel(Arguments.text(step, "model"), step.get("version").getAsLong());
        return new JsonObject();
    }

    private JsonObject deleteVersion(JsonObject step) {
        client.deleteVersion(Arguments.text(step, "model"), step.get("version").getAsLong());
        return new JsonObject();
    }

    @Override
    public void close() {
        client.close();
    }
}
