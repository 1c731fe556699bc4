package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class PagesTest {
    private final List<String> asked = new ArrayList<>();
    private final Function<String, Pages.Page<String>> fetch = after -> {
        asked.add(String.valueOf(after));
        return after == null ? new Pages.Page<>(List.of("a", "b"), "b") : new Pages.Page<>(List.of("c"), null);
    };

    @Test
    void everyPageIsRead() {
        assertEquals(List.of("a", "b", "c"), Pages.stream(fetch).toList());
        assertEquals(List.of("null", "b"), asked);
    }

    @Test
    void aPageThatNobodyReadsIsNotAskedFor() {
        assertEquals(List.of("a"), Pages.stream(fetch).limit(1).toList());
        assertEquals(List.of("null"), asked);
    }
}
