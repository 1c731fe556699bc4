package io.modelwire.interop;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Plays scenarios.json against a running server; tests/interop/README.md says how. */
public final class Runner {
    private final Client client;
    private final String run;
    private final JsonObject results = new JsonObject();

    private Runner(Client client, String run) {
        this.client = client;
        this.run = run;
    }

    /**
     * Prints a line for each scenario; ends with 1 if any failed and with 2 on wrong usage.
     *
     * @param arguments see {@link Options}
     * @throws Exception if the files cannot be read or written
     */
    public static void main(String[] arguments) throws Exception {
        System.exit(run(arguments));
    }

    private static int run(String[] arguments) throws Exception {
        try {
            return play(Options.parse(System.getenv(), arguments));
        } catch (Options.Wrong wrong) {
            System.err.println(wrong.getMessage());
            return 2;
        }
    }

    private static int play(Options options) throws Exception {
        var scenarios = JsonParser.parseString(Files.readString(options.path("scenarios"))).getAsJsonObject();
        int passed = 0;
        int failed = 0;
        try (var client = Client.connect(options)) {
            var runner = new Runner(client, options.text("run"));
            for (var scenario : scenarios.getAsJsonArray("scenarios")) {
                if (runner.passes(scenario.getAsJsonObject())) {
                    passed++;
                } else {
                    failed++;
                }
            }
            write(options.path("results"), runner.results);
        }
        System.out.println(passed + " passed, " + failed + " failed");
        return failed == 0 ? 0 : 1;
    }

    private static void write(Path file, JsonObject results) throws IOException {
        Files.writeString(file, new GsonBuilder().setPrettyPrinting().serializeSpecialFloatingPointValues().create().toJson(results));
    }

    private boolean passes(JsonObject scenario) {
        var name = scenario.get("name").getAsString();
        var played = new Scenario(client, name);
        int number = 0;
        for (var step : scenario.getAsJsonArray("steps")) {
            number++;
            try {
                played.play(substitute(step, Map.of("{run}", run, "{job}", played.latestJob())).getAsJsonObject());
            } catch (Mismatch | RuntimeException failure) {
                System.out.println("FAIL " + name + ": step " + number + ", "
                        + step.getAsJsonObject().get("call").getAsString() + ": " + failure);
                return false;
            }
        }
        played.recorded().forEach((key, answer) -> results.add(name + "/" + key, answer));
        System.out.println("ok " + name);
        return true;
    }

    private static JsonElement substitute(JsonElement element, Map<String, String> values) {
        if (element instanceof JsonObject object) {
            var copy = new JsonObject();
            object.entrySet().forEach(entry -> copy.add(entry.getKey(), substitute(entry.getValue(), values)));
            return copy;
        }
        if (element instanceof JsonArray array) {
            var copy = new JsonArray();
            array.forEach(value -> copy.add(substitute(value, values)));
            return copy;
        }
        if (element instanceof JsonPrimitive primitive && primitive.isString()) {
            var text = primitive.getAsString();
            for (var value : values.entrySet()) {
                text = text.replace(value.getKey(), value.getValue());
            }
            return new JsonPrimitive(text);
        }
        return element;
    }
}
