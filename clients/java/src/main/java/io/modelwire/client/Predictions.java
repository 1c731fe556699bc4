package io.modelwire.client;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/** What the answers to rows are to the answer to all of them. */
final class Predictions {
    private Predictions() {
    }

    /** What the answer to one row takes on its way, as that to another row shows it. */
    static long answerBytes(Prediction other) {
        if (other.classes().size() > 0) {
            long longest = other.classes().type() == ColumnType.TEXT
                    ? Arrays.stream(other.classes().strings()).mapToLong(text -> text.getBytes(StandardCharsets.UTF_8).length).max().orElse(0)
                    : Long.BYTES;
            return Integer.BYTES + longest + (long) Double.BYTES * other.classes().size();
        }
        if (other.transformed().length > 0) {
            return (long) Double.BYTES * other.transformed()[0].length;
        }
        var numbers = other.distances().length == 0 ? other.probabilities() : other.distances();
        return Double.BYTES + (numbers.length == 0 ? 0 : (long) Double.BYTES * numbers[0].length);
    }

    /** Answers of one version in their order; who answered is what the first one says. */
    static Prediction joined(List<Prediction> answers) {
        var first = answers.get(0);
        return new Prediction(first.model(), first.version(), first.generation(),
                answers.stream().map(Prediction::values).flatMapToDouble(Arrays::stream).toArray(),
                columns(answers.stream().map(Prediction::labels).toList()),
                rows(answers, Prediction::probabilities),
                first.classes(),
                answers.stream().map(Prediction::clusters).flatMapToLong(Arrays::stream).toArray(),
                rows(answers, Prediction::distances),
                rows(answers, Prediction::transformed));
    }

    private static double[][] rows(List<Prediction> answers, Function<Prediction, double[][]> part) {
        return answers.stream().map(part).flatMap(Arrays::stream).toArray(double[][]::new);
    }

    /** Labels, none of which is missing. */
    private static Column columns(List<Column> parts) {
        var name = parts.get(0).name();
        return switch (parts.get(0).type()) {
            case FLOAT -> Column.of(name, parts.stream().map(Column::doubles).flatMapToDouble(Arrays::stream).toArray(), new BitSet());
            case INTEGER -> Column.of(name, parts.stream().map(Column::longs).flatMapToLong(Arrays::stream).toArray(), new BitSet());
            case BOOLEAN -> Column.of(name, booleans(parts), new BitSet());
            case TEXT -> Column.of(name, parts.stream().map(Column::strings).flatMap(Stream::of).toArray(String[]::new), new BitSet());
            case UNKNOWN -> throw new IllegalStateException("no column has the type UNKNOWN");
        };
    }

    private static boolean[] booleans(List<Column> parts) {
        var all = new boolean[parts.stream().mapToInt(Column::size).sum()];
        int end = 0;
        for (var part : parts) {
            System.arraycopy(part.booleans(), 0, all, end, part.size());
            end += part.size();
        }
        return all;
    }
}
