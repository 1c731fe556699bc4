package io.modelwire.client;

import io.modelwire.wire.EvaluateRequest;

/**
 * Rows whose targets are known, for {@link ModelwireClient#evaluate}.
 *
 * <pre>{@code
 * EvaluationRequest.rows(Table.csv(path)).target("quality")
 * EvaluationRequest.dataset("wine@2").sampleWeight("count")
 * }</pre>
 */
public final class EvaluationRequest {
    private final Table rows;
    private final String dataset;
    private String target;
    private String sampleWeight;

    private EvaluationRequest(Table rows, String dataset) {
        this.rows = rows;
        this.dataset = dataset;
    }

    /**
     * Evaluates on a table that travels with the call.
     *
     * @param table features and target together, at most about 8 MiB; columns that the model does not take are passed over
     * @return what target and weights are added to
     */
    public static EvaluationRequest rows(Table table) {
        return new EvaluationRequest(table, null);
    }

    /**
     * Evaluates on a stored data set.
     *
     * @param reference {@code "wine"} (newest version) or {@code "wine@2"}
     * @return what target and weights are added to
     */
    public static EvaluationRequest dataset(String reference) {
        return new EvaluationRequest(null, reference);
    }

    /**
     * What the model should answer.
     *
     * @param column its name; not called: the column that the model learned, and nothing for a clustering
     * @return this
     */
    public EvaluationRequest target(String column) {
        target = column;
        return this;
    }

    /**
     * How often each row counts.
     *
     * @param column the name of a column of numbers, 0 or greater; not called: each row counts once
     * @return this
     */
    public EvaluationRequest sampleWeight(String column) {
        sampleWeight = column;
        return this;
    }

    EvaluateRequest wire(String model) {
        if (rows != null && !Pieces.fitsOne(rows)) {
            throw new ModelwireException.InvalidArgument(rows.size() + " rows of " + rows.names().size()
                    + " columns are more than the " + Pieces.MAX_BYTES + " bytes that travel with a call",
                    "upload them and evaluate on the data set");
        }
        return new EvaluateRequest().setModel(model).setTable(rows == null ? null : WireTables.encode(rows))
                .setDataset(dataset).setTarget(target).setSample_weight(sampleWeight);
    }
}
