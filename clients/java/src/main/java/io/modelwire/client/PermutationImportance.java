package io.modelwire.client;

import java.util.List;
import java.util.OptionalLong;

/**
 * How much the answers of a model rest on each of its columns.
 *
 * @param model name of the model that answered
 * @param version version of the model that answered
 * @param generation how often the alias that was asked for has been set; empty where a version was asked for
 * @param samples how many rows count: all whose weight is above 0
 * @param scoring the name of the score: greater is better
 * @param baseline the score of the rows as they are; of a negated error 0 or less
 * @param features the columns that the model takes
 * @param mean of each row of {@code importances}
 * @param deviation the standard deviation of each row of {@code importances}
 * @param importances by how much the score falls once a column is shuffled: a row for each of {@code features}, a number for
 *         each repeat
 */
public record PermutationImportance(String model, long version, OptionalLong generation, long samples, String scoring,
        double baseline, List<String> features, double[] mean, double[] deviation, double[][] importances) {
}
