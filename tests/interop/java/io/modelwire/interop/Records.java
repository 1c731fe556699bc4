package io.modelwire.interop;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.modelwire.wire.Column;
import io.modelwire.wire.Tensor;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.apache.thrift.TBase;
import org.apache.thrift.TFieldIdEnum;
import org.apache.thrift.meta_data.FieldMetaData;

/** Generated structs as JSON with the IDL's field names; what is not set is absent. */
final class Records {
    private Records() {
    }

    static JsonObject of(TBase<?, ?> struct) {
        var record = new JsonObject();
        addFields(struct, record);
        return record;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static void addFields(TBase struct, JsonObject record) {
        Map<? extends TFieldIdEnum, FieldMetaData> fields = FieldMetaData.getStructMetaDataMap(struct.getClass());
        fields.keySet().stream().filter(field -> struct.isSet(field))
                .forEach(field -> record.add(field.getFieldName(), element(struct.getFieldValue(field))));
    }

    private static JsonElement element(Object value) {
        if (value instanceof Tensor tensor) {
            return nested(tensor);
        }
        if (value instanceof Column column) {
            return values(column);
        }
        if (value instanceof TBase<?, ?> struct) {
            return of(struct);
        }
        if (value instanceof List<?> list) {
            var array = new JsonArray();
            list.forEach(each -> array.add(element(each)));
            return array;
        }
        if (value instanceof Map<?, ?> map) {
            var object = new JsonObject();
            map.forEach((key, each) -> object.add(key.toString(), element(each)));
            return object;
        }
        if (value instanceof Number number) {
            return new JsonPrimitive(number);
        }
        return value instanceof Boolean flag ? new JsonPrimitive(flag) : new JsonPrimitive(value.toString());
    }

    private static JsonArray nested(Tensor tensor) {
        var data = tensor.bufferForData().order(ByteOrder.LITTLE_ENDIAN);
        var flat = new JsonArray();
        while (data.hasRemaining()) {
            flat.add(switch (tensor.getDtype()) {
                case F64 -> new JsonPrimitive(data.getDouble());
                case F32 -> new JsonPrimitive((double) data.getFloat());
                case I64 -> new JsonPrimitive(data.getLong());
                case I32 -> new JsonPrimitive(data.getInt());
                default -> new JsonPrimitive(data.get() != 0);
            });
        }
        return nested(flat, tensor.getShape());
    }

    private static JsonArray nested(JsonArray flat, List<Long> shape) {
        if (shape.size() < 2) {
            return flat;
        }
        int width = flat.size() / shape.get(0).intValue();
        var rows = new JsonArray();
        for (int from = 0; from < flat.size(); from += width) {
            var row = new JsonArray();
            flat.asList().subList(from, from + width).forEach(row::add);
            rows.add(nested(row, shape.subList(1, shape.size())));
        }
        return rows;
    }

    private static JsonArray values(Column column) {
        if (column.isSetTensor()) {
            return nested(column.getTensor());
        }
        var offsets = column.bufferForText_offsets().order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
        var texts = new JsonArray();
        for (int row = 0; row + 1 < offsets.limit(); row++) {
            int start = offsets.get(row);
            texts.add(new String(column.getText_data(), start, offsets.get(row + 1) - start, StandardCharsets.UTF_8));
        }
        return texts;
    }
}
