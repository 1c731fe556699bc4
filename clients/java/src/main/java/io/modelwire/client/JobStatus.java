package io.modelwire.client;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A job as it was when it was asked for.
 *
 * @param id the job's id
 * @param state its state
 * @param model name of the model that it trains
 * @param version the version that it published, once it has succeeded
 * @param created when it was asked for
 * @param started when it left the queue
 * @param finished when it ended
 * @param progress from 0 to 1
 * @param metrics metrics of the published version
 * @param error why it failed
 * @param sequence number of its latest event
 */
public record JobStatus(String id, JobState state, String model, OptionalLong version, Instant created,
        Optional<Instant> started, Optional<Instant> finished, double progress, Map<String, Double> metrics,
        Optional<ModelwireException> error, long sequence) {
}
