package io.modelwire.client;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A model that learns batch by batch.
 *
 * @param model its name
 * @param steps the algorithm with every hyper-parameter, defaults written out
 * @param features the columns that {@code predict} takes, in order
 * @param target the column that it learns to predict
 * @param classes classification: the labels in ascending order; else a column of size 0
 * @param seed seed of everything random
 * @param publishEvery batches from version to version; 0: only when a call asks for one
 * @param keepVersions the newest versions that are kept; older ones that no alias names are deleted
 * @param moveStable whether the alias {@code stable} goes to each new version
 * @param batches batches that it has learned from
 * @param samples rows that these had
 * @param recent the last batches, oldest first, at most 100
 * @param lastVersion the version that was published last
 */
public record Learner(String model, List<Step> steps, List<String> features, Optional<String> target, Column classes, long seed,
        long publishEvery, long keepVersions, boolean moveStable, long batches, long samples, List<LearnedBatch> recent,
        OptionalLong lastVersion) {
}
