package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import org.junit.jupiter.api.Test;

class CsvTest {
    private static Table read(String text) throws IOException {
        return Csv.read(new BufferedReader(new StringReader(text)), "test.csv");
    }

    @Test
    void columnsAreTypedByTheirValues() throws IOException {
        var table = read("whole,number,flag,text\n-1,1.5e3,TRUE,a\n+2,.5,false,1\n");

        assertArrayEquals(new long[] {-1, 2}, table.column("whole").longs());
        assertArrayEquals(new double[] {1500, 0.5}, table.column("number").doubles());
        assertArrayEquals(new boolean[] {true, false}, table.column("flag").booleans());
        assertArrayEquals(new String[] {"a", "1"}, table.column("text").strings());
    }

    @Test
    void anEmptyFieldIsMissingAndDoesNotChangeTheType() throws IOException {
        var table = read("whole,flag,text,nothing\n1,,,\n,true,b,\n");

        assertEquals(ColumnType.INTEGER, table.column("whole").type());
        assertNull(table.column("whole").get(1));
        assertEquals(ColumnType.BOOLEAN, table.column("flag").type());
        assertTrue(table.column("flag").isMissing(0));
        assertNull(table.column("text").get(0));
        assertEquals(ColumnType.INTEGER, table.column("nothing").type());
    }

    @Test
    void aWholeNumberBeyond64BitsMakesItsColumnFloat() throws IOException {
        var table = read("n\n9223372036854775807\n9223372036854775808\n");

        assertArrayEquals(new double[] {9.223372036854775807e18, 9.223372036854775808e18}, table.column("n").doubles());
    }

    @Test
    void wordsThatJavaTakesForNumbersAreText() throws IOException {
        for (var word : new String[] {"NaN", "-Infinity", "inf", "1e999", "0x10", "1d", "1_000", " 2"}) {
            assertEquals(ColumnType.TEXT, read("n\n1\n" + word + "\n").column("n").type(), word);
        }
    }

    @Test
    void quotesHoldCommasLineBreaksAndQuotes() throws IOException {
        var table = read("\uFEFF\"a,b\",c\r\n\"x\ny\",\"say \"\"hi\"\"\"\r\n\r\n\"z\",2");

        assertEquals("[a,b, c]", table.names().toString());
        assertArrayEquals(new String[] {"x\ny", "z"}, table.column("a,b").strings());
        assertArrayEquals(new String[] {"say \"hi\"", "2"}, table.column("c").strings());
    }

    @Test
    void aRowOfAnotherLengthIsRefusedWithItsLine() {
        var error = assertThrows(ModelwireException.InvalidArgument.class, () -> read("a,b\n1,2\n\n3\n"));

        assertTrue(error.getMessage().startsWith("test.csv line 4 has 1 fields and the first line has 2"), error.getMessage());
    }

    @Test
    void anOpenQuoteIsRefusedWithItsLine() {
        var error = assertThrows(ModelwireException.InvalidArgument.class, () -> read("a\n1\n\"2\n3\n"));

        assertTrue(error.getMessage().startsWith("test.csv line 3 opens a quote"), error.getMessage());
    }

    @Test
    void aFileWithoutRowsIsRefused() {
        assertThrows(ModelwireException.InvalidArgument.class, () -> read(""));
        assertThrows(ModelwireException.InvalidArgument.class, () -> read("a,b\n"));
    }
}
