package io.modelwire.client;

import java.lang.reflect.Array;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * One named column of n values, some of which may be missing. It never changes.
 *
 * <p>Columns come from a {@link Table}, a {@link Prediction} or an {@link Explanation}. {@link #get(int)} answers any value; the typed arrays
 * are for whoever knows the {@link #type()}.
 */
public final class Column {
    private static final int SHOWN_VALUES = 10;

    private final String name;
    private final ColumnType type;
    private final Object values;
    private final int size;
    private final BitSet missing;

    private Column(String name, ColumnType type, Object values, int size, BitSet missing) {
        this.name = name;
        this.type = type;
        this.values = values;
        this.size = size;
        this.missing = missing;
    }

    static Column of(String name, double[] values, BitSet missing) {
        return new Column(name, ColumnType.FLOAT, values, values.length, missing);
    }

    static Column of(String name, long[] values, BitSet missing) {
        return new Column(name, ColumnType.INTEGER, values, values.length, missing);
    }

    static Column of(String name, boolean[] values, BitSet missing) {
        return new Column(name, ColumnType.BOOLEAN, values, values.length, missing);
    }

    static Column of(String name, String[] values, BitSet missing) {
        return new Column(name, ColumnType.TEXT, values, values.length, missing);
    }

    /** The type is that of the values that are there, all of one kind; null is missing. */
    static Column of(String name, List<?> values) {
        var missing = new BitSet();
        IntStream.range(0, values.size()).filter(row -> values.get(row) == null).forEach(missing::set);
        var present = values.stream().filter(value -> value != null).toList();
        if (all(present, Long.class, Integer.class, Short.class, Byte.class) && !present.isEmpty()) {
            return of(name, values.stream().mapToLong(value -> value == null ? 0 : ((Number) value).longValue()).toArray(), missing);
        }
        if (all(present, Long.class, Integer.class, Short.class, Byte.class, Double.class, Float.class) && !present.isEmpty()) {
            return of(name, values.stream()
                    .mapToDouble(value -> value == null ? Double.NaN : ((Number) value).doubleValue()).toArray(), missing);
        }
        if (all(present, Boolean.class) && !present.isEmpty()) {
            var flags = new boolean[values.size()];
            IntStream.range(0, flags.length).forEach(row -> flags[row] = Boolean.TRUE.equals(values.get(row)));
            return of(name, flags, missing);
        }
        if (all(present, String.class)) {
            return of(name, values.stream().map(value -> value == null ? "" : value).toArray(String[]::new), missing);
        }
        throw new ModelwireException.InvalidArgument("column \"" + name + "\" mixes " + classes(present),
                "give whole numbers, numbers, Booleans or Strings, and null for what is missing");
    }

    private static boolean all(List<?> values, Class<?>... kinds) {
        return values.stream().allMatch(value -> List.of(kinds).contains(value.getClass()));
    }

    private static String classes(List<?> values) {
        return values.stream().map(value -> value.getClass().getSimpleName()).distinct().sorted().collect(Collectors.joining(", "));
    }

    /**
     * The column's name.
     *
     * @return the name; that of the target in a prediction
     */
    public String name() {
        return name;
    }

    /**
     * Type of the values.
     *
     * @return the type
     */
    public ColumnType type() {
        return type;
    }

    /**
     * Number of values, missing ones included.
     *
     * @return n
     */
    public int size() {
        return size;
    }

    /**
     * Whether a value is missing.
     *
     * @param row from 0
     * @return true if there is none
     */
    public boolean isMissing(int row) {
        return missing.get(row);
    }

    /**
     * A value, boxed.
     *
     * @param row from 0
     * @return a {@link Double}, {@link Long}, {@link Boolean} or {@link String}; null if it is missing
     */
    public Object get(int row) {
        return isMissing(row) ? null : Array.get(values, row);
    }

    /**
     * The values of a FLOAT column.
     *
     * @return n numbers, NaN where one is missing
     * @throws IllegalStateException if the column has another type
     */
    public double[] doubles() {
        return array(ColumnType.FLOAT, double[].class).clone();
    }

    /**
     * The values of an INTEGER column.
     *
     * @return n whole numbers, 0 where one is missing
     * @throws IllegalStateException if the column has another type
     */
    public long[] longs() {
        return array(ColumnType.INTEGER, long[].class).clone();
    }

    /**
     * The values of a BOOLEAN column.
     *
     * @return n truth values, false where one is missing
     * @throws IllegalStateException if the column has another type
     */
    public boolean[] booleans() {
        return array(ColumnType.BOOLEAN, boolean[].class).clone();
    }

    /**
     * The values of a TEXT column.
     *
     * @return n texts, empty where one is missing
     * @throws IllegalStateException if the column has another type
     */
    public String[] strings() {
        return array(ColumnType.TEXT, String[].class).clone();
    }

    private <A> A array(ColumnType wanted, Class<A> kind) {
        if (type != wanted) {
            throw new IllegalStateException("column \"" + name + "\" is " + type + ", not " + wanted + "; get(row) answers any type");
        }
        return kind.cast(values);
    }

    Column rows(int from, int to) {
        var part = switch (type) {
            case FLOAT -> Arrays.copyOfRange((double[]) values, from, to);
            case INTEGER -> Arrays.copyOfRange((long[]) values, from, to);
            case BOOLEAN -> Arrays.copyOfRange((boolean[]) values, from, to);
            case TEXT -> Arrays.copyOfRange((String[]) values, from, to);
            case UNKNOWN -> throw new IllegalStateException("no column has the type UNKNOWN");
        };
        return new Column(name, type, part, to - from, missing.get(from, to));
    }

    BitSet missing() {
        return missing;
    }

    /** Name, type and the first values, for people. */
    @Override
    public String toString() {
        var text = new StringJoiner(", ", name + " " + type + " [", size > SHOWN_VALUES ? ", …]" : "]");
        IntStream.range(0, Math.min(size, SHOWN_VALUES)).forEach(row -> text.add(String.valueOf(get(row))));
        return text.toString();
    }
}
