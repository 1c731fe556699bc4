package io.modelwire.client;

import io.modelwire.wire.PermutationImportanceRequest;

/**
 * Rows whose columns are shuffled, for {@link ModelwireClient#permutationImportance}.
 *
 * <pre>{@code
 * ImportanceRequest.of(EvaluationRequest.dataset("iris@2").target("species")).scoring("neg_log_loss").repeats(20).seed(7)
 * }</pre>
 */
public final class ImportanceRequest {
    private final EvaluationRequest rows;
    private final PermutationImportanceRequest request = new PermutationImportanceRequest();

    private ImportanceRequest(EvaluationRequest rows) {
        this.rows = rows;
    }

    /**
     * Shuffles the columns of these rows.
     *
     * @param rows with target and weights, as to evaluate on
     * @return what else is said is added to it
     */
    public static ImportanceRequest of(EvaluationRequest rows) {
        return new ImportanceRequest(rows);
    }

    /**
     * What falls.
     *
     * @param name as scikit-learn names it and {@link Search#scoring} takes it, such as {@code "neg_log_loss"}; not called:
     *     {@code "r2"}, {@code "accuracy"} or {@code "adjusted_rand_score"} by the kind of the model
     * @return this
     */
    public ImportanceRequest scoring(String name) {
        request.setScoring(name);
        return this;
    }

    /**
     * How often each column is shuffled.
     *
     * @param count 1 to 1000; not called: 5
     * @return this
     */
    public ImportanceRequest repeats(int count) {
        request.setN_repeats(count);
        return this;
    }

    /**
     * Of the shuffling.
     *
     * @param number the same one gives the same answer; not called: 0
     * @return this
     */
    public ImportanceRequest seed(long number) {
        request.setSeed(number);
        return this;
    }

    PermutationImportanceRequest wire(String model) {
        var evaluated = rows.wire(model);
        return request.deepCopy().setModel(evaluated.model).setTable(evaluated.table).setDataset(evaluated.dataset)
                .setTarget(evaluated.target).setSample_weight(evaluated.sample_weight);
    }
}
