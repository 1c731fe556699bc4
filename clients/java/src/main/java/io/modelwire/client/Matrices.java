package io.modelwire.client;

import java.util.function.IntUnaryOperator;

/** Checks of matrices given row by row. */
final class Matrices {
    private Matrices() {
    }

    static int width(double[][] rows) {
        return width(rows.length, row -> rows[row].length);
    }

    static int width(float[][] rows) {
        return width(rows.length, row -> rows[row].length);
    }

    private static int width(int rows, IntUnaryOperator length) {
        if (rows == 0 || length.applyAsInt(0) == 0) {
            throw new ModelwireException.InvalidArgument("a matrix of " + rows + " rows"
                    + (rows == 0 ? "" : " without columns"), "give at least one row of at least one number");
        }
        int width = length.applyAsInt(0);
        for (int row = 1; row < rows; row++) {
            if (length.applyAsInt(row) != width) {
                throw new ModelwireException.InvalidArgument("row " + row + " has " + length.applyAsInt(row)
                        + " numbers and row 0 has " + width, "give rows of equal length");
            }
        }
        return width;
    }
}
