package io.modelwire.client;

import java.time.Instant;

/**
 * Something that happened to a job.
 *
 * @param sequence 1, 2, 3, … within the job
 * @param time when it happened
 * @param state the job's state since then
 * @param message for people: {@code "fitting logistic_regression"}
 * @param progress from 0 to 1
 */
public record JobEvent(long sequence, Instant time, JobState state, String message, double progress) {
}
