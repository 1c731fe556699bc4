package io.modelwire.client;

import java.util.OptionalLong;

/**
 * n predictions, in the order of the rows. What a model has not is an empty array, or a column of size 0.
 *
 * @param model name of the model that answered
 * @param version version of the model that answered
 * @param generation how often the alias that was asked for has been set; empty where a version was asked for
 * @param values regression: shape (n), in the unit of the targets
 * @param labels classification: the most probable class of each row, of the type of the targets
 * @param probabilities classification: shape (n, n_classes); each row sums to 1; columns as in {@code classes}; clustering by a
 *     mixture: shape (n, n_components), what a row belongs to each component by
 * @param classes classification: the labels in ascending order
 * @param clusters clustering: shape (n), the nearest centre of each row, or the component that it belongs to most, from 0
 * @param distances clustering around centres: shape (n, n_clusters), Euclidean distance to each centre, in the unit of the model's last step
 * @param transformed transformation, and regression of several targets: shape (n, n_outputs), the columns that the model names as its {@link ModelVersion#outputs}
 */
public record Prediction(String model, long version, OptionalLong generation, double[] values, Column labels,
        double[][] probabilities, Column classes, long[] clusters, double[][] distances,
        double[][] transformed) {
}
