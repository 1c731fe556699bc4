package io.modelwire.client;

import java.time.Duration;
import javax.net.ssl.SSLContext;

/** How a client talks to its server; {@code tls}, {@code token} and {@code requestId} may be null. */
record Options(Duration connectTimeout, Duration callTimeout, int maxConnections, SSLContext tls, String token, String requestId) {
    static final Options DEFAULTS = new Options(Duration.ofSeconds(1), Duration.ofSeconds(30), 8, null, null, null);

    Options {
        requirePositive("connect time-out", connectTimeout);
        requirePositive("call time-out", callTimeout);
        if (maxConnections < 1) {
            throw new ModelwireException.InvalidArgument(
                    "a pool of at most " + maxConnections + " connections cannot carry a call", "allow at least 1");
        }
    }

    Options withConnectTimeout(Duration timeout) {
        return new Options(timeout, callTimeout, maxConnections, tls, token, requestId);
    }

    Options withCallTimeout(Duration timeout) {
        return new Options(connectTimeout, timeout, maxConnections, tls, token, requestId);
    }

    Options withMaxConnections(int connections) {
        return new Options(connectTimeout, callTimeout, connections, tls, token, requestId);
    }

    Options withTls(SSLContext context) {
        return new Options(connectTimeout, callTimeout, maxConnections, context, token, requestId);
    }

    Options withToken(String newToken) {
        return new Options(connectTimeout, callTimeout, maxConnections, tls, newToken, requestId);
    }

    Options withRequestId(String newRequestId) {
        return new Options(connectTimeout, callTimeout, maxConnections, tls, token, newRequestId);
    }

    /** Without the token: what is printed ends in logs. */
    @Override
    public String toString() {
        return "Options[connectTimeout=" + connectTimeout + ", callTimeout=" + callTimeout + ", maxConnections=" + maxConnections
                + ", tls=" + (tls != null) + ", token=" + (token == null ? "none" : "hidden") + ", requestId=" + requestId + "]";
    }

    private static void requirePositive(String what, Duration timeout) {
        if (timeout.isNegative() || timeout.isZero()) {
            throw new ModelwireException.InvalidArgument("a " + what + " of " + timeout + " cannot be met", "give more than zero");
        }
    }
}
