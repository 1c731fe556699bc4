package io.modelwire.client;

import io.modelwire.wire.PredictItem;
import java.util.Objects;

/** One of several predictions that {@link ModelwireClient#predictMany} asks for. */
public final class PredictionRequest {
    private final String model;
    private final Rows rows;

    private PredictionRequest(String model, Rows rows) {
        this.model = Objects.requireNonNull(model, "model");
        this.rows = rows;
    }

    /**
     * Asks for a prediction for each row of a matrix.
     *
     * @param model as in {@link ModelwireClient#predict(String, double[][])}
     * @param rows shape (n, n_features), columns in the model's order
     * @return the request
     * @throws ModelwireException.InvalidArgument if rows differ in length
     */
    public static PredictionRequest of(String model, double[]... rows) {
        return new PredictionRequest(model, Rows.of(rows));
    }

    /**
     * Asks for a prediction for each row of a matrix, sent in half the bytes.
     *
     * @param model as in {@link ModelwireClient#predict(String, double[][])}
     * @param rows shape (n, n_features), columns in the model's order
     * @return the request
     * @throws ModelwireException.InvalidArgument if rows differ in length
     */
    public static PredictionRequest of(String model, float[]... rows) {
        return new PredictionRequest(model, Rows.of(rows));
    }

    /**
     * Asks for a prediction for each row of a table.
     *
     * @param model as in {@link ModelwireClient#predict(String, double[][])}
     * @param table all columns of the model and no others, in any order
     * @return the request
     */
    public static PredictionRequest of(String model, Table table) {
        return new PredictionRequest(model, Rows.of(table));
    }

    PredictItem item() {
        return new PredictItem().setModel(model).setMatrix(rows.matrix()).setTable(rows.table());
    }
}
