package io.modelwire.client;

import io.modelwire.wire.Tensor;
import java.util.Arrays;

/** Rows of a prediction, by position or by name: as they travel, whole or in pieces. */
interface Rows {
    int size();

    /** Whether all of them fit into one call. */
    boolean fitOneCall();

    /** Rows {@code from} to before {@code to}. */
    Rows part(int from, int to);

    /** Where the piece ends that starts at a row: it fits into a call and has at most so many rows. */
    int end(int from, int maxRows);

    /** The rows by position; null for a table. */
    default Tensor matrix() {
        return null;
    }

    /** The rows by name; null for a matrix. */
    default io.modelwire.wire.Table table() {
        return null;
    }

    static Rows of(double[][] rows) {
        return new Doubles(rows, Matrices.width(rows));
    }

    static Rows of(float[][] rows) {
        return new Floats(rows, Matrices.width(rows));
    }

    static Rows of(Table table) {
        return new Named(table);
    }

    /** Shape (n, width). */
    record Doubles(double[][] rows, int width) implements Rows {
        @Override
        public int size() {
            return rows.length;
        }

        @Override
        public boolean fitOneCall() {
            return (long) rows.length * width * Double.BYTES <= Pieces.MAX_BYTES;
        }

        @Override
        public Rows part(int from, int to) {
            return new Doubles(Arrays.copyOfRange(rows, from, to), width);
        }

        @Override
        public int end(int from, int maxRows) {
            return matrixEnd(from, maxRows, (long) width * Double.BYTES, rows.length);
        }

        @Override
        public Tensor matrix() {
            return Tensors.of(rows);
        }
    }

    /** Shape (n, width). */
    record Floats(float[][] rows, int width) implements Rows {
        @Override
        public int size() {
            return rows.length;
        }

        @Override
        public boolean fitOneCall() {
            return (long) rows.length * width * Float.BYTES <= Pieces.MAX_BYTES;
        }

        @Override
        public Rows part(int from, int to) {
            return new Floats(Arrays.copyOfRange(rows, from, to), width);
        }

        @Override
        public int end(int from, int maxRows) {
            return matrixEnd(from, maxRows, (long) width * Float.BYTES, rows.length);
        }

        @Override
        public Tensor matrix() {
            return Tensors.of(rows);
        }
    }

    /** Columns by name. */
    record Named(Table rows) implements Rows {
        @Override
        public int size() {
            return rows.size();
        }

        @Override
        public boolean fitOneCall() {
            return Pieces.fitsOne(rows);
        }

        @Override
        public Rows part(int from, int to) {
            return new Named(rows.rows(from, to));
        }

        @Override
        public int end(int from, int maxRows) {
            return Pieces.end(rows, from, maxRows);
        }

        @Override
        public io.modelwire.wire.Table table() {
            return WireTables.encode(rows);
        }
    }

    private static int matrixEnd(int from, int maxRows, long rowBytes, int size) {
        long rows = Math.max(1, Math.min(maxRows, Pieces.MAX_BYTES / rowBytes));
        return (int) Math.min(from + rows, size);
    }
}
