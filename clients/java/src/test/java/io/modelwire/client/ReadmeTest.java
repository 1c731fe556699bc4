package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ReadmeTest {
    private static String between(String text, String start, String end) {
        int from = text.indexOf(start) + start.length();
        return text.substring(from, text.indexOf(end, from));
    }

    private static String withoutIndent(String code) {
        return code.lines().map(String::strip).filter(line -> !line.isEmpty()).collect(Collectors.joining("\n"));
    }

    @Test
    void theQuickStartIsTheOneThatIsTested() throws IOException {
        var readme = between(Files.readString(Path.of("README.md")), "```java\n", "```");
        var tested = between(Files.readString(Path.of("src/test/java/io/modelwire/client/QuickstartTest.java")),
                "// quick start\n", "// end of quick start");

        assertEquals(withoutIndent(tested) + "\n}", withoutIndent(readme));
    }
}
