package io.modelwire.client;

import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;

/** Lists that a server answers a page at a time. */
final class Pages {
    private Pages() {
    }

    /** {@code next} is null on the last page. */
    record Page<T>(List<T> entries, String next) {
    }

    /** Asks for a page once the one before is used up; {@code fetch} takes what the page before called {@code next}. */
    static <T> Stream<T> stream(Function<String, Page<T>> fetch) {
        return Stream.iterate(fetch.apply(null), Objects::nonNull, page -> page.next() == null ? null : fetch.apply(page.next()))
                .flatMap(page -> page.entries().stream());
    }
}
