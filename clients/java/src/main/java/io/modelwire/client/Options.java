package io.modelwire.client;

import java.time.Duration;

/** How a client talks to its server. */
record Options(Duration connectTimeout, Duration callTimeout, int maxConnections, String token) {
    static final Options DEFAULTS = new Options(Duration.ofSeconds(1), Duration.ofSeconds(30), 8, null);

    Options {
        requirePositive("connect time-out", connectTimeout);
        requirePositive("call time-out", callTimeout);
        if (maxConnections < 1) {
            throw new ModelwireException.InvalidArgument(
                    "a pool of at most " + maxConnections + " connections cannot carry a call", "allow at least 1");
        }
    }

    Options withConnectTimeout(Duration timeout) {
        return new Options(timeout, callTimeout, maxConnections, token);
    }

    Options withCallTimeout(Duration timeout) {
        return new Options(connectTimeout, timeout, maxConnections, token);
    }

    Options withMaxConnections(int connections) {
        return new Options(connectTimeout, callTimeout, connections, token);
    }

    Options withToken(String newToken) {
        return new Options(connectTimeout, callTimeout, maxConnections, newToken);
    }

    static void requirePositive(String what, Duration timeout) {
        if (timeout.isNegative() || timeout.isZero()) {
            throw new ModelwireException.InvalidArgument("a " + what + " of " + timeout + " cannot be met", "give more than zero");
        }
    }
}
