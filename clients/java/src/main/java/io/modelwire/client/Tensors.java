package io.modelwire.client;

import io.modelwire.wire.DType;
import io.modelwire.wire.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/** Arrays to tensors and back: little-endian, row-major, without gaps. */
final class Tensors {
    private Tensors() {
    }

    static Tensor of(double[][] rows) {
        int width = Matrices.width(rows);
        var data = buffer((long) rows.length * width, Double.BYTES);
        var numbers = data.asDoubleBuffer();
        for (var row : rows) {
            numbers.put(row);
        }
        return tensor(DType.F64, data, rows.length, width);
    }

    static Tensor of(float[][] rows) {
        int width = Matrices.width(rows);
        var data = buffer((long) rows.length * width, Float.BYTES);
        var numbers = data.asFloatBuffer();
        for (var row : rows) {
            numbers.put(row);
        }
        return tensor(DType.F32, data, rows.length, width);
    }

    static Tensor of(double[] values) {
        var data = buffer(values.length, Double.BYTES);
        data.asDoubleBuffer().put(values);
        return tensor(DType.F64, data, values.length);
    }

    static Tensor of(long[] values) {
        var data = buffer(values.length, Long.BYTES);
        data.asLongBuffer().put(values);
        return tensor(DType.I64, data, values.length);
    }

    static Tensor of(boolean[] values) {
        var bytes = new byte[values.length];
        for (int row = 0; row < values.length; row++) {
            bytes[row] = (byte) (values[row] ? 1 : 0);
        }
        return tensor(DType.BOOL, ByteBuffer.wrap(bytes), values.length);
    }

    static ByteBuffer buffer(long count, int bytesEach) {
        if (count * bytesEach > FrameTransport.MAX_FRAME_BYTES) {
            throw new ModelwireException.InvalidArgument(count + " values of " + bytesEach + " bytes do not fit into a frame of "
                    + FrameTransport.MAX_FRAME_BYTES + " bytes", "send fewer rows at a time");
        }
        return ByteBuffer.allocate((int) count * bytesEach).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static Tensor tensor(DType dtype, ByteBuffer data, long... shape) {
        var tensor = new Tensor().setDtype(dtype).setShape(Arrays.stream(shape).boxed().toList());
        // Not by its setter, which copies.
        tensor.data = data;
        return tensor;
    }

    /** The values of a tensor of shape (n) as doubles; numbers of any type. */
    static double[] doubles(Tensor tensor, String what) {
        var data = data(tensor, what);
        var values = new double[count(tensor)];
        for (int row = 0; row < values.length; row++) {
            values[row] = number(data, tensor.dtype, what);
        }
        return values;
    }

    /** The values of a tensor of shape (n) as longs; whole numbers of any type. */
    static long[] longs(Tensor tensor, String what) {
        var data = data(tensor, what);
        var values = new long[count(tensor)];
        for (int row = 0; row < values.length; row++) {
            values[row] = wholeNumber(data, tensor.dtype, what);
        }
        return values;
    }

    static boolean[] booleans(Tensor tensor, String what) {
        var numbers = longs(tensor, what);
        var values = new boolean[numbers.length];
        for (int row = 0; row < values.length; row++) {
            values[row] = numbers[row] != 0;
        }
        return values;
    }

    /** The rows of a tensor of shape (n, m). */
    static double[][] matrix(Tensor tensor, String what) {
        if (tensor.getShapeSize() != 2) {
            throw malformed(what, "has shape " + tensor.shape + ", expected (n, m)");
        }
        var values = doubles(tensor, what);
        int width = Math.toIntExact(tensor.shape.get(1));
        var rows = new double[Math.toIntExact(tensor.shape.get(0))][];
        for (int row = 0; row < rows.length; row++) {
            rows[row] = Arrays.copyOfRange(values, row * width, (row + 1) * width);
        }
        return rows;
    }

    /** The parts of a tensor of shape (n, m, k), n being at least 1. */
    static double[][][] cube(Tensor tensor, int m, int k, String what) {
        if (tensor.getShapeSize() != 3 || tensor.shape.get(1) != m || tensor.shape.get(2) != k) {
            throw malformed(what, "has shape " + tensor.shape + ", expected (n, " + m + ", " + k + ")");
        }
        var values = doubles(tensor, what);
        if (values.length == 0) {
            throw malformed(what, "has shape " + tensor.shape + " and no values");
        }
        var cube = new double[values.length / (m * k)][m][];
        for (int part = 0; part < cube.length * m; part++) {
            cube[part / m][part % m] = Arrays.copyOfRange(values, part * k, (part + 1) * k);
        }
        return cube;
    }

    /** The bytes, once shape, type and length are known to agree. */
    private static ByteBuffer data(Tensor tensor, String what) {
        List<Long> shape = tensor.shape;
        if (shape == null || tensor.data == null || tensor.dtype == null || shape.stream().anyMatch(length -> length < 0)) {
            throw malformed(what, "lacks type, shape or data");
        }
        long count = shape.stream().reduce(1L, Math::multiplyExact);
        if (Math.multiplyExact(count, bytes(tensor.dtype, what)) != tensor.data.remaining()) {
            throw malformed(what, "has " + tensor.data.remaining() + " bytes for shape " + shape + " of " + tensor.dtype);
        }
        return tensor.data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int count(Tensor tensor) {
        return tensor.shape.stream().reduce(1L, (left, right) -> left * right).intValue();
    }

    private static int bytes(DType dtype, String what) {
        return switch (dtype) {
            case BOOL -> Byte.BYTES;
            case I32, F32 -> Integer.BYTES;
            case I64, F64 -> Long.BYTES;
            case DTYPE_UNSPECIFIED -> throw malformed(what, "has no type");
        };
    }

    private static double number(ByteBuffer data, DType dtype, String what) {
        return switch (dtype) {
            case F64 -> data.getDouble();
            case F32 -> data.getFloat();
            default -> wholeNumber(data, dtype, what);
        };
    }

    private static long wholeNumber(ByteBuffer data, DType dtype, String what) {
        return switch (dtype) {
            case I64 -> data.getLong();
            case I32 -> data.getInt();
            case BOOL -> data.get();
            default -> throw malformed(what, "has type " + dtype + ", expected whole numbers");
        };
    }

    static ModelwireException malformed(String what, String fault) {
        return new ModelwireException.ProtocolError("the reply's " + what + " " + fault, null);
    }
}
