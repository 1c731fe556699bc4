package io.modelwire.interop;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.modelwire.client.Alias;
import io.modelwire.client.Column;
import io.modelwire.client.ColumnSchema;
import io.modelwire.client.Dataset;
import io.modelwire.client.DatasetDescription;
import io.modelwire.client.Evaluation;
import io.modelwire.client.Explanation;
import io.modelwire.client.Greeting;
import io.modelwire.client.JobStatus;
import io.modelwire.client.LearnedBatch;
import io.modelwire.client.Learner;
import io.modelwire.client.ModelSummary;
import io.modelwire.client.ModelVersion;
import io.modelwire.client.ModelwireException;
import io.modelwire.client.PermutationImportance;
import io.modelwire.client.Prediction;
import io.modelwire.client.PredictionOutcome;
import io.modelwire.client.SearchResult;
import io.modelwire.client.Step;
import io.modelwire.client.TrainingResult;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;

/** The SDK's records as JSON with the IDL's field names. */
final class SdkRecords {
    private SdkRecords() {
    }

    static JsonObject of(Greeting greeting) {
        var record = new JsonObject();
        record.addProperty("greeting", greeting.greeting());
        record.addProperty("server", greeting.server());
        record.addProperty("version", greeting.version());
        record.addProperty("uptime_ms", greeting.uptime().toMillis());
        record.addProperty("time_ms", greeting.time().toEpochMilli());
        return record;
    }

    static JsonObject of(JobStatus job) {
        var record = new JsonObject();
        record.addProperty("id", job.id());
        record.addProperty("state_name", job.state().name());
        record.addProperty("model", job.model());
        job.version().ifPresent(version -> record.addProperty("version", version));
        record.addProperty("progress", job.progress());
        record.add("metrics", metrics(job.metrics()));
        record.addProperty("sequence", job.sequence());
        job.error().ifPresent(error -> record.add("error", of(error)));
        return record;
    }

    static JsonObject of(LearnedBatch learned) {
        var record = new JsonObject();
        record.addProperty("batch", learned.batch());
        record.addProperty("n_samples", learned.nSamples());
        learned.loss().ifPresent(loss -> record.addProperty("loss", loss));
        learned.version().ifPresent(version -> record.addProperty("version", version));
        if (!learned.notes().isEmpty()) {
            var notes = new JsonArray();
            learned.notes().forEach(notes::add);
            record.add("notes", notes);
        }
        return record;
    }

    static JsonObject of(Learner learner) {
        var record = new JsonObject();
        record.addProperty("model", learner.model());
        record.addProperty("batches", learner.batches());
        record.addProperty("samples", learner.samples());
        learner.lastVersion().ifPresent(version -> record.addProperty("last_version", version));
        var recent = new JsonArray();
        learner.recent().forEach(learned -> recent.add(of(learned)));
        record.add("recent", recent);
        return record;
    }

    private static JsonObject of(ModelwireException error) {
        var record = new JsonObject();
        record.addProperty("code_name", error.codeName());
        record.addProperty("message", error.getMessage());
        return record;
    }

    static JsonObject of(Prediction prediction) {
        var record = new JsonObject();
        record.addProperty("model", prediction.model());
        record.addProperty("version", prediction.version());
        prediction.generation().ifPresent(generation -> record.addProperty("generation", generation));
        addIfAny(record, "values", array(prediction.values()));
        addIfAny(record, "labels", array(prediction.labels()));
        addIfAny(record, "probabilities", array(prediction.probabilities()));
        addIfAny(record, "classes", array(prediction.classes()));
        addIfAny(record, "clusters", array(prediction.clusters()));
        addIfAny(record, "distances", array(prediction.distances()));
        addIfAny(record, "transformed", array(prediction.transformed()));
        return record;
    }

    static JsonObject of(TrainingResult result) {
        var record = new JsonObject();
        record.addProperty("model", result.model());
        record.addProperty("version", result.version());
        addIfAny(record, "labels", array(result.labels()));
        addIfAny(record, "embedding", array(result.embedding()));
        return record;
    }

    static JsonObject exported(String model, long version, String fileName, String sha256, byte[] content) {
        var record = new JsonObject();
        record.addProperty("model", model);
        record.addProperty("version", version);
        record.addProperty("file_name", fileName);
        record.addProperty("sha256", sha256);
        record.addProperty("bytes", content.length);
        return record;
    }

    static JsonObject of(PermutationImportance found) {
        var record = new JsonObject();
        record.addProperty("model", found.model());
        record.addProperty("version", found.version());
        found.generation().ifPresent(generation -> record.addProperty("generation", generation));
        record.addProperty("n_samples", found.samples());
        record.addProperty("scoring", found.scoring());
        record.addProperty("baseline", found.baseline());
        record.add("features", each(found.features(), JsonPrimitive::new));
        record.add("importances_mean", array(found.mean()));
        record.add("importances_std", array(found.deviation()));
        record.add("importances", array(found.importances()));
        return record;
    }

    static JsonObject of(Evaluation evaluation) {
        var record = new JsonObject();
        record.addProperty("model", evaluation.model());
        record.addProperty("version", evaluation.version());
        evaluation.generation().ifPresent(generation -> record.addProperty("generation", generation));
        record.addProperty("n_samples", evaluation.samples());
        record.add("metrics", metrics(evaluation.metrics()));
        addIfAny(record, "labels", array(evaluation.labels()));
        addIfAny(record, "classes", each(evaluation.classes(), of -> {
            var one = new JsonObject();
            of.precision().ifPresent(precision -> one.addProperty("precision", precision));
            of.recall().ifPresent(recall -> one.addProperty("recall", recall));
            one.addProperty("f1", of.f1());
            one.addProperty("support", of.support());
            return one;
        }));
        addIfAny(record, "confusion", array(evaluation.confusion()));
        evaluation.silhouetteSamples().ifPresent(samples -> record.addProperty("silhouette_samples", samples));
        return record;
    }

    static JsonObject of(SearchResult found) {
        var record = new JsonObject();
        record.addProperty("scoring", found.scoring());
        record.addProperty("n_splits", found.splits());
        record.add("candidates", each(found.candidates(), of -> {
            var one = new JsonObject();
            one.addProperty("number", of.number());
            one.addProperty("rank", of.rank());
            one.addProperty("n_resources", of.resources());
            of.meanTestScore().ifPresent(score -> one.addProperty("mean_test_score", score));
            of.stdTestScore().ifPresent(score -> one.addProperty("std_test_score", score));
            addIfAny(one, "split_test_scores", each(of.splitTestScores(), JsonPrimitive::new));
            if (!of.error().isEmpty()) {
                one.addProperty("error", of.error());
            }
            return one;
        }));
        addIfAny(record, "best_steps", each(found.bestSteps(), of -> {
            var one = new JsonObject();
            one.addProperty("algorithm", of.algorithm());
            return one;
        }));
        return record;
    }

    static JsonObject of(Explanation explanation) {
        var record = new JsonObject();
        record.addProperty("model", explanation.model());
        record.addProperty("version", explanation.version());
        explanation.generation().ifPresent(generation -> record.addProperty("generation", generation));
        record.addProperty("scale", explanation.scale());
        record.add("base_values", array(explanation.baseValues()));
        record.add("contributions", each(Arrays.asList(explanation.contributions()), SdkRecords::array));
        record.add("features", each(explanation.features(), JsonPrimitive::new));
        addIfAny(record, "classes", array(explanation.classes()));
        addIfAny(record, "outputs", each(explanation.outputs(), JsonPrimitive::new));
        return record;
    }

    static JsonObject outcomes(List<PredictionOutcome> outcomes) {
        return under("outcomes", each(outcomes, outcome -> outcome.error()
                .map(error -> under("error", of(error)))
                .orElseGet(() -> under("response", of(outcome.get())))));
    }

    static JsonObject models(List<ModelSummary> models) {
        return under("models", each(models, model -> {
            var record = new JsonObject();
            record.addProperty("name", model.name());
            record.add("versions", each(model.versions(), JsonPrimitive::new));
            record.add("aliases", each(model.aliases(), SdkRecords::of));
            return record;
        }));
    }

    static JsonObject of(Alias alias) {
        var record = new JsonObject();
        record.addProperty("name", alias.name());
        record.addProperty("version", alias.version());
        record.addProperty("generation", alias.generation());
        return record;
    }

    static JsonObject model(ModelVersion model) {
        var record = new JsonObject();
        record.addProperty("name", model.name());
        record.addProperty("version", model.version());
        record.addProperty("kind", model.kind());
        record.add("steps", each(model.steps(), SdkRecords::of));
        record.add("schema", schema(model));
        record.add("metrics", metrics(model.metrics()));
        record.addProperty("n_samples", model.nSamples());
        record.addProperty("seed", model.seed());
        record.addProperty("job_id", model.jobId());
        model.dataset().ifPresent(dataset -> record.addProperty("dataset", dataset));
        record.add("aliases", each(model.aliases(), JsonPrimitive::new));
        return under("model", record);
    }

    private static JsonObject schema(ModelVersion model) {
        var schema = new JsonObject();
        schema.add("features", each(model.features(), SdkRecords::of));
        addIfAny(schema, "targets", each(model.targets(), SdkRecords::of));
        model.target().ifPresent(target -> schema.add("target", of(target)));
        addIfAny(schema, "classes", array(model.classes()));
        addIfAny(schema, "outputs", each(model.outputs(), JsonPrimitive::new));
        return schema;
    }

    private static JsonObject of(Step step) {
        var record = new JsonObject();
        record.addProperty("algorithm", step.algorithm());
        record.add("columns", each(step.columns(), JsonPrimitive::new));
        return record;
    }

    private static JsonObject of(ColumnSchema column) {
        var record = new JsonObject();
        record.addProperty("name", column.name());
        record.addProperty("type_name", column.type().name());
        return record;
    }

    static JsonObject dataset(Dataset dataset) {
        var record = new JsonObject();
        record.addProperty("name", dataset.name());
        record.addProperty("version", dataset.version());
        record.addProperty("n_rows", dataset.nRows());
        record.add("columns", each(dataset.columns(), SdkRecords::of));
        record.addProperty("sha256", dataset.sha256());
        return under("dataset", record);
    }

    static JsonObject of(DatasetDescription description) {
        var record = dataset(description.dataset());
        record.add("statistics", each(description.statistics(), statistics -> {
            var column = under("column", of(statistics.column()));
            column.addProperty("count", statistics.count());
            column.addProperty("missing", statistics.missing());
            add(column, "mean", statistics.mean());
            add(column, "deviation", statistics.deviation());
            add(column, "minimum", statistics.minimum());
            add(column, "maximum", statistics.maximum());
            return column;
        }));
        return record;
    }

    static JsonObject under(String name, JsonElement element) {
        var record = new JsonObject();
        record.add(name, element);
        return record;
    }

    private static void add(JsonObject record, String name, OptionalDouble value) {
        value.ifPresent(number -> record.addProperty(name, number));
    }

    private static void addIfAny(JsonObject record, String name, JsonArray array) {
        if (!array.isEmpty()) {
            record.add(name, array);
        }
    }

    private static JsonObject metrics(Map<String, Double> metrics) {
        var record = new JsonObject();
        metrics.forEach(record::addProperty);
        return record;
    }

    private static <T> JsonArray each(List<T> values, Function<T, JsonElement> convert) {
        var array = new JsonArray();
        values.forEach(value -> array.add(convert.apply(value)));
        return array;
    }

    private static JsonArray array(double[] values) {
        var array = new JsonArray();
        for (double value : values) {
            array.add(value);
        }
        return array;
    }

    private static JsonArray array(long[] values) {
        var array = new JsonArray();
        for (long value : values) {
            array.add(value);
        }
        return array;
    }

    private static JsonArray array(double[][] rows) {
        var array = new JsonArray();
        for (var row : rows) {
            array.add(array(row));
        }
        return array;
    }

    private static JsonArray array(Column column) {
        var array = new JsonArray();
        for (int row = 0; row < column.size(); row++) {
            var value = column.get(row);
            if (value instanceof Number number) {
                array.add(number);
            } else if (value instanceof Boolean flag) {
                array.add(flag);
            } else {
                array.add((String) value);
            }
        }
        return array;
    }
}
