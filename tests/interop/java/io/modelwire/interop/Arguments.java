package io.modelwire.interop;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.modelwire.client.Table;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The arguments of a step: numbers, tables and hyper-parameters as JSON spells them. */
final class Arguments {
    private Arguments() {
    }

    static byte[] payload(JsonObject step) {
        var payload = new byte[step.get("bytes").getAsInt()];
        for (int index = 0; index < payload.length; index++) {
            payload[index] = (byte) ((long) index * index % 65_521);
        }
        return payload;
    }

    /** The rows of {@code csv} or {@code table}; null if the step has neither. */
    static Table rows(JsonObject step, Path data) {
        if (step.has("csv")) {
            return Table.csv(data.resolve(step.get("csv").getAsString()));
        }
        return step.has("table") ? table(step.getAsJsonObject("table")) : null;
    }

    static Table table(JsonObject columns) {
        var table = Table.builder();
        columns.entrySet().forEach(column -> table.column(column.getKey(), values(column.getValue().getAsJsonArray())));
        return table.build();
    }

    private static List<Object> values(JsonArray array) {
        var values = new ArrayList<Object>();
        array.forEach(value -> values.add(value.isJsonNull() ? null : value(value)));
        return values;
    }

    /** A Long, Double, Boolean or String; a number written without {@code .} and {@code e} is whole. */
    static Object value(JsonElement element) {
        var primitive = element.getAsJsonPrimitive();
        if (primitive.isBoolean()) {
            return primitive.getAsBoolean();
        }
        if (primitive.isString()) {
            return primitive.getAsString();
        }
        boolean whole = primitive.getAsString().matches("-?[0-9]+");
        return whole ? (Object) primitive.getAsLong() : (Object) primitive.getAsDouble();
    }

    /** Whether the matrix is a list of numbers: one row. */
    static boolean isOneRow(JsonArray matrix) {
        return !matrix.get(0).isJsonArray();
    }

    static double[] row(JsonArray array) {
        var row = new double[array.size()];
        for (int column = 0; column < row.length; column++) {
            row[column] = array.get(column).getAsDouble();
        }
        return row;
    }

    static double[][] matrix(JsonArray array) {
        var rows = new double[array.size()][];
        for (int row = 0; row < rows.length; row++) {
            rows[row] = row(array.get(row).getAsJsonArray());
        }
        return rows;
    }

    static String text(JsonObject step, String name) {
        return step.has(name) ? step.get(name).getAsString() : null;
    }

    /** Null if the step does not name them. */
    static List<String> texts(JsonObject step, String name) {
        if (!step.has(name)) {
            return null;
        }
        var texts = new ArrayList<String>();
        step.getAsJsonArray(name).forEach(text -> texts.add(text.getAsString()));
        return texts;
    }
}
