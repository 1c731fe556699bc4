package io.modelwire.client;

import java.net.InetSocketAddress;

/** Where a server listens: {@code host:port}, or {@code [::1]:port}. */
record Address(String host, int port) {

    static Address parse(String text) {
        int colon = text.lastIndexOf(':');
        var host = colon < 0 ? "" : text.substring(0, colon);
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        if (host.isEmpty() || (host.contains(":") && !bracketed)) {
            throw notAnAddress(text);
        }
        return new Address(bracketed ? host.substring(1, host.length() - 1) : host, parsePort(text, colon + 1));
    }

    private static int parsePort(String text, int from) {
        try {
            int port = Integer.parseInt(text.substring(from));
            if (port > 0 && port <= 65_535) {
                return port;
            }
        } catch (NumberFormatException noNumber) {
            // Falls through to the one message for all of it.
        }
        throw notAnAddress(text);
    }

    /** Resolved anew for each connection, so that a server may move. */
    InetSocketAddress resolve() {
        return new InetSocketAddress(host, port);
    }

    @Override
    public String toString() {
        return host.contains(":") ? "[" + host + "]:" + port : host + ":" + port;
    }

    private static ModelwireException notAnAddress(String text) {
        return new ModelwireException.InvalidArgument(
                "\"" + text + "\" is no address", "write host:port, for example 127.0.0.1:9090 or [::1]:9090");
    }
}
