package io.modelwire.interop;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Plays the steps of one scenario and keeps what they ask to record. */
final class Scenario {
    private static final List<String> RECORDED = List.of("values", "labels", "probabilities", "classes", "clusters", "distances",
            "transformed", "base_values", "contributions");

    private final Client client;
    private final String name;
    private final Map<String, JsonObject> recorded = new LinkedHashMap<>();
    private String latestJob = "";

    Scenario(Client client, String name) {
        this.client = client;
        this.name = name;
    }

    /** The job of the latest {@code train}; empty before the first. */
    String latestJob() {
        return latestJob;
    }

    Map<String, JsonObject> recorded() {
        return recorded;
    }

    void play(JsonObject step) throws Mismatch {
        var expectedError = step.getAsJsonObject("expect_error");
        JsonObject answer;
        try {
            answer = client.call(step, id -> latestJob = id);
        } catch (Client.Refused refused) {
            Expectations.requireError(refused, expectedError);
            return;
        }
        if (expectedError != null) {
            throw new Mismatch("expected " + expectedError + ", got " + answer);
        }
        if (step.has("expect")) {
            Expectations.require(answer, step.getAsJsonObject("expect"));
        }
        remember(step, answer);
    }

    private void remember(JsonObject step, JsonObject answer) throws Mismatch {
        var prediction = new JsonObject();
        RECORDED.stream().filter(answer::has).forEach(field -> prediction.add(field, bits(answer.get(field))));
        if (step.has("record")) {
            recorded.put(step.get("record").getAsString(), prediction);
        }
        if (step.has("same_as")) {
            var other = recorded.get(step.get("same_as").getAsString());
            if (!prediction.equals(other)) {
                throw new Mismatch("expected the bits of " + name + "/" + step.get("same_as").getAsString() + ": " + other
                        + ", got " + prediction);
            }
        }
    }

    /** Doubles as their 16 hex digits, so that languages can be compared to the bit. */
    private static JsonElement bits(JsonElement element) {
        if (element instanceof JsonArray array) {
            var bits = new JsonArray();
            array.forEach(value -> bits.add(bits(value)));
            return bits;
        }
        boolean isDouble = element instanceof JsonPrimitive primitive && primitive.isNumber() && primitive.getAsNumber() instanceof Double;
        return isDouble ? new JsonPrimitive(String.format("%016x", Double.doubleToRawLongBits(element.getAsDouble()))) : element;
    }
}
