package io.modelwire.client;

import java.util.List;
import java.util.OptionalLong;

/**
 * What each column adds to the answers to n rows, in their order. A regressor has one answer to a row for each target, a classifier
 * one for each class: {@code baseValues[k]} and the sum of {@code contributions[i][k]} are answer k to row i, on the scale.
 *
 * @param model name of the model that is explained
 * @param version version of the model that is explained
 * @param generation how often the alias that was asked for has been set; empty where a version was asked for
 * @param scale what the sums are: {@code "value"} (in the unit of the targets), {@code "log_value"} (the natural logarithm of the
 *     answer), {@code "probability"}, {@code "score"} (softmax over the classes makes probabilities of them), or
 *     {@code "decision"} (the class of the largest is the answer)
 * @param baseValues shape (n_answers), the answers where no column says anything
 * @param contributions shape (n, n_answers, n_features), what each column adds
 * @param features names of the columns as they reach the estimator, in order
 * @param classes classification: the labels that the answers are of, in ascending order; else of size 0
 * @param outputs regression of several targets: their names, in the order of the answers; else empty
 */
public record Explanation(String model, long version, OptionalLong generation, String scale, double[] baseValues,
        double[][][] contributions, List<String> features, Column classes, List<String> outputs) {
}
