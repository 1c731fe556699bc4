package io.modelwire.client;

import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * What was learned from a batch.
 *
 * @param batch its number: 1, 2, 3, … within the learner
 * @param nSamples its rows
 * @param loss its mean loss before anything was learned from it; empty while there was nothing to predict it with
 * @param version the version that was published after it; empty if none was
 * @param notes what else there is to know: columns that were passed over, a version that is not served (yet), an alias that stayed
 */
public record LearnedBatch(long batch, long nSamples, OptionalDouble loss, OptionalLong version, List<String> notes) {
}
