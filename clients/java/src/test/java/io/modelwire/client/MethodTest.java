package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class MethodTest {
    private static final Pattern DECLARATION = Pattern.compile("(\\w+)\\(1: [\\w.]+ request\\) throws \\([^)]*\\) \\((.*)\\)");

    @Test
    void whatMayBeRepeatedIsWhatTheIdlCallsIdempotent() throws IOException {
        Map<String, Boolean> declared = new TreeMap<>();
        for (var service : new String[] {"health", "inference", "models", "training", "datasets"}) {
            var idl = DECLARATION.matcher(Files.readString(Path.of("../../idl/" + service + ".thrift")));
            idl.results().forEach(method -> declared.put(method.group(1), method.group(2).contains("idempotent = \"true\"")));
        }
        Map<String, Boolean> known = new TreeMap<>();
        for (var method : Method.values()) {
            known.put(method.toString(), method.repeat() == Method.Repeat.SAFE);
        }
        assertEquals(declared, known);
    }
}
