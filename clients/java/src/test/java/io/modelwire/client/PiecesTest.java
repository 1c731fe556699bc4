package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PiecesTest {
    private static List<Integer> sizes(Table table, int maxRows) {
        var sizes = new ArrayList<Integer>();
        new Pieces(table, maxRows).forEachRemaining(piece -> sizes.add(piece.size()));
        return sizes;
    }

    @Test
    void piecesHaveAtMostSoManyRows() {
        assertEquals(List.of(2, 2, 1), sizes(Table.builder().column("a", 1, 2, 3, 4, 5).build(), 2));
    }

    @Test
    void piecesHaveAtMostEightMebibytes() {
        int rowsOfAPiece = 8 * 1024 * 1024 / Double.BYTES;
        var table = Table.builder().column("a", new double[2 * rowsOfAPiece + 1]).build();

        assertEquals(List.of(rowsOfAPiece, rowsOfAPiece, 1), sizes(table, Integer.MAX_VALUE));
        assertFalse(Pieces.fitsOne(table));
        assertTrue(Pieces.fitsOne(table.rows(0, rowsOfAPiece)));
    }

    @Test
    void longTextsMakeShortPieces() {
        var text = "x".repeat(3_000_000);

        assertEquals(List.of(2, 1), sizes(Table.builder().column("a", text, text, text).build(), Integer.MAX_VALUE));
    }

    @Test
    void aRowThatFitsNoPieceIsRefused() {
        var table = Table.builder().column("a", "x", "y".repeat(9_000_000)).build();

        var error = assertThrows(ModelwireException.InvalidArgument.class, () -> sizes(table, Integer.MAX_VALUE));
        assertTrue(error.getMessage().startsWith("row 1 has 9000004 bytes"), error.getMessage());
    }
}
