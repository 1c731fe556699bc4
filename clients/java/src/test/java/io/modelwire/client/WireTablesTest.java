package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.modelwire.wire.DType;
import io.modelwire.wire.Tensor;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

class WireTablesTest {
    private static String hex(ByteBuffer buffer) {
        var bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    private static io.modelwire.wire.Column encode(List<?> values) {
        return WireTables.encode(Column.of("c", values));
    }

    @Test
    void numbersAreLittleEndian() {
        assertEquals("000000000000f83f", hex(encode(List.of(1.5)).tensor.data));
        assertEquals("feffffffffffffff", hex(encode(List.of(-2)).tensor.data));
        assertEquals("0100", hex(encode(List.of(true, false)).tensor.data));
        assertEquals(List.of(2L), encode(List.of(1, 2)).tensor.shape);
    }

    @Test
    void aMatrixIsRowMajor() {
        var tensor = Tensors.of(new float[][] {{1, 2}, {3, 4}, {5, 6}});

        assertEquals("0000803f" + "00000040" + "00004040" + "00008040" + "0000a040" + "0000c040", hex(tensor.data));
        assertEquals(List.of(3L, 2L), tensor.shape);
        assertEquals(DType.F32, tensor.dtype);
    }

    @Test
    void textIsUtf8WithOffsets() {
        var column = encode(List.of("é", "", "ab"));

        assertEquals("c3a96162", hex(column.text_data));
        assertEquals("00000000" + "02000000" + "02000000" + "04000000", hex(column.text_offsets));
    }

    @Test
    void missingValuesAreABitmapLowestBitFirst() {
        assertEquals("0201", hex(encode(Arrays.asList(1, null, 1, 1, 1, 1, 1, 1, null)).missing));
        assertEquals("0100", hex(encode(Arrays.asList(null, 1, 1, 1, 1, 1, 1, 1, 1)).missing));
        assertEquals(null, encode(List.of(1)).missing);
    }

    @Test
    void eachTypeSurvivesTheWay() {
        for (var values : List.of(Arrays.asList(1.5, null, -0.0), Arrays.asList(Long.MIN_VALUE, null, 3L),
                Arrays.asList(true, null, false), Arrays.asList("日本", null, ""))) {
            var column = WireTables.decode(encode(values), "test");
            assertEquals(values, Arrays.asList(column.get(0), column.get(1), column.get(2)));
        }
    }

    @Test
    void theChecksumCoversEveryBufferInOrder() {
        var table = Table.builder().column("n", Arrays.asList(1, null)).column("t", "a", "b").build();
        var expected = new CRC32();
        expected.update(HexFormat.of().parseHex("0100000000000000" + "0000000000000000" + "02"
                + "6162" + "00000000" + "01000000" + "02000000"));

        assertEquals(expected.getValue(), WireTables.crc32(WireTables.encode(table)));
    }

    @Test
    void aTensorWhoseBytesDoNotFitItsShapeIsAProtocolError() {
        var tensor = new Tensor().setDtype(DType.F64).setShape(List.of(2L)).setData(new byte[15]);
        assertThrows(ModelwireException.ProtocolError.class, () -> Tensors.doubles(tensor, "values"));

        var negative = new Tensor().setDtype(DType.F64).setShape(List.of(-1L, -1L)).setData(new byte[8]);
        assertThrows(ModelwireException.ProtocolError.class, () -> Tensors.doubles(negative, "values"));
    }

    @Test
    void aMatrixComesBackByRows() {
        var rows = new double[][] {{1, 2, 3}, {4, 5, 6}};

        assertArrayEquals(rows, Tensors.matrix(Tensors.of(rows), "probabilities"));
    }

    @Test
    void textOffsetsThatPointNowhereAreAProtocolError() {
        var column = encode(List.of("ab"));
        column.text_data = ByteBuffer.wrap(new byte[1]);

        assertThrows(ModelwireException.ProtocolError.class, () -> WireTables.decode(column, "labels"));
    }
}
