package io.modelwire.client;

/**
 * Name and type of a column, without its values.
 *
 * @param name the column's name
 * @param type type of its values
 */
public record ColumnSchema(String name, ColumnType type) {
}
