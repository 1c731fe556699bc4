package io.modelwire.client;

import io.modelwire.client.ModelwireException.Details;
import java.io.IOException;
import java.nio.channels.UnresolvedAddressException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.thrift.transport.TTransportException;

/** At most so many connections to one server, opened when needed, the one used last taken first. */
final class ConnectionPool implements AutoCloseable {
    private final Address address;
    private final Options options;
    private final Semaphore places;
    private final Deque<Connection> idle = new ArrayDeque<>();
    private boolean closed;

    ConnectionPool(Address address, Options options) {
        this.address = address;
        this.options = options;
        this.places = new Semaphore(options.maxConnections(), true);
    }

    Address address() {
        return address;
    }

    /** A usable connection; the caller gives it back. Whatever is thrown, nothing was sent. */
    Connection take(Deadline deadline) {
        awaitPlace(deadline);
        try {
            var connection = takeIdle();
            return connection != null ? connection : open(deadline);
        } catch (RuntimeException failure) {
            places.release();
            throw failure;
        }
    }

    void giveBack(Connection connection) {
        boolean usable = connection.isUsable();
        synchronized (this) {
            if (usable && !closed) {
                idle.push(connection);
                connection = null;
            }
        }
        places.release();
        if (connection != null) {
            connection.close();
        }
    }

    /** Idle connections close now, others when their calls are done. */
    @Override
    public synchronized void close() {
        closed = true;
        while (!idle.isEmpty()) {
            idle.pop().close();
        }
    }

    private void awaitPlace(Deadline deadline) {
        try {
            if (!places.tryAcquire(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS)) {
                throw notSent(ErrorCode.DEADLINE_EXCEEDED, "all " + options.maxConnections() + " connections to " + address
                        + " were busy until the deadline", "raise maxConnections or the time-out", null);
            }
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
            throw notSent(ErrorCode.CANCELLED, "interrupted while waiting for a connection", null, interrupt);
        }
    }

    private synchronized Connection takeIdle() {
        if (closed) {
            throw new IllegalStateException("this client is closed; connect another one");
        }
        while (!idle.isEmpty()) {
            var connection = idle.pop();
            if (connection.isUsable()) {
                return connection;
            }
            connection.close();
        }
        return null;
    }

    private Connection open(Deadline deadline) {
        try {
            return Connection.open(address, options.tls(), deadline.orSooner(options.connectTimeout()));
        } catch (IOException | TTransportException | UnresolvedAddressException failure) {
            throw cannotConnect(failure, deadline);
        }
    }

    private ModelwireException cannotConnect(Exception failure, Deadline deadline) {
        if (Thread.currentThread().isInterrupted()) {
            return notSent(ErrorCode.CANCELLED, "interrupted while connecting to " + address, null, failure);
        }
        if (deadline.hasPassed()) {
            return notSent(ErrorCode.DEADLINE_EXCEEDED, "the deadline passed while connecting to " + address, null, failure);
        }
        if (TlsFailures.isCauseOf(failure)) {
            var explained = TlsFailures.of(failure, address);
            return notSent(ErrorCode.UNAVAILABLE, "no connection to " + address + ": " + explained.what(), explained.hint(), failure);
        }
        return notSent(ErrorCode.UNAVAILABLE, "no connection to " + address + ": " + reason(failure), hint(failure), failure);
    }

    private static String hint(Exception failure) {
        // Before its first call, a connection ends in the handshake of TLS.
        return isEndOfStream(failure) ? "does this port speak TLS?" : "is the server running, and is this its address?";
    }

    private static boolean isEndOfStream(Exception failure) {
        return failure instanceof TTransportException transport && transport.getType() == TTransportException.END_OF_FILE;
    }

    private String reason(Exception failure) {
        if (failure instanceof TTransportException transport && transport.getType() == TTransportException.TIMED_OUT) {
            return "no answer within " + options.connectTimeout().toMillis() + " ms";
        }
        return failure.getMessage() != null ? failure.getMessage() : "the host's name is not known";
    }

    private static ModelwireException notSent(ErrorCode code, String message, String hint, Throwable cause) {
        return ModelwireException.of(new Details(code, code.name(), message, hint, false, null, null, cause));
    }
}
