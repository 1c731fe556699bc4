package io.modelwire.interop;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The command line: {@code --name value}, and {@code --multiplexed} alone; and the token of the environment, which is no option
 * because everybody on a machine sees those.
 */
record Options(Map<String, String> values, Optional<String> token) {
    private static final List<String> REQUIRED = List.of("address", "scenarios", "data", "run", "client", "results");
    private static final List<String> OPTIONAL = List.of("transport", "protocol", "ca");
    private static final String MULTIPLEXED = "multiplexed";

    /** Wrong usage, in words for who typed it. */
    static final class Wrong extends Exception {
        private static final long serialVersionUID = 1L;

        Wrong(String message) {
            super(message);
        }
    }

    /** Reads the command line, and {@code MODELWIRE_TOKEN} in the environment. */
    static Options parse(Map<String, String> environment, String... arguments) throws Wrong {
        var values = new HashMap<String, String>();
        for (int next = 0; next < arguments.length; next++) {
            var name = arguments[next].replaceFirst("^--", "");
            if (name.equals(MULTIPLEXED)) {
                values.put(name, "true");
            } else if ((REQUIRED.contains(name) || OPTIONAL.contains(name)) && next + 1 < arguments.length) {
                values.put(name, arguments[++next]);
            } else {
                throw new Wrong("unknown or incomplete option " + arguments[next]);
            }
        }
        var options = new Options(Map.copyOf(values), Optional.ofNullable(environment.get("MODELWIRE_TOKEN")));
        options.check();
        return options;
    }

    private void check() throws Wrong {
        for (var name : REQUIRED) {
            require(name);
        }
        requireOneOf("client", "generated", "sdk");
        if (is("client", "sdk")) {
            checkSdk();
        } else {
            checkWire();
        }
    }

    private void checkSdk() throws Wrong {
        if (values.containsKey("transport") || values.containsKey("protocol") || multiplexed()) {
            throw new Wrong("the SDK chooses its transport, its protocol and its names of methods itself");
        }
    }

    private void checkWire() throws Wrong {
        require("transport");
        require("protocol");
        if (text("transport").startsWith("theader")) {
            throw new Wrong("--transport " + text("transport") + ": libthrift, the library for Java, has no THeader transport");
        }
        requireOneOf("transport", "framed", "unframed", "http");
        requireOneOf("protocol", "binary", "compact", "json");
    }

    private void require(String name) throws Wrong {
        if (!values.containsKey(name)) {
            throw new Wrong("--" + name + " is missing");
        }
    }

    private void requireOneOf(String name, String... known) throws Wrong {
        if (!Arrays.asList(known).contains(text(name))) {
            throw new Wrong("--" + name + " is \"" + text(name) + "\", expected " + String.join(" or ", known));
        }
    }

    String text(String name) {
        return values.get(name);
    }

    Path path(String name) {
        return Path.of(text(name));
    }

    boolean is(String name, String value) {
        return text(name).equals(value);
    }

    boolean multiplexed() {
        return values.containsKey(MULTIPLEXED);
    }

    /** The certificates to trust in a connection by TLS; empty: it is a plain one. */
    Optional<Path> ca() {
        return Optional.ofNullable(text("ca")).map(Path::of);
    }
}
