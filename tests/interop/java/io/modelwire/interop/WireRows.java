package io.modelwire.interop;

import com.google.gson.JsonArray;
import io.modelwire.client.Column;
import io.modelwire.client.Table;
import io.modelwire.wire.DType;
import io.modelwire.wire.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32;

/** Rows to generated structs, written from the IDL alone and not by the SDK's code, so that each checks the other. */
final class WireRows {
    private WireRows() {
    }

    static Tensor matrix(JsonArray matrix) {
        if (Arguments.isOneRow(matrix)) {
            return tensor(new double[][] {Arguments.row(matrix)}, List.of((long) matrix.size()));
        }
        var rows = Arguments.matrix(matrix);
        return tensor(rows, List.of((long) rows.length, (long) rows[0].length));
    }

    private static Tensor tensor(double[][] rows, List<Long> shape) {
        var data = littleEndian(rows.length * rows[0].length * Double.BYTES);
        for (var row : rows) {
            for (double value : row) {
                data.putDouble(value);
            }
        }
        return new Tensor().setDtype(DType.F64).setShape(shape).setData(data.flip());
    }

    static io.modelwire.wire.Table table(Table rows) {
        return new io.modelwire.wire.Table().setColumns(rows.columns().stream().map(WireRows::column).toList());
    }

    private static io.modelwire.wire.Column column(Column column) {
        var type = io.modelwire.wire.ColumnType.valueOf(column.type().name());
        var wire = new io.modelwire.wire.Column().setName(column.name()).setType(type.getValue()).setType_name(type.name());
        switch (type) {
            case FLOAT, INTEGER, BOOLEAN -> wire.setTensor(values(column, type));
            default -> setTexts(column, wire);
        }
        var missing = new byte[(column.size() + 7) / 8];
        boolean anyMissing = false;
        for (int row = 0; row < column.size(); row++) {
            if (column.isMissing(row)) {
                missing[row / 8] |= (byte) (1 << (row % 8));
                anyMissing = true;
            }
        }
        return anyMissing ? wire.setMissing(missing) : wire;
    }

    private static Tensor values(Column column, io.modelwire.wire.ColumnType type) {
        var data = littleEndian(column.size() * Long.BYTES);
        for (int row = 0; row < column.size(); row++) {
            var value = column.get(row);
            switch (type) {
                case FLOAT -> data.putDouble(value == null ? Double.NaN : (Double) value);
                case INTEGER -> data.putLong(value == null ? 0 : (Long) value);
                default -> data.put((byte) (Boolean.TRUE.equals(value) ? 1 : 0));
            }
        }
        var dtype = switch (type) {
            case FLOAT -> DType.F64;
            case INTEGER -> DType.I64;
            default -> DType.BOOL;
        };
        return new Tensor().setDtype(dtype).setShape(List.of((long) column.size())).setData(data.flip());
    }

    private static void setTexts(Column column, io.modelwire.wire.Column wire) {
        var offsets = littleEndian((column.size() + 1) * Integer.BYTES).putInt(0);
        var texts = new StringBuilder();
        for (int row = 0; row < column.size(); row++) {
            texts.append(column.isMissing(row) ? "" : column.get(row));
            offsets.putInt(texts.toString().getBytes(StandardCharsets.UTF_8).length);
        }
        wire.setText_data(texts.toString().getBytes(StandardCharsets.UTF_8)).setText_offsets(offsets.flip());
    }

    static long crc32(io.modelwire.wire.Table table) {
        var crc = new CRC32();
        for (var column : table.getColumns()) {
            for (var bytes : new byte[][] {column.isSetTensor() ? column.getTensor().getData() : null,
                    column.getText_data(), column.getText_offsets(), column.getMissing()}) {
                if (bytes != null) {
                    crc.update(bytes);
                }
            }
        }
        return crc.getValue();
    }

    private static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
