package io.modelwire.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptionsTest {
    /** The options of a run, and those of the text after them. */
    private static Options parse(String more) throws Options.Wrong {
        var given = "--address localhost:9090 --scenarios s.json --data d --run r --results o.json " + more;
        return Options.parse(Map.of(), given.split(" "));
    }

    @ParameterizedTest
    @CsvSource({"framed, binary", "unframed, compact", "http, json", "http, binary", "framed, json"})
    void theGeneratedClientSpeaksAllThatItsLibraryHas(String transport, String protocol) throws Exception {
        var options = parse("--client generated --multiplexed --transport " + transport + " --protocol " + protocol);

        assertTrue(options.is("transport", transport) && options.is("protocol", protocol) && options.multiplexed());
    }

    @Test
    void tlsIsAnOption() throws Exception {
        assertEquals(Optional.of(Path.of("ca.pem")), parse("--client sdk --ca ca.pem").ca());
        assertEquals(Optional.empty(), parse("--client sdk").ca());
    }

    @Test
    void theTokenIsInTheEnvironmentAndNoOption() throws Exception {
        var options = Options.parse(Map.of("MODELWIRE_TOKEN", "mw_x"), ("--address localhost:9090 --scenarios s.json --data d"
                + " --run r --results o.json --client sdk").split(" "));

        assertEquals(Optional.of("mw_x"), options.token());
        assertEquals(Optional.empty(), parse("--client sdk").token());
        assertThrows(Options.Wrong.class, () -> parse("--client sdk --token mw_x"));
    }

    @ParameterizedTest
    @CsvSource({"--client generated --transport theader --protocol compact, has no THeader",
            "--client generated --transport theader-zlib --protocol binary, has no THeader",
            "--client generated --transport smoke --protocol compact, expected framed or unframed or http",
            "--client generated --transport framed --protocol xml, expected binary or compact or json",
            "--client generated --transport framed, --protocol is missing", "--client stock, expected generated or sdk",
            "--client sdk --transport framed, the SDK chooses", "--client sdk --protocol compact, the SDK chooses",
            "--client sdk --multiplexed, the SDK chooses", "--client sdk --ca, incomplete option --ca"})
    void whatIsNotThereIsRefusedByName(String options, String why) {
        var wrong = assertThrows(Options.Wrong.class, () -> parse(options));

        assertTrue(wrong.getMessage().contains(why), wrong.getMessage());
    }
}
