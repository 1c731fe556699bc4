package io.modelwire.client;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/** Named columns of equal length. It never changes. */
public final class Table {
    private final Map<String, Column> columns;
    private final int size;

    private Table(Map<String, Column> columns) {
        this.columns = columns;
        this.size = columns.values().iterator().next().size();
    }

    /**
     * Starts an empty table.
     *
     * @return what columns are added to
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * A table of numbers.
     *
     * @param rows shape (n, names), row by row
     * @param names the names of the columns; none: x0, x1, …
     * @return n rows of FLOAT columns
     * @throws ModelwireException.InvalidArgument if rows differ in length or names do not fit
     */
    public static Table of(double[][] rows, String... names) {
        int width = Matrices.width(rows);
        if (names.length != 0 && names.length != width) {
            throw new ModelwireException.InvalidArgument(
                    names.length + " names for " + width + " columns", "give a name for each column, or none");
        }
        var builder = builder();
        for (int column = 0; column < width; column++) {
            int position = column;
            builder.column(names.length == 0 ? "x" + column : names[column],
                    Arrays.stream(rows).mapToDouble(row -> row[position]).toArray());
        }
        return builder.build();
    }

    /**
     * Reads a CSV file (RFC 4180, UTF-8) whose first line names the columns.
     *
     * <p>An empty field is missing. A column whose values are all whole numbers is INTEGER, else all finite
     * decimal numbers FLOAT, else all {@code true} or {@code false} BOOLEAN, else TEXT. A column without any value is INTEGER.
     *
     * @param file the file
     * @return its rows
     * @throws ModelwireException.InvalidArgument if a line has more or fewer fields than the first
     * @throws UncheckedIOException if it cannot be read
     */
    public static Table csv(Path file) {
        try (var reader = Files.newBufferedReader(file)) {
            return Csv.read(reader, file.toString());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /**
     * Number of rows.
     *
     * @return n, at least 1
     */
    public int size() {
        return size;
    }

    /**
     * The names of the columns.
     *
     * @return the names, in order
     */
    public List<String> names() {
        return List.copyOf(columns.keySet());
    }

    /**
     * The columns.
     *
     * @return all of them, in order
     */
    public List<Column> columns() {
        return List.copyOf(columns.values());
    }

    /**
     * A column by its name.
     *
     * @param name the column's name
     * @return the column
     * @throws ModelwireException.InvalidArgument if there is none
     */
    public Column column(String name) {
        var column = columns.get(name);
        if (column == null) {
            throw new ModelwireException.InvalidArgument("no column \"" + name + "\"", "the table has " + columns.keySet());
        }
        return column;
    }

    /**
     * The same rows with fewer columns, or in another order.
     *
     * @param names the names of the columns to keep
     * @return a table of these columns
     * @throws ModelwireException.InvalidArgument if there is no such column
     */
    public Table select(String... names) {
        var builder = builder();
        for (var name : names) {
            builder.add(column(name));
        }
        return builder.build();
    }

    /**
     * The same columns without some.
     *
     * @param names the names of the columns to leave out
     * @return a table of the other columns
     * @throws ModelwireException.InvalidArgument if there is no such column, or none is left
     */
    public Table without(String... names) {
        var left = new ArrayList<>(names());
        for (var name : names) {
            left.remove(column(name).name());
        }
        return select(left.toArray(String[]::new));
    }

    /**
     * Some of the rows.
     *
     * @param from the first row, from 0
     * @param to the row after the last one
     * @return a table of {@code to - from} rows
     * @throws IndexOutOfBoundsException if there are no such rows
     */
    public Table rows(int from, int to) {
        Objects.checkFromToIndex(from, to, size);
        var builder = builder();
        columns.values().forEach(column -> builder.add(column.rows(from, to)));
        return builder.build();
    }

    /** Size and columns, for people. */
    @Override
    public String toString() {
        return size + " rows of " + columns.values();
    }

    /** Collects columns. */
    public static final class Builder {
        private final Map<String, Column> columns = new LinkedHashMap<>();

        private Builder() {
        }

        /**
         * Adds a FLOAT column.
         *
         * @param name not empty, not in the table yet
         * @param values n numbers
         * @return this
         * @throws ModelwireException.InvalidArgument if name or length does not fit
         */
        public Builder column(String name, double... values) {
            return add(Column.of(name, values.clone(), new BitSet()));
        }

        /**
         * Adds an INTEGER column.
         *
         * @param name not empty, not in the table yet
         * @param values n whole numbers
         * @return this
         * @throws ModelwireException.InvalidArgument if name or length does not fit
         */
        public Builder column(String name, long... values) {
            return add(Column.of(name, values.clone(), new BitSet()));
        }

        /**
         * Adds an INTEGER column.
         *
         * @param name not empty, not in the table yet
         * @param values n whole numbers
         * @return this
         * @throws ModelwireException.InvalidArgument if name or length does not fit
         */
        public Builder column(String name, int... values) {
            return column(name, IntStream.of(values).asLongStream().toArray());
        }

        /**
         * Adds a BOOLEAN column.
         *
         * @param name not empty, not in the table yet
         * @param values n truth values
         * @return this
         * @throws ModelwireException.InvalidArgument if name or length does not fit
         */
        public Builder column(String name, boolean... values) {
            return add(Column.of(name, values.clone(), new BitSet()));
        }

        /**
         * Adds a TEXT column.
         *
         * @param name not empty, not in the table yet
         * @param values n texts; null is missing
         * @return this
         * @throws ModelwireException.InvalidArgument if name or length does not fit
         */
        public Builder column(String name, String... values) {
            return column(name, Arrays.asList(values));
        }

        /**
         * Adds a column of the type of its values.
         *
         * @param name not empty, not in the table yet
         * @param values n whole numbers, numbers, Booleans or Strings; null is missing
         * @return this
         * @throws ModelwireException.InvalidArgument if name or length does not fit, or types are mixed
         */
        public Builder column(String name, List<?> values) {
            return add(Column.of(name, values));
        }

        Builder add(Column column) {
            if (column.name().isEmpty() || columns.containsKey(column.name())) {
                throw new ModelwireException.InvalidArgument("a column named \"" + column.name() + "\""
                        + (column.name().isEmpty() ? "" : " is in the table already"), "give each column a name of its own");
            }
            columns.values().stream().findFirst().filter(first -> first.size() != column.size()).ifPresent(first -> {
                throw new ModelwireException.InvalidArgument("column \"" + column.name() + "\" has " + column.size()
                        + " values and \"" + first.name() + "\" has " + first.size(), "give columns of equal length");
            });
            columns.put(column.name(), column);
            return this;
        }

        /**
         * Makes the table.
         *
         * @return a table of the columns so far, in the order in which they were added
         * @throws ModelwireException.InvalidArgument if there is no column or no row
         */
        public Table build() {
            if (columns.isEmpty() || columns.values().iterator().next().size() == 0) {
                throw new ModelwireException.InvalidArgument("a table without "
                        + (columns.isEmpty() ? "columns" : "rows"), "give at least one row");
            }
            return new Table(new LinkedHashMap<>(columns));
        }
    }
}
