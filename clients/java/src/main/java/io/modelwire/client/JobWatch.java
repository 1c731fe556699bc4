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

    /** How long a server may be away from a watcher who waits for ever; one that restarts is back much sooner. */
    static final Duration LONGEST_ABSENCE = Duration.ofSeconds(30);

    private final ConnectionPool pool;
    private final Caller caller;
    private final Options options;
    private final String id;
    private final Duration longestAbsence;
    private long seen;

    JobWatch(Address address, Options options, String id) {
        this(address, options, id, LONGEST_ABSENCE);
    }

    JobWatch(Address address, Options options, String id, Duration longestAbsence) {
        this.pool = new ConnectionPool(address, options.withMaxConnections(1));
        this.caller = new Caller(pool, options);
        this.options = options;
        this.id = id;
        this.longestAbsence = longestAbsence;
    }

    JobStatus untilEnd(Duration timeout, Consumer<JobEvent> onEvent) {
        var deadline = Deadline.after(timeout);
        while (true) {
            var reply = pollPatiently(timeout, deadline);
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

    /** Polls again after a poll that no server answered: that is harmless, and the job outlives the server. */
    private WatchJobResponse pollPatiently(Duration timeout, Deadline deadline) {
        boolean forEver = timeout.compareTo(Job.FOR_EVER) >= 0;
        Deadline absence = null;
        for (int tries = 1; ; tries++) {
            try {
                return poll(deadline);
            } catch (ModelwireException.Unavailable | ModelwireException.Overloaded | ModelwireException.DeadlineExceeded failure) {
                if (absence == null) {
                    absence = forEver ? Deadline.after(longestAbsence) : deadline;
                }
                var pause = Caller.pauseBefore(Math.min(tries, 7) + 1, failure);
                if (Thread.currentThread().isInterrupted() || pause.compareTo(absence.remaining()) >= 0) {
                    throw lost(failure, forEver ? failure.code() : ErrorCode.DEADLINE_EXCEEDED);
                }
                Caller.sleep(pause, failure);
            }
        }
    }

    private ModelwireException lost(ModelwireException failure, ErrorCode code) {
        return ModelwireException.of(new Details(code, code.name(),
                "the server was lost while job " + id + " was waited for: " + failure.getMessage(),
                "the job goes on where the server does; wait again with client.job(\"" + id + "\").await()",
                failure.executed().orElse(null), failure.retryAfter().orElse(null), failure.requestId().orElse(null), failure));
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
