package io.modelwire.client;

import java.io.Serializable;
import java.time.Duration;
import java.util.Optional;

/**
 * Whatever can go wrong, said by the server or found out by this client.
 *
 * <p>Catch the subclass that you can do something about: {@code catch (ModelwireException.NotFound missing)}. The message
 * says what happened, with the values, and what to do about it.
 */
public abstract sealed class ModelwireException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Details details;

    private ModelwireException(Details details) {
        super(details.text(), details.cause());
        this.details = details;
    }

    Details details() {
        return details;
    }

    /**
     * What kind of error this is.
     *
     * @return the code; {@link ErrorCode#UNKNOWN} if the server is newer than this client
     */
    public final ErrorCode code() {
        return details.code();
    }

    /**
     * The name of the code as the server says it, known to this client or not.
     *
     * @return for example {@code "NOT_FOUND"}
     */
    public final String codeName() {
        return details.codeName();
    }

    /**
     * What to do about it.
     *
     * @return the hint, which the message contains too
     */
    public final Optional<String> hint() {
        return Optional.ofNullable(details.hint());
    }

    /**
     * Whether the call was run.
     *
     * @return false if nothing was run and a retry is safe, true if it was run, empty if nobody knows
     */
    public final Optional<Boolean> executed() {
        return Optional.ofNullable(details.executed());
    }

    /**
     * When a retry may succeed.
     *
     * @return the time to wait, if the server named one
     */
    public final Optional<Duration> retryAfter() {
        return Optional.ofNullable(details.retryAfter());
    }

    /**
     * The id under which the server's log has this call.
     *
     * @return the id, if the error came from a server
     */
    public final Optional<String> requestId() {
        return Optional.ofNullable(details.requestId());
    }

    /** The request is wrong and stays wrong: a shape, a name, a value. */
    public static final class InvalidArgument extends ModelwireException {
        private static final long serialVersionUID = 1L;

        InvalidArgument(Details details) {
            super(details);
        }

        /** For what this client refuses before it is sent. */
        InvalidArgument(String message, String hint) {
            this(Details.notSent(ErrorCode.INVALID_ARGUMENT, message, hint));
        }

        /** The same with more words, caused by this. */
        InvalidArgument saying(String more) {
            return new InvalidArgument(details().saying(more, this));
        }
    }

    /** No such model, version, alias, job, data set or upload. */
    public static final class NotFound extends ModelwireException {
        private static final long serialVersionUID = 1L;

        NotFound(Details details) {
            super(details);
        }
    }

    /** The name is taken. */
    public static final class AlreadyExists extends ModelwireException {
        private static final long serialVersionUID = 1L;

        AlreadyExists(Details details) {
            super(details);
        }
    }

    /** Right request, wrong state; also a compare-and-swap that lost. */
    public static final class FailedPrecondition extends ModelwireException {
        private static final long serialVersionUID = 1L;

        FailedPrecondition(Details details) {
            super(details);
        }
    }

    /** A bound of the server is reached. Nothing was run; retry after {@link #retryAfter()}. */
    public static final class Overloaded extends ModelwireException {
        private static final long serialVersionUID = 1L;

        Overloaded(Details details) {
            super(details);
        }
    }

    /** The deadline passed, here or at the server. */
    public static final class DeadlineExceeded extends ModelwireException {
        private static final long serialVersionUID = 1L;

        DeadlineExceeded(Details details) {
            super(details);
        }
    }

    /** Somebody cancelled it, or the calling thread was interrupted. */
    public static final class Cancelled extends ModelwireException {
        private static final long serialVersionUID = 1L;

        Cancelled(Details details) {
            super(details);
        }
    }

    /** The call needs a token, or the token is unknown. */
    public static final class Unauthenticated extends ModelwireException {
        private static final long serialVersionUID = 1L;

        Unauthenticated(Details details) {
            super(details);
        }
    }

    /** The token does not allow this. */
    public static final class PermissionDenied extends ModelwireException {
        private static final long serialVersionUID = 1L;

        PermissionDenied(Details details) {
            super(details);
        }
    }

    /** The server cannot answer now, cannot be reached, or the connection was lost. */
    public static final class Unavailable extends ModelwireException {
        private static final long serialVersionUID = 1L;

        Unavailable(Details details) {
            super(details);
        }
    }

    /** A fault of the server; the detail is in its log, under {@link #requestId()}. */
    public static final class Internal extends ModelwireException {
        private static final long serialVersionUID = 1L;

        Internal(Details details) {
            super(details);
        }
    }

    /** What came back is no valid reply: another protocol, another call's answer, or a refusal to decode the request. */
    public static final class ProtocolError extends ModelwireException {
        private static final long serialVersionUID = 1L;

        ProtocolError(Details details) {
            super(details);
        }

        ProtocolError(String message, Throwable cause) {
            this(new Details(ErrorCode.PROTOCOL, ErrorCode.PROTOCOL.name(), message, null, null, null, null, cause));
        }
    }

    /** A code that this client does not know; {@link #codeName()} has its name. */
    public static final class Unknown extends ModelwireException {
        private static final long serialVersionUID = 1L;

        Unknown(Details details) {
            super(details);
        }
    }

    /** The exception for a code. No default arm: a new code has to choose its class. */
    static ModelwireException of(Details details) {
        return switch (details.code()) {
            case INVALID_ARGUMENT -> new InvalidArgument(details);
            case NOT_FOUND -> new NotFound(details);
            case ALREADY_EXISTS -> new AlreadyExists(details);
            case FAILED_PRECONDITION -> new FailedPrecondition(details);
            case OVERLOADED -> new Overloaded(details);
            case DEADLINE_EXCEEDED -> new DeadlineExceeded(details);
            case CANCELLED -> new Cancelled(details);
            case UNAUTHENTICATED -> new Unauthenticated(details);
            case PERMISSION_DENIED -> new PermissionDenied(details);
            case UNAVAILABLE -> new Unavailable(details);
            case INTERNAL -> new Internal(details);
            case PROTOCOL -> new ProtocolError(details);
            case UNKNOWN -> new Unknown(details);
        };
    }

    /** What every exception carries; a null is something that nobody said. */
    record Details(ErrorCode code, String codeName, String message, String hint, Boolean executed, Duration retryAfter,
            String requestId, Throwable cause) implements Serializable {

        static Details notSent(ErrorCode code, String message, String hint) {
            return new Details(code, code.name(), message, hint, false, null, null, null);
        }

        Details saying(String more, Throwable newCause) {
            return new Details(code, codeName, message + more, hint, executed, retryAfter, requestId, newCause);
        }

        private String text() {
            return hint == null || hint.isEmpty() ? message : message + "; " + hint;
        }
    }
}
