package io.modelwire.client;

import io.modelwire.wire.PartialFitRequest;
import java.util.List;

/**
 * Rows to learn from. What is said of the learner makes it, with its first batch; after that it may be left out, and said again
 * it has to be the same.
 *
 * <pre>{@code
 * Batch.of(Step.of("mlp_regressor").with("hidden_layer_sizes", 10, 20)).rows(features).targets(values).publishEvery(10)
 * Batch.more().rows(Table.csv(path)).target("clicked")
 * }</pre>
 */
public final class Batch {
    private final Training rows;
    private List<String> classes = List.of();
    private long[] numberedClasses = {};
    private Long seed;
    private Long publishEvery;
    private Long keepVersions;
    private Boolean moveStable;
    private Long expectedBatch;
    private boolean publish;

    private Batch(Training rows) {
        this.rows = rows;
    }

    /**
     * A batch that may be the first one of a learner.
     *
     * @param step an algorithm that learns batch by batch, or a transformer that does
     * @param others the algorithm behind a transformer
     * @return what rows and target are added to
     */
    public static Batch of(Step step, Step... others) {
        return new Batch(Training.of(step, others));
    }

    /**
     * A batch of a learner that is there.
     *
     * @return what rows and target are added to
     */
    public static Batch more() {
        return new Batch(Training.of());
    }

    /**
     * Learns from a table, with the target in it.
     *
     * @param table at most about 8 MiB
     * @return this
     */
    public Batch rows(Table table) {
        rows.rows(table);
        return this;
    }

    /**
     * Learns from a matrix.
     *
     * @param matrix shape (n_samples, n_features)
     * @param names the names of the features; none: x0, x1, …
     * @return this
     */
    public Batch rows(double[][] matrix, String... names) {
        rows.rows(matrix, names);
        return this;
    }

    /**
     * The column to predict.
     *
     * @param column its name in the table
     * @return this
     */
    public Batch target(String column) {
        rows.target(column);
        return this;
    }

    /**
     * The numbers to predict.
     *
     * @param values shape (n_samples), one for each row
     * @return this
     */
    public Batch targets(double[] values) {
        rows.targets(values);
        return this;
    }

    /**
     * The whole numbers, or labels, to predict.
     *
     * @param values shape (n_samples), one for each row
     * @return this
     */
    public Batch targets(long[] values) {
        rows.targets(values);
        return this;
    }

    /**
     * The labels to predict.
     *
     * @param values shape (n_samples), one for each row
     * @return this
     */
    public Batch targets(String[] values) {
        rows.targets(values);
        return this;
    }

    /**
     * The columns to learn from, in the order in which {@code predict} takes them.
     *
     * @param columns their names; not called: all but the target
     * @return this
     */
    public Batch features(String... columns) {
        rows.features(columns);
        return this;
    }

    /**
     * The labels that there will be.
     *
     * @param labels not called: those of the first batch
     * @return this
     */
    public Batch classes(String... labels) {
        classes = List.of(labels);
        return this;
    }

    /**
     * The labels that there will be.
     *
     * @param labels not called: those of the first batch
     * @return this
     */
    public Batch classes(long... labels) {
        numberedClasses = labels.clone();
        return this;
    }

    /**
     * Seed of everything random. The same batches in the same order give the same model.
     *
     * @param value the seed; not called: 0
     * @return this
     */
    public Batch seed(long value) {
        seed = value;
        return this;
    }

    /**
     * Publishes a version after so many batches. Said again it holds from then on, as do the next two.
     *
     * @param batches 0: only when {@link #publish} asks for it; not called: 1
     * @return this
     */
    public Batch publishEvery(long batches) {
        publishEvery = batches;
        return this;
    }

    /**
     * Deletes versions beyond the newest ones, but for those that an alias names.
     *
     * @param versions how many are kept; not called: 5
     * @return this
     */
    public Batch keepVersions(long versions) {
        keepVersions = versions;
        return this;
    }

    /**
     * Leaves the alias {@code stable} where it is when versions are published. Neither this nor {@link #moveStable} called: it goes to
     * each new one, and the first batch of a model that has versions already is refused.
     *
     * @return this
     */
    public Batch keepStable() {
        moveStable = false;
        return this;
    }

    /**
     * Lets the alias {@code stable} go to each new version, also of a model that has been trained before.
     *
     * @return this
     */
    public Batch moveStable() {
        moveStable = true;
        return this;
    }

    /**
     * The number that this batch should get; refused if it would be another.
     *
     * @param number from 1; not called: whichever is next
     * @return this
     */
    public Batch expected(long number) {
        expectedBatch = number;
        return this;
    }

    /**
     * Publishes a version after this batch.
     *
     * @return this
     */
    public Batch publish() {
        publish = true;
        return this;
    }

    /**
     * A key by which the server knows a repetition, also one of another process: it answers what was learned the first time.
     *
     * @param key at most 128 characters; not called: only the tries of one call have a key in common
     * @return this
     */
    public Batch idempotencyKey(String key) {
        rows.idempotencyKey(key);
        return this;
    }

    /** Null: none. */
    String idempotencyKey() {
        return rows.idempotencyKey();
    }

    /** As it travels, without its context. */
    PartialFitRequest request(String model) {
        var sent = Requests.train(model, rows);
        var request = new PartialFitRequest().setModel(model).setTable(sent.table).setTarget(sent.target)
                .setFeatures(sent.features).setSteps(sent.steps.isEmpty() ? null : sent.steps);
        if (!classes.isEmpty()) {
            request.setClasses(WireTables.encode(Column.of("classes", classes)));
        } else if (numberedClasses.length > 0) {
            request.setClasses(WireTables.encode(Column.of("classes", numberedClasses, new java.util.BitSet())));
        }
        if (seed != null) {
            request.setSeed(seed);
        }
        if (publishEvery != null) {
            request.setPublish_every(publishEvery);
        }
        if (keepVersions != null) {
            request.setKeep_versions(keepVersions);
        }
        if (moveStable != null) {
            request.setMove_stable(moveStable);
        }
        if (expectedBatch != null) {
            request.setExpected_batch(expectedBatch);
        }
        return publish ? request.setPublish(true) : request;
    }
}
