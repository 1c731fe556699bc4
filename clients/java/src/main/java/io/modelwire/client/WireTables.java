package io.modelwire.client;

import io.modelwire.wire.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/** Tables and columns to what travels, and columns back. */
final class WireTables {
    private WireTables() {
    }

    static io.modelwire.wire.Table encode(Table table) {
        return new io.modelwire.wire.Table().setColumns(table.columns().stream().map(WireTables::encode).toList());
    }

    static io.modelwire.wire.Column encode(Column column) {
        var wire = new io.modelwire.wire.Column();
        wire.setName(column.name()).setType(column.type().number()).setType_name(column.type().name());
        switch (column.type()) {
            case FLOAT -> wire.setTensor(Tensors.of(column.doubles()));
            case INTEGER -> wire.setTensor(Tensors.of(column.longs()));
            case BOOLEAN -> wire.setTensor(Tensors.of(column.booleans()));
            case TEXT -> encodeText(column.strings(), wire);
            case UNKNOWN -> throw new IllegalStateException("no column has the type UNKNOWN");
        }
        if (!column.missing().isEmpty()) {
            var bitmap = new byte[(column.size() + 7) / 8];
            var bits = column.missing().toByteArray();
            System.arraycopy(bits, 0, bitmap, 0, bits.length);
            wire.missing = ByteBuffer.wrap(bitmap);
        }
        return wire;
    }

    private static void encodeText(String[] texts, io.modelwire.wire.Column wire) {
        var offsets = Tensors.buffer(texts.length + 1L, Integer.BYTES);
        var bytes = new byte[texts.length][];
        int end = 0;
        offsets.putInt(end);
        for (int row = 0; row < texts.length; row++) {
            bytes[row] = texts[row].getBytes(StandardCharsets.UTF_8);
            end = Math.addExact(end, bytes[row].length);
            offsets.putInt(end);
        }
        var data = Tensors.buffer(end, Byte.BYTES);
        for (var text : bytes) {
            data.put(text);
        }
        wire.text_offsets = offsets.flip();
        wire.text_data = data.flip();
    }

    /** CRC-32 of the columns as sent, as the IDL defines it for {@code append_rows}. */
    static long crc32(io.modelwire.wire.Table table) {
        var crc = new CRC32();
        table.columns.stream()
                .flatMap(column -> Stream.of(data(column.tensor), column.text_data, column.text_offsets, column.missing))
                .filter(Objects::nonNull)
                .forEach(bytes -> crc.update(bytes.duplicate()));
        return crc.getValue();
    }

    private static ByteBuffer data(Tensor tensor) {
        return tensor == null ? null : tensor.data;
    }

    /** Bytes of the values as sent. */
    static long bytes(Column column, int row) {
        return switch (column.type()) {
            case FLOAT, INTEGER -> Long.BYTES;
            case BOOLEAN -> Byte.BYTES;
            case TEXT -> Integer.BYTES + utf8Bytes((String) column.get(row));
            case UNKNOWN -> 0;
        };
    }

    private static int utf8Bytes(String text) {
        return text == null ? 0 : text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** {@code what} names the column in the error for a reply that is malformed. */
    static Column decode(io.modelwire.wire.Column wire, String what) {
        var missing = wire.missing == null ? new BitSet() : BitSet.valueOf(wire.missing.duplicate());
        var name = Objects.requireNonNullElse(wire.name, "");
        if (wire.tensor == null && (wire.text_offsets == null || wire.text_data == null)) {
            throw Tensors.malformed(what, "has no values");
        }
        if (wire.tensor == null) {
            return Column.of(name, decodeText(wire, what), missing);
        }
        return switch (Objects.requireNonNull(wire.tensor.dtype, "dtype")) {
            case F32, F64 -> Column.of(name, Tensors.doubles(wire.tensor, what), missing);
            case BOOL -> Column.of(name, Tensors.booleans(wire.tensor, what), missing);
            default -> Column.of(name, Tensors.longs(wire.tensor, what), missing);
        };
    }

    private static String[] decodeText(io.modelwire.wire.Column wire, String what) {
        var offsets = wire.text_offsets.duplicate().order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
        var bytes = new byte[wire.text_data.remaining()];
        wire.text_data.duplicate().get(bytes);
        var texts = new String[Math.max(0, offsets.remaining() - 1)];
        for (int row = 0; row < texts.length; row++) {
            int start = offsets.get(row);
            int end = offsets.get(row + 1);
            if (start < 0 || end < start || end > bytes.length) {
                throw Tensors.malformed(what, "has text from " + start + " to " + end + " in " + bytes.length + " bytes");
            }
            texts[row] = new String(bytes, start, end - start, StandardCharsets.UTF_8);
        }
        return texts;
    }
}
