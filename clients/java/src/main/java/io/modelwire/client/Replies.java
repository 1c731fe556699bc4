package io.modelwire.client;

import io.modelwire.wire.ClassMetrics;
import io.modelwire.wire.DType;
import io.modelwire.wire.DescribeDatasetResponse;
import io.modelwire.wire.DescribeResponse;
import io.modelwire.wire.EvaluateResponse;
import io.modelwire.wire.ExplainResponse;
import io.modelwire.wire.ExportModelResponse;
import io.modelwire.wire.GetSearchResultResponse;
import io.modelwire.wire.GetTrainingResultResponse;
import io.modelwire.wire.HelloResponse;
import io.modelwire.wire.Parameter;
import io.modelwire.wire.PermutationImportanceResponse;
import io.modelwire.wire.PredictManyResponse;
import io.modelwire.wire.PredictOutcome;
import io.modelwire.wire.PredictResponse;
import io.modelwire.wire.SearchCandidate;
import io.modelwire.wire.StatusResponse;
import io.modelwire.wire.Tensor;
import java.time.Duration;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Function;

/** Replies as they travel to the records that a caller sees. Absent text is empty text, absent lists are empty lists. */
final class Replies {
    private static final Column NO_COLUMN = Column.of("", new String[0], new BitSet());

    private Replies() {
    }

    static Greeting greeting(HelloResponse wire) {
        return new Greeting(text(wire.greeting), text(wire.server), text(wire.version),
                Duration.ofMillis(wire.uptime_ms), Instant.ofEpochMilli(wire.time_ms));
    }

    static ServerStatus status(StatusResponse wire) {
        return new ServerStatus(wire.live, wire.ready, text(wire.reason),
                each(wire.models, model -> new ServerStatus.Model(text(model.name), model.version, model.ready, text(model.reason))),
                wire.rows_in_flight, wire.jobs_in_flight);
    }

    static ServerDescription description(DescribeResponse wire) {
        return new ServerDescription(text(wire.version), text(wire.idl_hash), limits(required(wire.limits, "limits")),
                each(wire.methods, method -> new ServerDescription.Method(
                        text(method.name), text(method.service_name), text(method.role), method.idempotent)),
                each(wire.algorithms, Replies::algorithm));
    }

    private static ServerDescription.Limits limits(io.modelwire.wire.Limits wire) {
        return new ServerDescription.Limits(wire.max_frame_bytes, wire.max_elements, wire.max_depth, wire.max_calls_in_flight,
                wire.max_batch_rows, wire.max_queue_rows, Duration.ofMillis(wire.max_deadline_ms));
    }

    private static ServerDescription.Algorithm algorithm(io.modelwire.wire.AlgorithmDescription wire) {
        return new ServerDescription.Algorithm(text(wire.name), text(wire.kind), text(wire.summary),
                each(wire.parameters, parameter -> new ServerDescription.Parameter(text(parameter.name), text(parameter.type_name),
                        Optional.ofNullable(parameter.default_value).flatMap(Replies::value), text(parameter.range),
                        text(parameter.meaning))), wire.transductive);
    }

    static Prediction prediction(PredictResponse wire) {
        return new Prediction(text(wire.model), wire.version,
                wire.isSetGeneration() ? OptionalLong.of(wire.generation) : OptionalLong.empty(),
                wire.values == null ? new double[0] : Tensors.doubles(wire.values, "values"),
                column(wire.labels, "labels"),
                matrix(wire.probabilities, "probabilities"),
                column(wire.classes, "classes"),
                wire.clusters == null ? new long[0] : Tensors.longs(wire.clusters, "clusters"),
                matrix(wire.distances, "distances"),
                matrix(wire.transformed, "transformed"));
    }

    static Evaluation evaluation(EvaluateResponse wire) {
        return new Evaluation(text(wire.model), wire.version,
                wire.isSetGeneration() ? OptionalLong.of(wire.generation) : OptionalLong.empty(), wire.n_samples,
                metrics(wire.metrics), column(wire.labels, "labels"), each(wire.classes, Replies::classMetrics),
                matrix(wire.confusion, "confusion"),
                wire.isSetSilhouette_samples() ? OptionalLong.of(wire.silhouette_samples) : OptionalLong.empty());
    }

    static PermutationImportance importance(PermutationImportanceResponse wire) {
        List<String> features = each(wire.features, name -> name);
        var found = new PermutationImportance(text(wire.model), wire.version,
                wire.isSetGeneration() ? OptionalLong.of(wire.generation) : OptionalLong.empty(), wire.n_samples,
                text(wire.scoring), wire.baseline, features,
                Tensors.doubles(required(wire.importances_mean, "importances_mean"), "importances_mean"),
                Tensors.doubles(required(wire.importances_std, "importances_std"), "importances_std"),
                matrix(wire.importances, "importances"));
        int n = features.size();
        if (found.mean().length != n || found.deviation().length != n || found.importances().length != n) {
            throw Tensors.malformed("importances", "are " + found.importances().length + " of " + n + " columns");
        }
        return found;
    }

    private static Evaluation.ClassMetrics classMetrics(ClassMetrics wire) {
        return new Evaluation.ClassMetrics(
                wire.isSetPrecision() ? OptionalDouble.of(wire.precision) : OptionalDouble.empty(),
                wire.isSetRecall() ? OptionalDouble.of(wire.recall) : OptionalDouble.empty(), wire.f1, wire.support);
    }

    static SearchResult searchResult(GetSearchResultResponse wire) {
        return new SearchResult(each(wire.candidates, Replies::candidate), text(wire.scoring), wire.n_splits,
                each(wire.best_steps, Replies::step));
    }

    private static SearchResult.Candidate candidate(SearchCandidate wire) {
        return new SearchResult.Candidate(wire.number, wire.rank,
                each(wire.parameters, it -> new SearchResult.Parameter(it.step, text(it.algorithm), text(required(it.parameter, "parameter").name),
                        value(it.parameter).orElseThrow(() -> Tensors.malformed("parameter", "has no value")))),
                wire.isSetMean_test_score() ? OptionalDouble.of(wire.mean_test_score) : OptionalDouble.empty(),
                wire.isSetStd_test_score() ? OptionalDouble.of(wire.std_test_score) : OptionalDouble.empty(),
                each(wire.split_test_scores, score -> score), wire.mean_fit_seconds, text(wire.error), wire.iteration,
                wire.n_resources);
    }

    static List<PredictionOutcome> outcomes(PredictManyResponse wire, int asked) {
        if (wire.getOutcomesSize() != asked) {
            throw Tensors.malformed("outcomes", "are " + wire.getOutcomesSize() + " of " + asked + " requests");
        }
        return each(wire.outcomes, Replies::outcome);
    }

    private static PredictionOutcome outcome(PredictOutcome wire) {
        if ((wire.response == null) == (wire.error == null)) {
            throw Tensors.malformed("outcome", "is not either an answer or an error");
        }
        return new PredictionOutcome(Optional.ofNullable(wire.response).map(Replies::prediction),
                Optional.ofNullable(wire.error).map(Failures::ofServer));
    }

    static Explanation explanation(ExplainResponse wire) {
        var classes = column(wire.classes, "classes");
        List<String> outputs = each(wire.outputs, name -> name);
        int nAnswers = wire.classes == null ? Math.max(outputs.size(), 1) : classes.size();
        var baseValues = Tensors.doubles(required(wire.base_values, "base_values"), "base_values");
        if (baseValues.length != nAnswers) {
            throw Tensors.malformed("base_values", "are " + baseValues.length + " of " + nAnswers + " answers");
        }
        List<String> features = each(wire.features, name -> name);
        return new Explanation(text(wire.model), wire.version,
                wire.isSetGeneration() ? OptionalLong.of(wire.generation) : OptionalLong.empty(), text(wire.scale), baseValues,
                Tensors.cube(required(wire.contributions, "contributions"), nAnswers, features.size(), "contributions"),
                features, classes, outputs);
    }

    private static double[][] matrix(Tensor wire, String what) {
        return wire == null ? new double[0][] : Tensors.matrix(wire, what);
    }

    private static Column column(io.modelwire.wire.Column wire, String what) {
        return wire == null ? NO_COLUMN : WireTables.decode(wire, what);
    }

    static ModelSummary modelSummary(io.modelwire.wire.ModelSummary wire) {
        return new ModelSummary(text(wire.name), each(wire.versions, version -> version), each(wire.aliases, Replies::alias),
                each(wire.states, state -> state));
    }

    static Alias alias(io.modelwire.wire.Alias wire) {
        return new Alias(text(wire.name), wire.version, wire.generation);
    }

    static ModelVersion modelVersion(io.modelwire.wire.ModelVersion wire) {
        var schema = required(required(wire, "model").schema, "schema");
        return new ModelVersion(text(wire.name), wire.version, text(wire.kind), each(wire.steps, Replies::step),
                each(schema.features, Replies::columnSchema), Optional.ofNullable(schema.target).map(Replies::columnSchema),
                each(schema.targets, Replies::columnSchema),
                column(schema.classes, "classes"), each(schema.outputs, output -> output), metrics(wire.metrics), wire.n_samples, wire.seed, text(wire.job_id),
                Optional.ofNullable(wire.dataset), text(wire.data_sha256), text(wire.sha256), wire.size_bytes,
                Instant.ofEpochMilli(wire.created_ms), each(wire.aliases, alias -> alias),
                text(wire.state));
    }

    /** A piece of a file. */
    static ExportedModel exportedModel(ExportModelResponse wire) {
        return new ExportedModel(text(wire.model), wire.version, text(wire.file_name), text(wire.sha256),
                wire.content == null ? new byte[0] : wire.getContent());
    }

    /** A file of which all pieces are there. */
    static ExportedModel whole(ExportedModel file) {
        var found = sha256(file.content());
        if (!found.equals(file.sha256())) {
            throw Tensors.malformed("file", file.fileName() + " has the SHA-256 " + found + " and should have " + file.sha256());
        }
        return file;
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException("every Java has SHA-256", missing);
        }
    }

    /** A page of a result. */
    static TrainingResult trainingResult(GetTrainingResultResponse wire) {
        if ((wire.labels == null) == (wire.embedding == null)) {
            throw Tensors.malformed("training result", "is not either labels or an embedding");
        }
        return new TrainingResult(text(wire.model), wire.version,
                wire.labels == null ? new long[0] : Tensors.longs(wire.labels, "labels"), matrix(wire.embedding, "embedding"));
    }

    static Step step(io.modelwire.wire.Step wire) {
        var parameters = new LinkedHashMap<String, Object>();
        each(wire.parameters, parameter -> parameter)
                .forEach(parameter -> value(parameter).ifPresent(value -> parameters.put(text(parameter.name), value)));
        return new Step(text(wire.algorithm), parameters, each(wire.columns, column -> column));
    }

    private static Optional<Object> value(Parameter wire) {
        if (wire.isSetInteger()) {
            return Optional.of(wire.integer);
        }
        if (wire.isSetNumber()) {
            return Optional.of(wire.number);
        }
        if (wire.isSetFlag()) {
            return Optional.of(wire.flag);
        }
        if (wire.tensor != null && (wire.tensor.dtype == DType.I64 || wire.tensor.dtype == DType.I32)) {
            return Optional.of(Arrays.stream(Tensors.longs(wire.tensor, "parameter")).boxed().toList());
        }
        return wire.tensor != null ? Optional.of(Tensors.doubles(wire.tensor, "parameter")) : Optional.ofNullable(wire.text);
    }

    private static ColumnSchema columnSchema(io.modelwire.wire.ColumnSchema wire) {
        return new ColumnSchema(text(wire.name), ColumnType.ofNumber(wire.type));
    }

    static JobStatus job(io.modelwire.wire.Job wire) {
        return new JobStatus(text(required(wire, "job").id), JobState.ofNumber(wire.state), text(wire.model),
                wire.isSetVersion() ? OptionalLong.of(wire.version) : OptionalLong.empty(),
                Instant.ofEpochMilli(wire.created_ms),
                wire.isSetStarted_ms() ? Optional.of(Instant.ofEpochMilli(wire.started_ms)) : Optional.empty(),
                wire.isSetFinished_ms() ? Optional.of(Instant.ofEpochMilli(wire.finished_ms)) : Optional.empty(),
                wire.progress, metrics(wire.metrics), Optional.ofNullable(wire.error).map(Failures::ofServer), wire.sequence);
    }

    static LearnedBatch learned(io.modelwire.wire.PartialFitResponse wire) {
        return new LearnedBatch(wire.batch, wire.n_samples,
                wire.isSetLoss() ? OptionalDouble.of(wire.loss) : OptionalDouble.empty(),
                wire.isSetVersion() ? OptionalLong.of(wire.version) : OptionalLong.empty(), each(wire.notes, note -> note));
    }

    private static LearnedBatch learned(io.modelwire.wire.LearnedBatch wire) {
        return new LearnedBatch(wire.batch, wire.n_samples,
                wire.isSetLoss() ? OptionalDouble.of(wire.loss) : OptionalDouble.empty(),
                wire.isSetVersion() ? OptionalLong.of(wire.version) : OptionalLong.empty(), each(wire.notes, note -> note));
    }

    static Learner learner(io.modelwire.wire.Learner wire) {
        return new Learner(text(required(wire, "learner").model), each(wire.steps, Replies::step), each(wire.features, name -> name),
                Optional.ofNullable(wire.target), column(wire.classes, "classes"), wire.seed, wire.publish_every,
                wire.keep_versions, wire.move_stable, wire.batches, wire.samples, each(wire.recent, Replies::learned),
                wire.isSetLast_version() ? OptionalLong.of(wire.last_version) : OptionalLong.empty());
    }

    static JobEvent jobEvent(io.modelwire.wire.JobEvent wire) {
        return new JobEvent(wire.sequence, Instant.ofEpochMilli(wire.time_ms), JobState.ofNumber(wire.state),
                text(wire.message), wire.progress);
    }

    static Dataset dataset(io.modelwire.wire.Dataset wire) {
        return new Dataset(text(required(wire, "dataset").name), wire.version, wire.n_rows,
                each(wire.columns, Replies::columnSchema), text(wire.sha256), wire.size_bytes, Instant.ofEpochMilli(wire.created_ms));
    }

    static DatasetDescription datasetDescription(DescribeDatasetResponse wire) {
        return new DatasetDescription(dataset(wire.dataset), each(wire.statistics, Replies::statistics));
    }

    private static DatasetDescription.Statistics statistics(io.modelwire.wire.ColumnStatistics wire) {
        return new DatasetDescription.Statistics(columnSchema(required(wire.column, "column")), wire.count, wire.missing,
                optional(wire.isSetMean(), wire.mean), optional(wire.isSetDeviation(), wire.deviation),
                optional(wire.isSetMinimum(), wire.minimum), optional(wire.isSetMaximum(), wire.maximum));
    }

    private static OptionalDouble optional(boolean isSet, double value) {
        return isSet ? OptionalDouble.of(value) : OptionalDouble.empty();
    }

    private static Map<String, Double> metrics(Map<String, Double> wire) {
        return wire == null ? Map.of() : Map.copyOf(wire);
    }

    static <W, R> List<R> each(List<W> wire, Function<W, R> convert) {
        return wire == null ? List.of() : wire.stream().map(convert).toList();
    }

    private static String text(String wire) {
        return wire == null ? "" : wire;
    }

    static <T> T required(T wire, String what) {
        if (wire == null) {
            throw Tensors.malformed(what, "is absent");
        }
        return wire;
    }
}
