package io.modelwire.client;

import java.util.List;
import java.util.OptionalDouble;

/**
 * A data set and what is in its columns.
 *
 * @param dataset the version that was described
 * @param statistics of each column, in the order of the columns
 */
public record DatasetDescription(Dataset dataset, List<Statistics> statistics) {

    /**
     * What is in a column. A TEXT column has no numbers.
     *
     * @param column name and type
     * @param count values that are there
     * @param missing values that are missing
     * @param mean arithmetic mean; BOOLEAN counts as 0 and 1
     * @param deviation population standard deviation (divided by count)
     * @param minimum smallest value
     * @param maximum largest value
     */
    public record Statistics(ColumnSchema column, long count, long missing, OptionalDouble mean, OptionalDouble deviation,
            OptionalDouble minimum, OptionalDouble maximum) {
    }
}
