package io.modelwire.client;

import io.modelwire.client.Connection.Exchange;
import io.modelwire.wire.RequestContext;
import io.modelwire.wire.ServiceError;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.thrift.TException;

/** Makes calls: a connection from the pool, a deadline, and another try where one is safe. */
final class Caller {
    private static final int MAX_TRIES = 3;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(10);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

    private final ConnectionPool pool;
    private final Options options;

    Caller(ConnectionPool pool, Options options) {
        this.pool = pool;
        this.options = options;
    }

    <R> R call(Method method, Exchange<R> exchange) {
        return call(method, options.callTimeout(), exchange);
    }

    /** When a call that begins now has to end. */
    Deadline deadline() {
        return Deadline.after(options.callTimeout());
    }

    /** One of several calls that end by the same deadline. */
    <R> R call(Method method, Deadline deadline, Exchange<R> exchange) {
        return call(new Terms(method, options.callTimeout(), deadline, null), exchange);
    }

    <R> R call(Method method, Duration timeout, Exchange<R> exchange) {
        return call(new Terms(method, timeout, Deadline.after(timeout), null), exchange);
    }

    /** A call that the server runs once, however often it is tried. {@code key} is the caller's; null: one of its own. */
    <R> R callOnce(Method method, String key, Exchange<R> exchange) {
        var timeout = options.callTimeout();
        var terms = new Terms(method, timeout, Deadline.after(timeout), key == null ? UUID.randomUUID().toString() : key);
        return call(terms, exchange);
    }

    private <R> R call(Terms terms, Exchange<R> exchange) {
        for (int tries = 1; ; tries++) {
            var attempt = new Attempt(terms);
            try {
                return attempt.run(exchange);
            } catch (ModelwireException failure) {
                var pause = pauseBefore(tries + 1, failure);
                boolean inTime = pause.compareTo(terms.deadline().remaining()) < 0;
                if (tries == MAX_TRIES || !inTime || !attempt.mayRepeatAfter(failure)) {
                    throw failure;
                }
                sleep(pause, failure);
            }
        }
    }

    /** Exponential with full jitter, but never sooner than the server asked for. */
    static Duration pauseBefore(int nextTry, ModelwireException failure) {
        long cap = Math.min(LONGEST_PAUSE.toNanos(), FIRST_PAUSE.toNanos() << (nextTry - 2));
        var pause = Duration.ofNanos(ThreadLocalRandom.current().nextLong(cap + 1));
        var asked = failure.retryAfter().orElse(Duration.ZERO);
        return asked.compareTo(pause) > 0 ? asked : pause;
    }

    static void sleep(Duration pause, ModelwireException failure) {
        try {
            Thread.sleep(pause.toMillis(), pause.toNanosPart() % 1_000_000);
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
            throw failure;
        }
    }

    /** What all tries of a call have in common; {@code key} is null for a call without one. */
    private record Terms(Method method, Duration timeout, Deadline deadline, String key) {
        boolean mayRunTwice() {
            return key != null || method.repeat() == Method.Repeat.SAFE;
        }
    }

    /** One try of a call. */
    private final class Attempt {
        private final Terms terms;
        private boolean lostWhileReused;

        Attempt(Terms terms) {
            this.terms = terms;
        }

        <R> R run(Exchange<R> exchange) {
            var connection = pool.take(terms.deadline());
            boolean reused = connection.isReused();
            try {
                return connection.run(exchange, context(), terms.deadline());
            } catch (ServiceError refusal) {
                throw Failures.ofServer(refusal);
            } catch (TException | RuntimeException failure) {
                var error = failed(failure, connection);
                lostWhileReused = reused && error instanceof ModelwireException.Unavailable;
                throw error;
            } finally {
                pool.giveBack(connection);
            }
        }

        private RequestContext context() {
            // What is null is not sent.
            return new RequestContext().setDeadline_ms(Math.max(1, terms.deadline().remainingMillis()))
                    .setToken(options.token()).setRequest_id(options.requestId()).setIdempotency_key(terms.key());
        }

        private ModelwireException failed(Exception failure, Connection connection) {
            var call = new Failures.Call(terms.method(), pool.address(), terms.timeout());
            return Failures.ofConnection(failure, call, connection);
        }

        /** What was not run may be repeated; what may have been run only where that changes nothing. */
        boolean mayRepeatAfter(ModelwireException failure) {
            boolean refused = !failure.executed().orElse(true)
                    && (failure.code() == ErrorCode.OVERLOADED || failure.code() == ErrorCode.UNAVAILABLE);
            if (TlsFailures.isCauseOf(failure)) {
                return false; // Certificates are the same the next time.
            }
            return refused || (lostWhileReused && terms.mayRunTwice());
        }
    }
}
