package io.modelwire.interop;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The command line: {@code --name value}, and {@code --multiplexed} alone; {@code --ca} may be missing. */
record Options(Map<String, String> values) {
    private static final Set<String> NAMES =
            Set.of("address", "scenarios", "data", "run", "transport", "protocol", "client", "results");
    private static final String MULTIPLEXED = "multiplexed";
    private static final String CA = "ca";

    static Options parse(String[] arguments) {
        var values = new HashMap<String, String>();
        for (int next = 0; next < arguments.length; next++) {
            var name = arguments[next].replaceFirst("^--", "");
            if (name.equals(MULTIPLEXED)) {
                values.put(name, "true");
            } else if ((NAMES.contains(name) || name.equals(CA)) && next + 1 < arguments.length) {
                values.put(name, arguments[++next]);
            } else {
                throw wrong("unknown or incomplete option " + arguments[next]);
            }
        }
        var options = new Options(Map.copyOf(values));
        NAMES.forEach(options::text);
        options.requireOneOf("transport", "framed", "unframed", "http");
        options.requireOneOf("protocol", "binary", "compact", "json");
        options.requireOneOf("client", "generated", "sdk");
        return options;
    }

    String text(String name) {
        var value = values.get(name);
        if (value == null) {
            throw wrong("--" + name + " is missing");
        }
        return value;
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
        return Optional.ofNullable(values.get(CA)).map(Path::of);
    }

    private void requireOneOf(String name, String... choices) {
        if (!Arrays.asList(choices).contains(text(name))) {
            throw wrong("--" + name + " is \"" + text(name) + "\", expected one of " + String.join(", ", choices));
        }
    }

    private static RuntimeException wrong(String message) {
        System.err.println(message);
        System.exit(2);
        return new IllegalStateException(message);
    }
}
