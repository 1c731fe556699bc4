package io.modelwire.client;

import io.modelwire.wire.CrossValidation;
import io.modelwire.wire.SearchRequest;
import io.modelwire.wire.SearchedParameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A search for hyper-parameters: what to try, and how to measure it.
 *
 * <pre>{@code
 * Search.of(Training.of("standard_scaler", "ridge").dataset("wine").target("quality")).values("alpha", 0.1, 1.0, 10.0).publish()
 * Search.of(training).logUniform("svc__C", 0.01, 100).values("pca__n_components", 2, 3).random(20).folds(3)
 * }</pre>
 *
 * <p>A parameter is named {@code "alpha"} of the last step, or {@code "pca__n_components"} of the step of that algorithm, or
 * {@code "0__n_components"} of the step at that position.
 */
public final class Search {
    private final Training training;
    private final List<SearchedParameter> parameters = new ArrayList<>();
    private final SearchRequest request = new SearchRequest();
    private final CrossValidation folds = new CrossValidation();

    private Search(Training training) {
        this.training = training;
    }

    /**
     * Starts with steps and rows.
     *
     * @param training steps, whose other parameters stand as they are, rows and target, or several: then a score is the mean over them
     * @return what is to be tried is added to it
     */
    public static Search of(Training training) {
        return new Search(training);
    }

    /**
     * Tries these values.
     *
     * @param name the parameter
     * @param values as {@link Step#parameters()} has them
     * @return this
     */
    public Search values(String name, Object... values) {
        var parameter = named(name);
        parameter.setValues(Arrays.stream(values).map(value -> Requests.parameter("a search", parameter.name, value)).toList());
        return this;
    }

    /**
     * Draws numbers that are as likely as any other.
     *
     * @param name the parameter
     * @param low the lowest
     * @param high the highest
     * @return this
     */
    public Search uniform(String name, double low, double high) {
        return drawn(name, "uniform", low, high);
    }

    /**
     * Draws numbers whose logarithms are as likely as any other.
     *
     * @param name the parameter
     * @param low the lowest, above 0
     * @param high the highest
     * @return this
     */
    public Search logUniform(String name, double low, double high) {
        return drawn(name, "log_uniform", low, high);
    }

    /**
     * Draws whole numbers.
     *
     * @param name the parameter
     * @param low the lowest
     * @param high the highest, which is drawn, too
     * @return this
     */
    public Search integers(String name, long low, long high) {
        return drawn(name, "integers", low, high);
    }

    /**
     * Tries so many combinations by chance; not called: every one.
     *
     * @param candidates how many
     * @return this
     */
    public Search random(long candidates) {
        request.setStrategy("random").setN_candidates(candidates);
        return this;
    }

    /**
     * Tries every combination on few rows, and the better ones on more.
     *
     * @return this
     */
    public Search halving() {
        request.setStrategy("halving");
        return this;
    }

    /**
     * Tries so many combinations by chance on few rows, and the better ones on more.
     *
     * @param candidates how many
     * @return this
     */
    public Search halving(long candidates) {
        request.setStrategy("halving").setN_candidates(candidates);
        return this;
    }

    /**
     * Of a halving: one in so many candidates goes on, with so many times the rows.
     *
     * @param factor not called: 3
     * @return this
     */
    public Search factor(long factor) {
        request.setFactor(factor);
        return this;
    }

    /**
     * Of a halving: rows of the first iteration.
     *
     * @param rows not called: so many that the last one takes all
     * @return this
     */
    public Search minResources(long rows) {
        request.setMin_resources(rows);
        return this;
    }

    /**
     * How many folds.
     *
     * @param splits not called: 5
     * @return this
     */
    public Search folds(int splits) {
        folds.setN_splits(splits);
        return this;
    }

    /**
     * How rows are parted, with scikit-learn's folds.
     *
     * @param kind {@code "k_fold"}, {@code "stratified_k_fold"}, {@code "group_k_fold"} or {@code "time_series_split"}; not called: by
     *     groups if there are some, stratified for a classifier, else k_fold
     * @return this
     */
    public Search kind(String kind) {
        folds.setKind(kind);
        return this;
    }

    /**
     * Deals out rows, or groups, by chance, by the seed.
     *
     * @return this
     */
    public Search shuffled() {
        folds.setShuffle(true);
        return this;
    }

    /**
     * The column that names the group of each row: all rows of a group are on one side.
     *
     * @param column its name in the table or data set; it is no feature
     * @return this
     */
    public Search group(String column) {
        folds.setGroup(column);
        return this;
    }

    /**
     * Of a time_series_split: rows left out between both sides.
     *
     * @param rows not called: 0
     * @return this
     */
    public Search gap(long rows) {
        folds.setGap(rows);
        return this;
    }

    /**
     * Of a time_series_split: rows to learn from, at most.
     *
     * @param rows not called: all
     * @return this
     */
    public Search maxTrainSize(long rows) {
        folds.setMax_train_size(rows);
        return this;
    }

    /**
     * Of a time_series_split: rows of each fold to measure on.
     *
     * @param rows not called: as scikit-learn has it
     * @return this
     */
    public Search testSize(long rows) {
        folds.setTest_size(rows);
        return this;
    }

    /**
     * What candidates are ranked by.
     *
     * @param name as scikit-learn names it, such as {@code "neg_log_loss"}; not called: {@code "r2"} or {@code "accuracy"}
     * @return this
     */
    public Search scoring(String name) {
        request.setScoring(name);
        return this;
    }

    /**
     * Fits the best candidate on all rows and publishes it as a version of the model, as {@link ModelwireClient#train} does.
     *
     * @return this
     */
    public Search publish() {
        request.setPublish(true);
        return this;
    }

    SearchRequest wire(String model) {
        var rows = Requests.train(model, training);
        var sent = new SearchRequest(request).setModel(model).setSteps(rows.steps).setTable(rows.table).setDataset(rows.dataset)
                .setTarget(rows.target).setTargets(rows.targets).setSeed(rows.seed).setSample_weight(rows.sample_weight)
                .setParameters(List.copyOf(parameters)).setCross_validation(new CrossValidation(folds));
        return rows.isSetFeatures() && !features(rows.features).isEmpty() ? sent.setFeatures(features(rows.features)) : sent;
    }

    /** Null: none. */
    String idempotencyKey() {
        return training.idempotencyKey();
    }

    /** Where targets came as values all columns of the table are features, and the groups are none. */
    private List<String> features(List<String> named) {
        return training.namesFeatures() ? named : named.stream().filter(name -> !name.equals(folds.group)).toList();
    }

    private Search drawn(String name, String distribution, double low, double high) {
        named(name).setDistribution(distribution).setLow(low).setHigh(high);
        return this;
    }

    private SearchedParameter named(String name) {
        var parameter = new SearchedParameter();
        int end = name.indexOf("__");
        if (end < 0) {
            parameter.setName(name);
        } else if (name.substring(0, end).chars().allMatch(Character::isDigit)) {
            parameter.setName(name.substring(end + 2)).setStep(Integer.parseInt(name.substring(0, end)));
        } else {
            parameter.setName(name.substring(end + 2)).setAlgorithm(name.substring(0, end));
        }
        parameters.add(parameter);
        return parameter;
    }
}
