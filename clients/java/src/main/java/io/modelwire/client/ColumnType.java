package io.modelwire.client;

/** Type of the values of a column. */
public enum ColumnType {
    /** Real numbers: {@code double}. */
    FLOAT(io.modelwire.wire.ColumnType.FLOAT),
    /** Whole numbers: {@code long}. */
    INTEGER(io.modelwire.wire.ColumnType.INTEGER),
    /** Truth values: {@code boolean}. */
    BOOLEAN(io.modelwire.wire.ColumnType.BOOLEAN),
    /** Text: {@code String}. */
    TEXT(io.modelwire.wire.ColumnType.TEXT),
    /** A type that this client does not know. */
    UNKNOWN(io.modelwire.wire.ColumnType.COLUMN_TYPE_UNSPECIFIED);

    private final int number;

    ColumnType(io.modelwire.wire.ColumnType wire) {
        this.number = wire.getValue();
    }

    int number() {
        return number;
    }

    static ColumnType ofNumber(int number) {
        for (var type : values()) {
            if (type.number == number) {
                return type;
            }
        }
        return UNKNOWN;
    }
}
