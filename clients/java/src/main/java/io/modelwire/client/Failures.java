package io.modelwire.client;

import io.modelwire.client.ModelwireException.Details;
import io.modelwire.wire.ServiceError;
import java.time.Duration;
import org.apache.thrift.TApplicationException;
import org.apache.thrift.transport.TTransportException;

/** Turns what the Thrift library and a server say into the exceptions of this client. */
final class Failures {
    private Failures() {
    }

    static ModelwireException ofServer(ServiceError error) {
        var code = ErrorCode.ofNumber(error.getCode());
        return ModelwireException.of(new Details(code,
                error.isSetCode_name() ? error.getCode_name() : code.name(),
                error.isSetMessage() ? error.getMessage() : "the server gave no message",
                error.getHint(),
                error.isSetExecuted() ? error.isExecuted() : null,
                error.isSetRetry_after_ms() ? Duration.ofMillis(Math.max(0, error.getRetry_after_ms())) : null,
                error.getRequest_id(),
                error));
    }

    /** A call as its caller made it. */
    record Call(Method method, Address address, Duration timeout) {
        @Override
        public String toString() {
            return method + " at " + address;
        }
    }

    static ModelwireException ofConnection(Exception failure, Call call, Connection connection) {
        boolean requestSent = connection.requestSent();
        if (Thread.currentThread().isInterrupted()) {
            return failed(ErrorCode.CANCELLED, call + " was interrupted", null, requestSent, failure);
        }
        if (failure instanceof FrameTransport.FrameTooLarge) {
            return failed(ErrorCode.INVALID_ARGUMENT, call + " needs more than the " + FrameTransport.MAX_FRAME_BYTES
                    + " bytes of a frame", "send fewer rows at a time", false, failure);
        }
        if (failure instanceof TApplicationException refusal) {
            return ofRefusal(refusal, call);
        }
        if (failure instanceof TTransportException transport && transport.getType() != TTransportException.CORRUPTED_DATA) {
            return ofTransport(transport, call, connection);
        }
        return new ModelwireException.ProtocolError(call + " got no valid reply: " + failure.getMessage(), failure);
    }

    /** What a server answers instead of running a method: it does not know it, or cannot read the request. */
    private static ModelwireException ofRefusal(TApplicationException refusal, Call call) {
        var message = call + " was refused: " + refusal.getMessage();
        if (refusal.getType() != TApplicationException.UNKNOWN_METHOD) {
            return new ModelwireException.ProtocolError(message, refusal);
        }
        return failed(ErrorCode.PROTOCOL, message, "the server may be older than this client", false, refusal);
    }

    private static ModelwireException ofTransport(TTransportException failure, Call call, Connection connection) {
        boolean requestSent = connection.requestSent();
        if (failure.getType() == TTransportException.TIMED_OUT) {
            return failed(ErrorCode.DEADLINE_EXCEEDED, call + " got no reply within " + call.timeout().toMillis() + " ms",
                    "raise the time-out if the call needs longer", requestSent, failure);
        }
        if (TlsFailures.isCauseOf(failure)) {
            var explained = TlsFailures.of(failure, call.address());
            // A server that refuses this side of the handshake says so only now (TLS 1.3), and runs nothing.
            return failed(ErrorCode.UNAVAILABLE, call + " lost its connection: " + explained.what(), explained.hint(),
                    requestSent && connection.hasAnswered(), failure);
        }
        var hint = connection.isPlain() && !connection.hasAnswered() ? "if the server takes TLS alone, set tls(…)" : null;
        return failed(ErrorCode.UNAVAILABLE, call + " lost its connection: " + failure.getMessage(), hint, requestSent, failure);
    }

    /** A request that did not leave whole was not run; of one that did, nobody knows. */
    private static ModelwireException failed(ErrorCode code, String message, String hint, boolean requestSent, Throwable cause) {
        return ModelwireException.of(
                new Details(code, code.name(), message, hint, requestSent ? null : false, null, null, cause));
    }
}
