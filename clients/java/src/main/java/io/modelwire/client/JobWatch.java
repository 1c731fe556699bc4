package io.modelwire.client;

import io.modelwire.client.ModelwireException.Details;
import io.modelwire.wire.WatchJobRequest;
import io.modelwire.wire.WatchJobResponse;
import java.time.Duration;
import java.util.function.Consumer;

/** Follows a job by long polls, on a connection of its own: a poll holds up every call behind it. */
final class JobWatch implements AutoCloseable {
    /** Below the 30 s that the server allows. */
    private static final Duration LONGEST_POLL = Duration.ofSeconds(20);

    private final ConnectionPool pool;
    private final Caller caller;
    private final Options options;
    private final String id;
    private long seen;

    JobWatch(Address address, Options options, String id) {
        this.pool = new ConnectionPool(address, options.withMaxConnections(1));
        this.caller = new Caller(pool, options);
        this.options = options;
        this.id = id;
    }

    JobStatus untilEnd(Duration timeout, Consumer<JobEvent> onEvent) {
        var deadline = Deadline.after(timeout);
        while (true) {
            var reply = poll(deadline);
            var events = Replies.each(reply.events, Replies::jobEvent);
            for (var event : events) {
                seen = event.sequence();
                onEvent.accept(event);
            }
            var status = Replies.job(reply.job);
            // One poll may not bring all events; the last ones come before the end is told, unless the server has lost them.
            if (status.state().isEnd() && (seen >= status.sequence() || events.isEmpty())) {
                return status;
            }
            if (deadline.hasPassed()) {
                throw stillGoing(status, timeout);
            }
        }
    }

    private WatchJobResponse poll(Deadline deadline) {
        var wait = deadline.remaining().compareTo(LONGEST_POLL) < 0 ? deadline.remaining() : LONGEST_POLL;
        return caller.call(Method.WATCH_JOB, wait.plus(options.callTimeout()), (to, context) -> to.training().watch_job(
                new WatchJobRequest().setContext(context).setJob_id(id).setAfter_sequence(seen).setWait_ms(wait.toMillis())));
    }

    private ModelwireException stillGoing(JobStatus status, Duration timeout) {
        return ModelwireException.of(new Details(ErrorCode.DEADLINE_EXCEEDED, ErrorCode.DEADLINE_EXCEEDED.name(),
                "job " + id + " is " + status.state() + " after " + timeout.toMillis() + " ms", "it goes on; wait longer or cancel it",
                true, null, null, null));
    }

    @Override
    public void close() {
        pool.close();
    }
}
