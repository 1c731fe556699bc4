package io.modelwire.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptionsTest {
    private static Options parse(String transport, String protocol, String client, String... more) throws Options.Wrong {
        var arguments = new ArrayList<>(List.of("--address", "localhost:9090", "--scenarios", "s.json", "--data", "d", "--run", "r",
                "--results", "o.json", "--transport", transport, "--protocol", protocol, "--client", client));
        arguments.addAll(List.of(more));
        return Options.parse(arguments.toArray(String[]::new));
    }

    @ParameterizedTest
    @CsvSource({"framed, binary", "unframed, compact", "http, json", "http, binary", "framed, json"})
    void theGeneratedClientSpeaksAllThatItsLibraryHas(String transport, String protocol) throws Exception {
        var options = parse(transport, protocol, "generated", "--multiplexed");

        assertTrue(options.is("transport", transport) && options.is("protocol", protocol) && options.multiplexed());
    }

    @Test
    void tlsAndTokenAreOptional() throws Exception {
        var with = parse("framed", "compact", "sdk", "--ca", "ca.pem", "--token", "mw_x");
        var without = parse("framed", "compact", "sdk");

        assertEquals(Optional.of(Path.of("ca.pem")), with.ca());
        assertEquals(Optional.of("mw_x"), with.token());
        assertEquals(Optional.empty(), without.ca());
        assertEquals(Optional.empty(), without.token());
    }

    @ParameterizedTest
    @CsvSource({"theader, compact, generated, has no THeader", "smoke, compact, generated, expected framed or unframed or http",
            "framed, xml, generated, expected binary or compact or json", "framed, compact, stock, expected generated or sdk",
            "http, compact, sdk, framed and compact only", "framed, json, sdk, framed and compact only"})
    void whatIsNotThereIsRefusedByName(String transport, String protocol, String client, String why) {
        var wrong = assertThrows(Options.Wrong.class, () -> parse(transport, protocol, client));

        assertTrue(wrong.getMessage().contains(why), wrong.getMessage());
    }

    @Test
    void anOptionWithoutItsValueIsRefused() {
        assertThrows(Options.Wrong.class, () -> parse("framed", "compact", "sdk", "--ca"));
    }
}
