package io.modelwire.interop;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** The command line: {@code --name value}, and {@code --multiplexed} alone. */
record Options(Map<String, String> values) {
    private static final Set<String> NAMES =
            Set.of("address", "scenarios", "data", "run", "transport", "protocol", "client", "results");
    private static final String MULTIPLEXED = "multiplexed";

    static Options parse(String[] arguments) {
        var values = new HashMap<String, String>();
        for (int next = 0; next < arguments.length; next++) {
            var name = arguments[next].replaceFirst("^--", "");
            if (name.equals(MULTIPLEXED)) {
                values.put(name, "true");
            } else if (NAMES.contains(name) && next + 1 < arguments.length) {
                values.put(name, arguments[++next]);
            } else {
                throw wrong("unknown or incomplete option " + arguments[next]);
            }
        }
        var options = new Options(Map.copyOf(values));
        NAMES.forEach(options::text);
        options.requireOneOf("transport", "framed", "unframed");
        options.requireOneOf("protocol", "binary", "compact");
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

    private void requireOneOf(String name, String first, String second) {
        if (!is(name, first) && !is(name, second)) {
            throw wrong("--" + name + " is \"" + text(name) + "\", expected " + first + " or " + second);
        }
    }

    private static RuntimeException wrong(String message) {
        System.err.println(message);
        System.exit(2);
        return new IllegalStateException(message);
    }
}
