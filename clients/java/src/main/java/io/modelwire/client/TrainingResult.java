package io.modelwire.client;

import java.util.Arrays;
import java.util.stream.Stream;

/**
 * What a transductive model made of the rows that it was trained on, in their order: labels or an embedding. The arrays are the
 * caller's.
 *
 * @param model name of the model
 * @param version the version that was read
 * @param labels the cluster of each row, from 0, and -1 for a row in no cluster; empty for an embedding
 * @param embedding where each row is put; empty for labels
 */
public record TrainingResult(String model, long version, long[] labels, double[][] embedding) {

    /**
     * The number of rows.
     *
     * @return how many rows the model was trained on
     */
    public int rows() {
        return Math.max(labels.length, embedding.length);
    }

    /** These rows, and then those of another page of the same result. */
    TrainingResult followedBy(TrainingResult page) {
        if (labels.length > 0 && page.embedding.length > 0 || embedding.length > 0 && page.labels.length > 0) {
            throw Tensors.malformed("training result", "has labels and an embedding");
        }
        var allLabels = Arrays.copyOf(labels, labels.length + page.labels.length);
        System.arraycopy(page.labels, 0, allLabels, labels.length, page.labels.length);
        var allRows = Stream.concat(Arrays.stream(embedding), Arrays.stream(page.embedding)).toArray(double[][]::new);
        return new TrainingResult(model, version, allLabels, allRows);
    }
}
