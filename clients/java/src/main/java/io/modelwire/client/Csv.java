package io.modelwire.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** Reads CSV (RFC 4180) and types each column by its values. */
final class Csv {
    private static final Pattern WHOLE = Pattern.compile("[+-]?[0-9]+");
    private static final Pattern NUMBER = Pattern.compile("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?");
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
            table.column(header.get(column), typed(columns.get(column)));
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

    /** An empty field is missing; a column without any value is TEXT. */
    private static List<?> typed(List<String> texts) {
        if (all(texts, Csv::isWhole)) {
            return map(texts, Long::valueOf);
        }
        if (all(texts, text -> NUMBER.matcher(text).matches())) {
            return map(texts, Double::valueOf);
        }
        if (all(texts, text -> text.equalsIgnoreCase("true") || text.equalsIgnoreCase("false"))) {
            return map(texts, Boolean::valueOf);
        }
        return map(texts, Function.identity());
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

    private static boolean all(List<String> texts, Predicate<String> test) {
        return texts.stream().filter(text -> !text.isEmpty()).allMatch(test);
    }

    private static <T> List<T> map(List<String> texts, Function<String, T> parse) {
        var values = new ArrayList<T>(texts.size());
        texts.forEach(text -> values.add(text.isEmpty() ? null : parse.apply(text)));
        return values;
    }
}
