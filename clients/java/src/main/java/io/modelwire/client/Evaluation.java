package io.modelwire.client;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * What a model is worth. What a model has not is an empty array or list, or a column of size 0.
 *
 * @param model name of the model that answered
 * @param version version of the model that answered
 * @param generation how often the alias that was asked for has been set; empty where a version was asked for
 * @param samples how many rows count: all whose weight is above 0
 * @param metrics by name those that are defined for these rows, with scikit-learn's values
 * @param labels classification: the classes that rows are of, or were answered with, in ascending order
 * @param classes classification: one for each of {@code labels}
 * @param confusion classification: the weight of rows by their class (rows) and by what was answered (columns)
 * @param silhouetteSamples clustering: of how many rows the silhouette is, where there is one
 */
public record Evaluation(String model, long version, OptionalLong generation, long samples, Map<String, Double> metrics,
        Column labels, List<ClassMetrics> classes, double[][] confusion, OptionalLong silhouetteSamples) {

    /**
     * How well one class is told from the others.
     *
     * @param precision of the rows that were answered with the class, the share that is of it; empty if there are none
     * @param recall of the rows of the class, the share that was answered with it; empty if there are none
     * @param f1 the harmonic mean of both
     * @param support the weight of the rows of the class
     */
    public record ClassMetrics(OptionalDouble precision, OptionalDouble recall, double f1, double support) {
    }
}
