package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class TableTest {
    private static String refusal(Runnable bad) {
        return assertThrows(ModelwireException.InvalidArgument.class, bad::run).getMessage();
    }

    @Test
    void aMatrixBecomesColumnsInOrder() {
        var table = Table.of(new double[][] {{1, 2}, {3, 4}, {5, 6}});

        assertEquals(List.of("x0", "x1"), table.names());
        assertArrayEquals(new double[] {2, 4, 6}, table.column("x1").doubles());
        assertEquals(List.of("a", "b"), Table.of(new double[][] {{1, 2}}, "a", "b").names());
    }

    @Test
    void raggedRowsAreRefusedWithTheirLengths() {
        var message = refusal(() -> Table.of(new double[][] {{1, 2}, {3, 4}, {5}}));

        assertTrue(message.startsWith("row 2 has 1 numbers and row 0 has 2"), message);
    }

    @Test
    void columnsOfUnequalLengthAreRefusedWithTheirNames() {
        var message = refusal(() -> Table.builder().column("age", 1.0, 2.0).column("city", "Ulm"));

        assertTrue(message.startsWith("column \"city\" has 1 values and \"age\" has 2"), message);
    }

    @Test
    void namesAreUniqueAndNotEmpty() {
        assertTrue(refusal(() -> Table.builder().column("a", 1.0).column("a", 2.0)).contains("already"));
        refusal(() -> Table.builder().column("", 1.0));
        refusal(() -> Table.of(new double[][] {{1, 2}}, "a"));
    }

    @Test
    void aListHasTheTypeOfItsValuesAndNullIsMissing() {
        var table = Table.builder()
                .column("whole", Arrays.asList(1, null, 3L))
                .column("number", Arrays.asList(1, null, 2.5))
                .column("flag", Arrays.asList(true, null, false))
                .column("text", "a", null, "c")
                .build();

        assertEquals(List.of(ColumnType.INTEGER, ColumnType.FLOAT, ColumnType.BOOLEAN, ColumnType.TEXT),
                table.columns().stream().map(Column::type).toList());
        assertTrue(table.columns().stream().allMatch(column -> column.isMissing(1) && column.get(1) == null));
        assertEquals(3L, table.column("whole").get(2));
    }

    @Test
    void aListOfMixedTypesIsRefused() {
        assertTrue(refusal(() -> Table.builder().column("a", List.of(1, "b"))).contains("mixes Integer, String"));
    }

    @Test
    void aColumnThatIsNotThereIsRefusedWithThoseThatAre() {
        assertTrue(refusal(() -> Table.of(new double[][] {{1, 2}}).column("x7")).contains("[x0, x1]"));
    }

    @Test
    void rowsAndColumnsAreSelected() {
        var table = Table.builder().column("a", 1, 2, 3).column("b", Arrays.asList("x", null, "z")).build();

        assertEquals(List.of("b", "a"), table.select("b", "a").names());
        assertEquals(List.of("b"), table.without("a").names());
        var part = table.rows(1, 3);
        assertArrayEquals(new long[] {2, 3}, part.column("a").longs());
        assertTrue(part.column("b").isMissing(0));
    }

    @Test
    void whoHoldsATableCannotChangeIt() {
        double[] values = {1, 2};
        var table = Table.builder().column("a", values).build();
        values[0] = 7;
        table.column("a").doubles()[1] = 7;

        assertArrayEquals(new double[] {1, 2}, table.column("a").doubles());
    }

    @Test
    void theWrongArrayOfAColumnNamesItsType() {
        var error = assertThrows(IllegalStateException.class, () -> Table.of(new double[][] {{1}}).column("x0").strings());

        assertTrue(error.getMessage().startsWith("column \"x0\" is FLOAT, not TEXT"), error.getMessage());
    }
}
