package io.modelwire.client;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a version of a model takes, how it was made and how well it fits.
 *
 * @param name the model's name
 * @param version its version, from 1
 * @param kind that of the last step: {@code "regressor"}, {@code "classifier"}, {@code "clusterer"}, {@code "outlier_detector"} or
 *         {@code "transformer"}
 * @param steps the pipeline with every hyper-parameter, defaults written out
 * @param features the columns that {@code predict} takes, in order
 * @param target the column that it learnt to predict; empty where there is none (clusters, outliers, a transformation) or several
 * @param targets regression of several targets: the columns that it learnt to predict, in the order of {@code outputs}; else empty
 * @param classes classification: the labels in ascending order; else a column of size 0
 * @param outputs the names of the columns that a transformer, or a regressor of several targets, answers as {@code transformed}, in
 *         order; empty where others answer
 * @param metrics r2 and rmse, or accuracy and log_loss: on rows that were held out, by a second model that has not seen them;
 *         absent where there were none. After {@code training_} on rows that it was trained on. Of a clusterer: inertia,
 *         or n_clusters and noise, which is the share of rows in no cluster; of a mixture log_likelihood, on held-out rows as well
 * @param nSamples rows that it was trained on
 * @param seed seed of everything random
 * @param jobId the job that trained it
 * @param dataset {@code "wine@2"} if it was trained on a stored data set
 * @param dataSha256 SHA-256 of the rows that it was trained on, in hex
 * @param sha256 SHA-256 of the model's file, in hex
 * @param sizeBytes size of the model's file
 * @param created when it was published
 * @param aliases the aliases that name it
 * @param state {@code "loaded"}, {@code "loading"} or {@code "unloaded"}
 */
public record ModelVersion(String name, long version, String kind, List<Step> steps, List<ColumnSchema> features,
        Optional<ColumnSchema> target, List<ColumnSchema> targets, Column classes, List<String> outputs, Map<String, Double> metrics, long nSamples, long seed,
        String jobId, Optional<String> dataset, String dataSha256, String sha256, long sizeBytes, Instant created, List<String> aliases,
        String state) {
}
