package io.modelwire.client;

import java.util.Iterator;
import java.util.NoSuchElementException;

/** Cuts a table into pieces that fit into a frame each. */
final class Pieces implements Iterator<Table> {
    /** Half a frame: what travels beside the values never fills the other half. */
    static final long MAX_BYTES = 8 * 1024 * 1024;

    private final Table table;
    private final int maxRows;
    private int from;

    Pieces(Table table, int maxRows) {
        if (maxRows < 1) {
            throw new ModelwireException.InvalidArgument("pieces of " + maxRows + " rows never end", "give at least 1");
        }
        this.table = table;
        this.maxRows = maxRows;
    }

    /** Bytes of all values of a table as sent, without names and types. */
    static boolean fitsOne(Table table) {
        return end(table, 0, Integer.MAX_VALUE) == table.size();
    }

    /** The offset of the next piece. */
    int from() {
        return from;
    }

    @Override
    public boolean hasNext() {
        return from < table.size();
    }

    @Override
    public Table next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        int end = end();
        var piece = table.rows(from, end);
        from = end;
        return piece;
    }

    private int end() {
        return end(table, from, maxRows);
    }

    /** Where the piece ends that starts at a row and has at most so many. */
    static int end(Table table, int from, int maxRows) {
        long bytes = 0;
        int row = from;
        while (row < table.size() && row - from < maxRows) {
            bytes += rowBytes(table, row);
            if (bytes > MAX_BYTES) {
                break;
            }
            row++;
        }
        if (row == from) {
            throw new ModelwireException.InvalidArgument("row " + row + " has " + bytes + " bytes and a piece has room for "
                    + MAX_BYTES, "shorten its texts");
        }
        return row;
    }

    private static long rowBytes(Table table, int row) {
        long bytes = 0;
        for (var column : table.columns()) {
            bytes += WireTables.bytes(column, row);
        }
        return bytes;
    }
}
