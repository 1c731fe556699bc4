package io.modelwire.client;

import io.modelwire.client.Connection.Exchange;
import io.modelwire.wire.RequestContext;
import io.modelwire.wire.ServiceError;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.thrift.TException;

/** Makes calls: a connection from the pool, a deadline, and another try where one is safe. */
final class Caller {
    private static final int MAX_TRIES = 3;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(10);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

    private final ConnectionPool pool;
    private final String token;

    Caller(ConnectionPool pool, String token) {
        this.pool = pool;
        this.token = token;
    }

    <R> R call(Method method, Duration timeout, Exchange<R> exchange) {
        var deadline = Deadline.after(timeout);
        for (int tries = 1; ; tries++) {
            var attempt = new Attempt(method, timeout, deadline);
            try {
                return attempt.run(exchange);
            } catch (ModelwireException failure) {
                var pause = pauseBefore(tries + 1, failure);
                boolean inTime = pause.compareTo(deadline.remaining()) < 0;
                if (tries == MAX_TRIES || !inTime || !attempt.mayRepeatAfter(failure)) {
                    throw failure;
                }
                sleep(pause, failure);
            }
        }
    }

    /** Exponential with full jitter, but never sooner than the server asked for. */
    private static Duration pauseBefore(int nextTry, ModelwireException failure) {
        long cap = Math.min(LONGEST_PAUSE.toNanos(), FIRST_PAUSE.toNanos() << (nextTry - 2));
        var pause = Duration.ofNanos(ThreadLocalRandom.current().nextLong(cap + 1));
        var asked = failure.retryAfter().orElse(Duration.ZERO);
        return asked.compareTo(pause) > 0 ? asked : pause;
    }

    private static void sleep(Duration pause, ModelwireException failure) {
        try {
            Thread.sleep(pause.toMillis(), pause.toNanosPart() % 1_000_000);
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
            throw failure;
        }
    }

    /** One try of a call. */
    private final class Attempt {
        private final Method method;
        private final Duration timeout;
        private final Deadline deadline;
        private boolean lostWhileReused;

        Attempt(Method method, Duration timeout, Deadline deadline) {
            this.method = method;
            this.timeout = timeout;
            this.deadline = deadline;
        }

        <R> R run(Exchange<R> exchange) {
            var connection = pool.take(deadline);
            boolean reused = connection.isReused();
            try {
                return connection.run(exchange, context(), deadline);
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
            var context = new RequestContext().setDeadline_ms(Math.max(1, deadline.remainingMillis()));
            return token == null ? context : context.setToken(token);
        }

        private ModelwireException failed(Exception failure, Connection connection) {
            return Failures.ofConnection(failure, method + " at " + pool.address(), timeout, connection.requestSent());
        }

        /** What was not run may be repeated; what may have been run only where that changes nothing. */
        boolean mayRepeatAfter(ModelwireException failure) {
            boolean refused = !failure.executed().orElse(true)
                    && (failure.code() == ErrorCode.OVERLOADED || failure.code() == ErrorCode.UNAVAILABLE);
            return refused || (lostWhileReused && method.repeat() == Method.Repeat.SAFE);
        }
    }
}
