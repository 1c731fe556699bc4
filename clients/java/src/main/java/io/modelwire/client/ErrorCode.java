package io.modelwire.client;

/** What kind of thing went wrong, the same for every language. */
public enum ErrorCode {
    /** The request is wrong and stays wrong. */
    INVALID_ARGUMENT(1),
    /** No such model, version, alias, job, data set or upload. */
    NOT_FOUND(2),
    /** The name is taken. */
    ALREADY_EXISTS(3),
    /** Right request, wrong state; also a compare-and-swap that lost. */
    FAILED_PRECONDITION(4),
    /** A bound of the server is reached; nothing was run. */
    OVERLOADED(5),
    /** The deadline passed. */
    DEADLINE_EXCEEDED(6),
    /** Somebody cancelled it, or the calling thread was interrupted. */
    CANCELLED(7),
    /** The call needs a token, or the token is unknown. */
    UNAUTHENTICATED(8),
    /** The token does not allow this. */
    PERMISSION_DENIED(9),
    /** The server cannot answer now, cannot be reached, or the connection was lost. */
    UNAVAILABLE(10),
    /** A fault of the server; the detail is in its log, under the request id. */
    INTERNAL(11),
    /** What came back is no valid reply. Never sent by a server. */
    PROTOCOL(-1),
    /** A code that this client does not know; {@link ModelwireException#codeName()} has its name. */
    UNKNOWN(0);

    private final int number;

    ErrorCode(int number) {
        this.number = number;
    }

    static ErrorCode ofNumber(int number) {
        for (var code : values()) {
            if (code.number == number && number > 0) {
                return code;
            }
        }
        return UNKNOWN;
    }
}
