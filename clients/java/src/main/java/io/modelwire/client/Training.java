package io.modelwire.client;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What to train: the steps, the rows, the target.
 *
 * <pre>{@code
 * Training.of("standard_scaler", "linear_regression").rows(features).targets(quality)
 * Training.of(Step.of("k_means").with("n_clusters", 3)).rows(Table.csv(path).without("species"))
 * Training.of("logistic_regression").dataset("iris@2").target("species").seed(7)
 * }</pre>
 */
public final class Training {
    private static final String TARGET = "target";
    private static final String SAMPLE_WEIGHT = "sample_weight";

    private final List<Step> steps;
    private Table rows;
    private String dataset;
    private String target;
    private List<String> targetColumns = List.of();
    private Column targets;
    private String sampleWeight;
    private Column sampleWeights;
    private List<String> features = List.of();
    private long seed;
    private Double validationFraction;
    private String idempotencyKey;

    private Training(List<Step> steps) {
        this.steps = steps;
    }

    /**
     * Starts with steps that have their defaults.
     *
     * @param algorithms transformers, then one estimator or none; behind a classifier perhaps its calibration
     * @return what rows and target are added to
     */
    public static Training of(String... algorithms) {
        return new Training(Arrays.stream(algorithms).map(Step::of).toList());
    }

    /**
     * Starts with steps.
     *
     * @param first the first step
     * @param more the others; the last one is the estimator
     * @return what rows and target are added to
     */
    public static Training of(Step first, Step... more) {
        var steps = new ArrayList<Step>(more.length + 1);
        steps.add(first);
        steps.addAll(List.of(more));
        return new Training(List.copyOf(steps));
    }

    /**
     * Trains on a table that travels with the call.
     *
     * @param table at most about 8 MiB; for more, {@linkplain ModelwireClient#upload upload} it and use {@link #dataset}
     * @return this
     */
    public Training rows(Table table) {
        rows = table;
        return this;
    }

    /**
     * Trains on a matrix that travels with the call.
     *
     * @param matrix shape (n_samples, n_features)
     * @param names the names of the features; none: x0, x1, …
     * @return this
     * @throws ModelwireException.InvalidArgument if rows differ in length or names do not fit
     */
    public Training rows(double[][] matrix, String... names) {
        return rows(Table.of(matrix, names));
    }

    /**
     * Trains on a stored data set.
     *
     * @param reference {@code "wine"} (newest version) or {@code "wine@2"}
     * @return this
     */
    public Training dataset(String reference) {
        dataset = reference;
        return this;
    }

    /**
     * The column to predict; none for clusterers, outlier detectors and transformers.
     *
     * @param column its name in the table or data set
     * @return this
     */
    public Training target(String column) {
        target = column;
        return this;
    }

    /**
     * Instead of one target: the columns that a regressor which learns several predicts at once. {@code predict} answers them as
     * {@code transformed}, in this order.
     *
     * @param columns their names in the table or data set
     * @return this
     */
    public Training targetColumns(String... columns) {
        targetColumns = List.of(columns);
        return this;
    }

    /**
     * The numbers to predict.
     *
     * @param values shape (n_samples), one for each row
     * @return this
     */
    public Training targets(double[] values) {
        targets = Column.of(TARGET, values.clone(), new BitSet());
        return this;
    }

    /**
     * The whole numbers, or labels, to predict.
     *
     * @param values shape (n_samples), one for each row
     * @return this
     */
    public Training targets(long[] values) {
        targets = Column.of(TARGET, values.clone(), new BitSet());
        return this;
    }

    /**
     * The whole numbers, or labels, to predict.
     *
     * @param values shape (n_samples), one for each row
     * @return this
     */
    public Training targets(int[] values) {
        return targets(IntStream.of(values).asLongStream().toArray());
    }

    /**
     * The truth values to predict.
     *
     * @param values shape (n_samples), one for each row
     * @return this
     */
    public Training targets(boolean[] values) {
        targets = Column.of(TARGET, values.clone(), new BitSet());
        return this;
    }

    /**
     * The labels to predict.
     *
     * @param values shape (n_samples), one for each row
     * @return this
     */
    public Training targets(String[] values) {
        targets = Column.of(TARGET, Arrays.asList(values));
        return this;
    }

    /**
     * The columns to learn from, in the order in which {@code predict} takes them.
     *
     * @param columns their names; not called: all but the targets
     * @return this
     */
    public Training features(String... columns) {
        features = List.of(columns);
        return this;
    }

    /**
     * Seed of everything random. The same rows, steps and seed give the same model.
     *
     * @param value the seed; not called: 0
     * @return this
     */
    public Training seed(long value) {
        seed = value;
        return this;
    }

    /**
     * The share of the rows that metrics are measured on, by a second model that is fitted without them. The model itself
     * learns from all rows.
     *
     * @param share from 0, which leaves the second model out, and the time that it takes, to below 1; not called: 0.2
     * @return this
     */
    public Training validationFraction(double share) {
        validationFraction = share;
        return this;
    }

    /**
     * The column that says how often each row counts in what is learned and in metrics; it is no feature.
     *
     * @param column its name in the table or data set; its values are numbers, 0 or greater: a row of weight 2 is the row
     *     twice, one of weight 0 is left out
     * @return this
     */
    public Training sampleWeight(String column) {
        sampleWeight = column;
        return this;
    }

    /**
     * How often each row counts in what is learned and in metrics.
     *
     * @param values shape (n_samples), 0 or greater: a row of weight 2 is the row twice, one of weight 0 is left out
     * @return this
     */
    public Training sampleWeights(double[] values) {
        sampleWeights = Column.of(SAMPLE_WEIGHT, values.clone(), new BitSet());
        return this;
    }

    /**
     * A key by which the server knows a repetition, also one of another process: it answers the job that the first call
     * started.
     *
     * @param key at most 128 characters; not called: only the tries of one call have a key in common
     * @return this
     */
    public Training idempotencyKey(String key) {
        idempotencyKey = key;
        return this;
    }

    List<Step> steps() {
        return steps;
    }

    /** The table with the target in it; null if the rows are stored. */
    Table table() {
        requireOneSource();
        requireColumns();
        if (targets == null && sampleWeights == null) {
            return rows;
        }
        var table = Table.builder();
        rows.columns().forEach(table::add);
        if (targets != null) {
            requireOneForEachRow(targets, "targets", "give one target for each row");
            table.add(targets);
        }
        if (sampleWeights != null) {
            requireOneForEachRow(sampleWeights, "weights", "give one weight for each row");
            table.add(sampleWeights);
        }
        return table.build();
    }

    String dataset() {
        return dataset;
    }

    /** Null where nothing is predicted. */
    String target() {
        return targets == null ? target : TARGET;
    }

    /** Empty: there is one target, or none. */
    List<String> targetColumns() {
        return targetColumns;
    }

    /** Empty: all but the targets. */
    List<String> features() {
        return features.isEmpty() && targets != null ? rows.names() : features; // The server leaves weights out.
    }

    boolean namesFeatures() {
        return !features.isEmpty();
    }

    long seed() {
        return seed;
    }

    /** Null: the server's default. */
    Double validationFraction() {
        return validationFraction;
    }

    /** Null: each row counts once. */
    String sampleWeight() {
        return sampleWeights == null ? sampleWeight : SAMPLE_WEIGHT;
    }

    /** Null: none. */
    String idempotencyKey() {
        return idempotencyKey;
    }

    private void requireOneSource() {
        if ((rows == null) == (dataset == null)) {
            throw new ModelwireException.InvalidArgument(rows == null ? "there is nothing to train on"
                    : "there are both rows and data set \"" + dataset + "\" to train on", "give rows(…) or dataset(…)");
        }
        if (targets != null && (dataset != null || target != null)) {
            throw new ModelwireException.InvalidArgument("targets came as values, and also "
                    + (dataset != null ? "a stored data set" : "column \"" + target + "\""), "give target(name) or targets(values)");
        }
        if (!targetColumns.isEmpty() && (targets != null || target != null)) {
            throw new ModelwireException.InvalidArgument("there are one target and " + targetColumns.size() + " target columns",
                    "give target(name), targets(values) or targetColumns(names)");
        }
        if (sampleWeights != null && (dataset != null || sampleWeight != null)) {
            throw new ModelwireException.InvalidArgument("weights came as values, and also "
                    + (dataset != null ? "a stored data set" : "column \"" + sampleWeight + "\""),
                    "give sampleWeight(name) or sampleWeights(values)");
        }
    }

    private void requireOneForEachRow(Column values, String what, String hint) {
        if (values.size() != rows.size()) {
            throw new ModelwireException.InvalidArgument(rows.size() + " rows have " + values.size() + " " + what, hint);
        }
    }

    private void requireColumns() {
        if (rows != null) {
            var named = new LinkedHashSet<>(features);
            named.addAll(targetColumns);
            if (target != null) {
                named.add(target);
            }
            if (sampleWeight != null) {
                named.add(sampleWeight);
            }
            named.forEach(rows::column);
        }
    }
}
