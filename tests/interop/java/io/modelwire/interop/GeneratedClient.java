package io.modelwire.interop;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.modelwire.wire.AppendRowsRequest;
import io.modelwire.wire.CommitDatasetRequest;
import io.modelwire.wire.CreateDatasetRequest;
import io.modelwire.wire.CrossValidation;
import io.modelwire.wire.Datasets;
import io.modelwire.wire.DeleteLearnerRequest;
import io.modelwire.wire.DeleteVersionRequest;
import io.modelwire.wire.DescribeDatasetRequest;
import io.modelwire.wire.DescribeModelRequest;
import io.modelwire.wire.EchoRequest;
import io.modelwire.wire.EvaluateRequest;
import io.modelwire.wire.ExplainRequest;
import io.modelwire.wire.ExportModelRequest;
import io.modelwire.wire.GetJobRequest;
import io.modelwire.wire.GetLearnerRequest;
import io.modelwire.wire.GetSearchResultRequest;
import io.modelwire.wire.GetTrainingResultRequest;
import io.modelwire.wire.Health;
import io.modelwire.wire.HelloRequest;
import io.modelwire.wire.Inference;
import io.modelwire.wire.JobState;
import io.modelwire.wire.ListModelsRequest;
import io.modelwire.wire.LoadModelRequest;
import io.modelwire.wire.Models;
import io.modelwire.wire.Parameter;
import io.modelwire.wire.PartialFitRequest;
import io.modelwire.wire.PermutationImportanceRequest;
import io.modelwire.wire.PredictItem;
import io.modelwire.wire.PredictManyRequest;
import io.modelwire.wire.PredictRequest;
import io.modelwire.wire.RequestContext;
import io.modelwire.wire.SearchRequest;
import io.modelwire.wire.SearchedParameter;
import io.modelwire.wire.ServiceError;
import io.modelwire.wire.SetAliasRequest;
import io.modelwire.wire.Step;
import io.modelwire.wire.Table;
import io.modelwire.wire.Tensor;
import io.modelwire.wire.TrainRequest;
import io.modelwire.wire.Training;
import io.modelwire.wire.UnloadModelRequest;
import io.modelwire.wire.WatchJobRequest;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import org.apache.thrift.TBase;
import org.apache.thrift.TException;
import org.apache.thrift.protocol.TMultiplexedProtocol;
import org.apache.thrift.protocol.TProtocol;
import org.apache.thrift.transport.TTransport;

/** The generated clients on the Apache library, as any Thrift user has them. */
final class GeneratedClient implements Client {
    private static final long POLL_MS = 10_000;

    private final Path data;
    private final TTransport transport;
    /** Null without a token, or where a header has it: what is null is not sent. */
    private final RequestContext context;
    private final Health.Client health;
    private final Inference.Client inference;
    private final Models.Client models;
    private final Training.Client training;
    private final Datasets.Client datasets;

    GeneratedClient(Options options) throws TException {
        transport = Connection.open(options);
        data = options.path("data");
        var token = options.is("transport", "http") ? null : options.token().orElse(null);
        context = token == null ? null : new RequestContext().setToken(token);
        health = new Health.Client(protocol(options, "Health"));
        inference = new Inference.Client(protocol(options, "Inference"));
        models = new Models.Client(protocol(options, "Models"));
        training = new Training.Client(protocol(options, "Training"));
        datasets = new Datasets.Client(protocol(options, "Datasets"));
    }

    private TProtocol protocol(Options options, String service) {
        var protocol = Connection.protocol(options, transport);
        return options.multiplexed() ? new TMultiplexedProtocol(protocol, service) : protocol;
    }

    @Override
    public JsonObject call(JsonObject step, Consumer<String> started) throws Refused {
        try {
            return switch (step.get("call").getAsString()) {
                case "echo" -> echo(step);
                case "export_model" -> export(step);
                default -> Records.of(answer(step, started));
            };
        } catch (ServiceError error) {
            throw new Refused(error.getCode_name(), error.getMessage() + "; " + error.getHint());
        } catch (TException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private TBase<?, ?> answer(JsonObject step, Consumer<String> started) throws TException {
        var call = step.get("call").getAsString();
        return switch (call) {
            case "hello" -> health.hello(new HelloRequest().setContext(context).setName(Arguments.text(step, "name")));
            case "train" -> train(step, started);
            case "search" -> search(step, started);
            case "evaluate" -> evaluate(step);
            case "permutation_importance" -> importance(step);
            case "predict" -> predict(step);
            case "predict_many" -> predictMany(step);
            case "explain" -> inference.explain(new ExplainRequest().setContext(context)
                    .setModel(Arguments.text(step, "model")).setMatrix(matrix(step)).setTable(table(step)));
            case "upload" -> upload(step);
            case "describe_dataset" -> datasets.describe_dataset(
                    new DescribeDatasetRequest().setContext(context).setDataset(Arguments.text(step, "dataset")));
            case "list_models" -> listModels();
            case "describe_model" -> models.describe_model(
                    new DescribeModelRequest().setContext(context).setModel(Arguments.text(step, "model")));
            case "get_training_result" -> models.get_training_result(
                    new GetTrainingResultRequest().setContext(context).setModel(Arguments.text(step, "model")));
            case "set_alias" -> setAlias(step);
            case "load_model" -> models.load_model(new LoadModelRequest().setContext(context)
                    .setModel(Arguments.text(step, "model")).setVersion(step.get("version").getAsLong()));
            case "unload_model" -> models.unload_model(new UnloadModelRequest().setContext(context)
                    .setModel(Arguments.text(step, "model")).setVersion(step.get("version").getAsLong()));
            case "delete_version" -> models.delete_version(new DeleteVersionRequest().setContext(context)
                    .setModel(Arguments.text(step, "model")).setVersion(step.get("version").getAsLong()));
            case "partial_fit" -> partialFit(step);
            case "get_learner" -> training.get_learner(
                    new GetLearnerRequest().setContext(context).setModel(Arguments.text(step, "model")));
            case "delete_learner" -> training.delete_learner(
                    new DeleteLearnerRequest().setContext(context).setModel(Arguments.text(step, "model")));
            case "get_job" -> training.get_job(new GetJobRequest().setContext(context).setJob_id(Arguments.text(step, "job")));
            default -> throw new IllegalArgumentException("unknown call " + call);
        };
    }

    private JsonObject echo(JsonObject step) throws TException {
        var payload = Arguments.payload(step);
        var answer = health.echo(new EchoRequest().setContext(context).setPayload(payload)).getPayload();
        if (!Arrays.equals(payload, answer)) {
            throw new IllegalStateException("the echo is not what was sent");
        }
        var record = new JsonObject();
        record.addProperty("bytes", answer.length);
        return record;
    }

    private TBase<?, ?> train(JsonObject step, Consumer<String> started) throws TException {
        var request = new TrainRequest().setContext(context).setModel(Arguments.text(step, "model")).setSteps(steps(step))
                .setDataset(Arguments.text(step, "dataset")).setTarget(Arguments.text(step, "target"))
                .setTargets(Arguments.texts(step, "targets")).setFeatures(Arguments.texts(step, "features")).setSample_weight(Arguments.text(step, "sample_weight"));
        var rows = Arguments.rows(step, data);
        if (rows != null) {
            request.setTable(WireRows.table(rows));
        }
        if (step.has("seed")) {
            request.setSeed(step.get("seed").getAsLong());
        }
        var id = training.train(request).getJob().getId();
        started.accept(id);
        return ended(id);
    }

    private TBase<?, ?> search(JsonObject step, Consumer<String> started) throws TException {
        var folds = new CrossValidation().setGroup(Arguments.text(step, "group"));
        if (step.has("folds")) {
            folds.setN_splits(step.get("folds").getAsInt());
        }
        var tries = new ArrayList<SearchedParameter>();
        for (JsonElement element : step.getAsJsonArray("tries")) {
            var object = element.getAsJsonObject();
            var name = Arguments.text(object, "name");
            var searched = new SearchedParameter().setName(name).setAlgorithm(Arguments.text(object, "algorithm"));
            object.getAsJsonArray("values").forEach(value -> searched.addToValues(parameter(name, Arguments.value(value))));
            tries.add(searched);
        }
        var rows = Arguments.rows(step, data);
        var request = new SearchRequest().setContext(context).setModel(Arguments.text(step, "model")).setSteps(steps(step))
                .setTable(rows == null ? null : WireRows.table(rows)).setDataset(Arguments.text(step, "dataset"))
                .setTarget(Arguments.text(step, "target")).setTargets(Arguments.texts(step, "targets")).setParameters(tries)
                .setCross_validation(folds).setPublish(step.has("publish"));
        if (step.has("seed")) {
            request.setSeed(step.get("seed").getAsLong());
        }
        var id = training.search(request).getJob().getId();
        started.accept(id);
        ended(id);
        return training.get_search_result(new GetSearchResultRequest().setContext(context).setJob_id(id));
    }

    private TBase<?, ?> partialFit(JsonObject step) throws TException {
        var request = new PartialFitRequest().setContext(context).setModel(Arguments.text(step, "model"))
                .setTable(WireRows.table(Arguments.rows(step, data))).setTarget(Arguments.text(step, "target"));
        if (step.has("steps")) {
            request.setSteps(steps(step));
        }
        if (step.has("expected_batch")) {
            request.setExpected_batch(step.get("expected_batch").getAsLong());
        }
        return training.partial_fit(request);
    }

    private TBase<?, ?> evaluate(JsonObject step) throws TException {
        var rows = Arguments.rows(step, data);
        return training.evaluate(new EvaluateRequest().setContext(context).setModel(Arguments.text(step, "model"))
                .setTable(rows == null ? null : WireRows.table(rows)).setDataset(Arguments.text(step, "dataset"))
                .setTarget(Arguments.text(step, "target")).setSample_weight(Arguments.text(step, "sample_weight")));
    }

    private TBase<?, ?> importance(JsonObject step) throws TException {
        var rows = Arguments.rows(step, data);
        var request = new PermutationImportanceRequest().setContext(context).setModel(Arguments.text(step, "model"))
                .setTable(rows == null ? null : WireRows.table(rows)).setDataset(Arguments.text(step, "dataset"))
                .setTarget(Arguments.text(step, "target")).setSample_weight(Arguments.text(step, "sample_weight"))
                .setScoring(Arguments.text(step, "scoring"));
        if (step.has("n_repeats")) {
            request.setN_repeats(step.get("n_repeats").getAsInt());
        }
        if (step.has("seed")) {
            request.setSeed(step.get("seed").getAsLong());
        }
        return training.permutation_importance(request);
    }

    private JsonObject export(JsonObject step) throws TException {
        var file = models.export_model(new ExportModelRequest().setContext(context).setModel(Arguments.text(step, "model"))
                .setFormat(Arguments.text(step, "format")));
        try {
            var sum = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(file.getContent()));
            if (!sum.equals(file.getSha256())) {
                throw new IllegalStateException("the file has the SHA-256 " + sum + " and its answer says " + file.getSha256());
            }
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException("every Java has SHA-256", missing);
        }
        return SdkRecords.exported(file.getModel(), file.getVersion(), file.getFile_name(), file.getSha256(), file.getContent());
    }

    private io.modelwire.wire.Job ended(String id) throws TException {
        long seen = 0;
        while (true) {
            var reply = training.watch_job(
                    new WatchJobRequest().setContext(context).setJob_id(id).setAfter_sequence(seen).setWait_ms(POLL_MS));
            for (var event : reply.getEvents()) {
                seen = event.getSequence();
            }
            var job = reply.getJob();
            if (job.getState() == JobState.FAILED.getValue()) {
                throw job.getError();
            }
            if (job.getState() == JobState.SUCCEEDED.getValue() || job.getState() == JobState.CANCELLED.getValue()) {
                return job;
            }
        }
    }

    private static List<Step> steps(JsonObject step) {
        var steps = new ArrayList<Step>();
        for (JsonElement element : step.getAsJsonArray("steps")) {
            var object = element.getAsJsonObject();
            var parameters = object.getAsJsonObject("parameters").entrySet().stream()
                    .map(entry -> parameter(entry.getKey(), Arguments.value(entry.getValue()))).toList();
            steps.add(new Step().setAlgorithm(Arguments.text(object, "algorithm")).setParameters(parameters)
                    .setColumns(Arguments.texts(object, "columns")));
        }
        return steps;
    }

    private static Parameter parameter(String name, Object value) {
        var parameter = new Parameter().setName(name);
        if (value instanceof Long integer) {
            return parameter.setInteger(integer);
        }
        if (value instanceof Double number) {
            return parameter.setNumber(number);
        }
        return value instanceof Boolean flag ? parameter.setFlag(flag) : parameter.setText((String) value);
    }

    private TBase<?, ?> predict(JsonObject step) throws TException {
        return inference.predict(new PredictRequest().setContext(context).setModel(Arguments.text(step, "model"))
                .setMatrix(matrix(step)).setTable(table(step)));
    }

    private TBase<?, ?> predictMany(JsonObject step) throws TException {
        var request = new PredictManyRequest().setContext(context);
        for (var item : step.getAsJsonArray("items")) {
            var asked = item.getAsJsonObject();
            request.addToItems(new PredictItem().setModel(Arguments.text(asked, "model")).setMatrix(matrix(asked)).setTable(table(asked)));
        }
        return inference.predict_many(request);
    }

    private static Tensor matrix(JsonObject step) {
        return step.has("matrix") ? WireRows.matrix(step.getAsJsonArray("matrix")) : null;
    }

    private static Table table(JsonObject step) {
        return step.has("table") ? WireRows.table(Arguments.table(step.getAsJsonObject("table"))) : null;
    }

    private TBase<?, ?> upload(JsonObject step) throws TException {
        var rows = Arguments.rows(step, data);
        int rowsPerPiece = step.get("rows_per_piece").getAsInt();
        var create = new CreateDatasetRequest().setContext(context).setName(Arguments.text(step, "dataset"));
        var id = datasets.create_dataset(create).getUpload_id();
        for (int from = 0; from < rows.size(); from += rowsPerPiece) {
            var piece = WireRows.table(rows.rows(from, Math.min(rows.size(), from + rowsPerPiece)));
            datasets.append_rows(new AppendRowsRequest().setContext(context).setUpload_id(id).setOffset(from).setTable(piece)
                    .setCrc32(WireRows.crc32(piece)));
        }
        return datasets.commit_dataset(new CommitDatasetRequest().setContext(context).setUpload_id(id).setN_rows(rows.size()));
    }

    private TBase<?, ?> listModels() throws TException {
        var request = new ListModelsRequest().setContext(context);
        var listed = models.list_models(request);
        for (var next = listed.getNext_page(); next != null;) {
            var page = models.list_models(request.setAfter(next));
            listed.getModels().addAll(page.getModels());
            next = page.getNext_page();
        }
        return listed.setNext_page(null);
    }

    private TBase<?, ?> setAlias(JsonObject step) throws TException {
        var request = new SetAliasRequest().setContext(context).setModel(Arguments.text(step, "model"))
                .setAlias_name(Arguments.text(step, "alias")).setVersion(step.get("version").getAsLong());
        if (step.get("expected_generation") instanceof JsonPrimitive generation) {
            request.setExpected_generation(generation.getAsLong());
        }
        return models.set_alias(request);
    }

    @Override
    public void close() {
        transport.close();
    }
}
