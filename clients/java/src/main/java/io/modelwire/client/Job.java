package io.modelwire.client;

import java.time.Duration;
import java.util.function.Consumer;

/** A job at the server, which goes on whether anybody waits for it or not. */
public final class Job {
    /** Nobody waits longer than a lifetime; the overloads without a time-out wait this long. */
    static final Duration FOR_EVER = Duration.ofDays(36_500);

    private final ModelwireClient client;
    private final String id;

    Job(ModelwireClient client, String id) {
        this.client = client;
        this.id = id;
    }

    /**
     * The job's id, good for {@link ModelwireClient#job(String)} in another process or on another day.
     *
     * @return the id
     */
    public String id() {
        return id;
    }

    /**
     * The job as it is now.
     *
     * @return its status
     * @throws ModelwireException.NotFound if the server has forgotten it
     */
    public JobStatus status() {
        return client.getJob(id);
    }

    /**
     * Waits until the job has ended. A server that restarts meanwhile is waited for, up to half a minute.
     *
     * @return the version that it published
     * @throws ModelwireException.Unavailable if the server stays away
     * @throws ModelwireException what made the job fail; {@link ModelwireException.Cancelled} if somebody cancelled it
     */
    public ModelVersion await() {
        return await(FOR_EVER);
    }

    /**
     * Waits until the job has ended, also for a server that restarts meanwhile.
     *
     * @param timeout how long to wait
     * @return the version that it published
     * @throws ModelwireException.DeadlineExceeded if it has not ended by then; it goes on
     * @throws ModelwireException what made the job fail; {@link ModelwireException.Cancelled} if somebody cancelled it
     */
    public ModelVersion await(Duration timeout) {
        return await(timeout, event -> { });
    }

    /**
     * Waits until the job has ended and tells what happens to it.
     *
     * @param timeout how long to wait
     * @param onEvent is called for each event, in order, by the waiting thread
     * @return the version that it published
     * @throws ModelwireException.DeadlineExceeded if it has not ended by then; it goes on
     * @throws ModelwireException what made the job fail; {@link ModelwireException.Cancelled} if somebody cancelled it
     */
    public ModelVersion await(Duration timeout, Consumer<JobEvent> onEvent) {
        var end = succeeded(timeout, onEvent);
        return client.describeModel(end.model() + "@" + end.version().orElseThrow(() -> ended(ErrorCode.FAILED_PRECONDITION,
                "job " + id + " has published no version; searchResult() waits for a search that publishes nothing")));
    }

    /**
     * Waits until a search has ended, also for a server that restarts meanwhile, up to half a minute.
     *
     * @return its table
     * @throws ModelwireException.FailedPrecondition if the job is no search
     * @throws ModelwireException as {@link #await()}
     */
    public SearchResult searchResult() {
        return searchResult(FOR_EVER, event -> { });
    }

    /**
     * Waits until a search has ended and tells what happens to it.
     *
     * @param timeout how long to wait
     * @param onEvent is called for each event, in order, by the waiting thread
     * @return its table
     * @throws ModelwireException as {@link #await(Duration, Consumer)}
     */
    public SearchResult searchResult(Duration timeout, Consumer<JobEvent> onEvent) {
        succeeded(timeout, onEvent);
        return client.searchResult(id);
    }

    private JobStatus succeeded(Duration timeout, Consumer<JobEvent> onEvent) {
        var end = client.watchJob(id, timeout, onEvent);
        return switch (end.state()) {
            case SUCCEEDED -> end;
            case CANCELLED -> throw end.error().orElseGet(() -> ended(ErrorCode.CANCELLED, "job " + id + " was cancelled"));
            default -> throw end.error().orElseGet(
                    () -> ended(ErrorCode.PROTOCOL, "job " + id + " ended as " + end.state() + " and does not say why"));
        };
    }

    /**
     * Cancels the job if it waits or runs.
     *
     * @return its status; that of its end if it had ended before
     */
    public JobStatus cancel() {
        return client.cancelJob(id);
    }

    private static ModelwireException ended(ErrorCode code, String message) {
        return ModelwireException.of(
                new ModelwireException.Details(code, code.name(), message, null, true, null, null, null));
    }
}
