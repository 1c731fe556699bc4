package io.modelwire.interop;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;

/** Compares an answer with what a step expects of it. */
final class Expectations {
    private static final double SMALLEST = 1e-300;

    private Expectations() {
    }

    static void requireError(Client.Refused refused, JsonObject expected) throws Mismatch {
        if (expected == null) {
            throw new Mismatch(refused.toString());
        }
        boolean holds = refused.code().equals(expected.get("code").getAsString())
                && (!expected.has("contains") || refused.getMessage().contains(expected.get("contains").getAsString()));
        if (!holds) {
            throw new Mismatch("expected " + expected + ", got " + refused);
        }
    }

    /** {@code expected} maps paths in the answer to what stands there. */
    static void require(JsonObject answer, JsonObject expected) throws Mismatch {
        for (var entry : expected.entrySet()) {
            var actual = at(answer, entry.getKey());
            if (!holds(actual, entry.getValue())) {
                throw new Mismatch("expected " + entry.getKey() + " " + entry.getValue() + ", got " + actual);
            }
        }
    }

    private static JsonElement at(JsonElement element, String path) {
        for (var part : path.split("\\.")) {
            JsonElement next = null;
            if (element instanceof JsonObject object) {
                next = object.get(part);
            } else if (element instanceof JsonArray array && Integer.parseInt(part) < array.size()) {
                next = array.get(Integer.parseInt(part));
            }
            if (next == null) {
                return JsonNull.INSTANCE;
            }
            element = next;
        }
        return element;
    }

    private static boolean holds(JsonElement actual, JsonElement expected) {
        if (!(expected instanceof JsonObject rule)) {
            return equal(actual, expected);
        }
        if (rule.has("near")) {
            return isNear(actual, rule.get("near"), rule.get("relative").getAsDouble());
        }
        if (rule.has("between")) {
            var bounds = rule.getAsJsonArray("between");
            return isBetween(actual, bounds.get(0).getAsDouble(), bounds.get(1).getAsDouble());
        }
        return contains(actual, rule.get("contains"));
    }

    private static boolean equal(JsonElement actual, JsonElement expected) {
        if (actual instanceof JsonArray left && expected instanceof JsonArray right) {
            boolean same = left.size() == right.size();
            for (int index = 0; same && index < left.size(); index++) {
                same = equal(left.get(index), right.get(index));
            }
            return same;
        }
        if (isNumber(actual) && isNumber(expected)) {
            return actual.getAsDouble() == expected.getAsDouble();
        }
        return actual.equals(expected);
    }

    private static boolean isNear(JsonElement actual, JsonElement expected, double relative) {
        if (actual instanceof JsonArray left && expected instanceof JsonArray right) {
            boolean near = left.size() == right.size();
            for (int index = 0; near && index < left.size(); index++) {
                near = isNear(left.get(index), right.get(index), relative);
            }
            return near;
        }
        if (!isNumber(actual) || !isNumber(expected)) {
            return false;
        }
        double wanted = expected.getAsDouble();
        return Math.abs(actual.getAsDouble() - wanted) <= relative * Math.max(Math.abs(wanted), SMALLEST);
    }

    private static boolean isBetween(JsonElement actual, double low, double high) {
        if (actual instanceof JsonArray array) {
            for (var value : array) {
                if (!isBetween(value, low, high)) {
                    return false;
                }
            }
            return true;
        }
        return isNumber(actual) && low <= actual.getAsDouble() && actual.getAsDouble() <= high;
    }

    private static boolean contains(JsonElement actual, JsonElement wanted) {
        if (actual instanceof JsonArray array) {
            for (var value : array) {
                boolean named = value instanceof JsonObject object && object.has("name") && equal(object.get("name"), wanted);
                if (named || equal(value, wanted)) {
                    return true;
                }
            }
            return false;
        }
        return actual.isJsonPrimitive() && actual.getAsString().contains(wanted.getAsString());
    }

    private static boolean isNumber(JsonElement element) {
        return element instanceof JsonPrimitive primitive && primitive.isNumber();
    }
}
