package io.modelwire.client;

import java.time.Instant;
import java.util.List;

/**
 * A version of a stored table.
 *
 * @param name the data set's name
 * @param version its version, from 1
 * @param nRows number of rows
 * @param columns names and types, in order
 * @param sha256 SHA-256 of its rows, in hex; it does not depend on the pieces in which they came
 * @param sizeBytes size of its files
 * @param created when it was committed
 */
public record Dataset(String name, long version, long nRows, List<ColumnSchema> columns, String sha256, long sizeBytes,
        Instant created) {

    /**
     * How {@link Training#dataset(String)} names this version.
     *
     * @return for example {@code "wine@2"}
     */
    public String reference() {
        return name + "@" + version;
    }
}
