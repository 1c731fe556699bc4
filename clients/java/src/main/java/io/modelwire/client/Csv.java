package io.modelwire.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** Reads CSV (RFC 4180) and types each column by its values. */
final class Csv {
    private static final Pattern WHOLE = Pattern.compile("[+-]?[0-9]+");
    private static final Pattern NUMBER = Pattern.compile("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?");
    private static final Set<String> TRUTHS = Set.of("true", "false");
    private static final int END = -1;
    private static final int BYTE_ORDER_MARK = '\uFEFF';

    private final BufferedReader reader;
    private final String source;
    private int line = 1;
    private int recordLine;
    private int next;

    private Csv(BufferedReader reader, String source) throws IOException {
        this.reader = reader;
        this.source = source;
        this.next = reader.read();
        if (next == BYTE_ORDER_MARK) {
            next = reader.read();
        }
    }

    /** {@code source} names the file in errors. */
    static Table read(BufferedReader reader, String source) throws IOException {
        var csv = new Csv(reader, source);
        var header = csv.record();
        if (header == null) {
            throw new ModelwireException.InvalidArgument(source + " is empty", "the first line names the columns");
        }
        List<List<String>> columns = new ArrayList<>();
        header.forEach(name -> columns.add(new ArrayList<>()));
        csv.readRows(columns);
        var table = Table.builder();
        for (int column = 0; column < header.size(); column++) {
            table.add(typed(header.get(column), columns.get(column)));
        }
        return table.build();
    }

    private void readRows(List<List<String>> columns) throws IOException {
        for (var fields = record(); fields != null; fields = record()) {
            if (fields.size() != columns.size()) {
                throw new ModelwireException.InvalidArgument(source + " line " + recordLine + " has " + fields.size()
                        + " fields and the first line has " + columns.size(), "quote fields that contain commas or line breaks");
            }
            for (int column = 0; column < fields.size(); column++) {
                columns.get(column).add(fields.get(column));
            }
        }
    }

    /** The fields of the next line that is not blank; null at the end. */
    private List<String> record() throws IOException {
        while (next == '\n' || next == '\r') {
            advance();
        }
        if (next == END) {
            return null;
        }
        recordLine = line;
        var fields = new ArrayList<String>();
        fields.add(field());
        while (next == ',') {
            advance();
            fields.add(field());
        }
        return fields;
    }

    private String field() throws IOException {
        var text = new StringBuilder();
        if (next == '"') {
            quoted(text);
        }
        while (next != ',' && next != '\n' && next != '\r' && next != END) {
            text.append((char) advance());
        }
        return text.toString();
    }

    private void quoted(StringBuilder text) throws IOException {
        int startedAt = line;
        advance();
        while (true) {
            if (next == END) {
                throw new ModelwireException.InvalidArgument(
                        source + " line " + startedAt + " opens a quote that nothing closes", "double the quotes inside a quoted field");
            }
            int character = advance();
            if (character == '"' && next != '"') {
                return;
            }
            if (character == '"') {
                advance();
            }
            text.append((char) character);
        }
    }

    private int advance() throws IOException {
        int character = next;
        next = reader.read();
        if (character == '\n') {
            line++;
        }
        return character;
    }

    /** The first type that takes every value that is there; a column without any is INTEGER. */
    private static Column typed(String name, List<String> texts) {
        var missing = new BitSet();
        IntStream.range(0, texts.size()).filter(row -> texts.get(row).isEmpty()).forEach(missing::set);
        if (all(texts, Csv::isWhole)) {
            return Column.of(name, texts.stream().mapToLong(text -> text.isEmpty() ? 0 : Long.parseLong(text)).toArray(), missing);
        }
        if (all(texts, Csv::isNumber)) {
            return Column.of(name,
                    texts.stream().mapToDouble(text -> text.isEmpty() ? Double.NaN : Double.parseDouble(text)).toArray(), missing);
        }
        if (all(texts, text -> TRUTHS.contains(text.toLowerCase(Locale.ROOT)))) {
            var flags = new boolean[texts.size()];
            IntStream.range(0, flags.length).forEach(row -> flags[row] = Boolean.parseBoolean(texts.get(row)));
            return Column.of(name, flags, missing);
        }
        return Column.of(name, texts.toArray(String[]::new), missing);
    }

    private static boolean isWhole(String text) {
        if (!WHOLE.matcher(text).matches()) {
            return false;
        }
        try {
            Long.parseLong(text);
            return true;
        } catch (NumberFormatException tooLarge) {
            return false;
        }
    }

    /** Not what Java takes for a number: NaN, Infinity, 1d and 0x1p3 are text. */
    private static boolean isNumber(String text) {
        return NUMBER.matcher(text).matches() && Double.isFinite(Double.parseDouble(text));
    }

    private static boolean all(List<String> texts, Predicate<String> test) {
        return texts.stream().filter(text -> !text.isEmpty()).allMatch(test);
    }
}
