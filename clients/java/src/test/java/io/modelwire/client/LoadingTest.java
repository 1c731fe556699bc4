package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Versions that come and go, on a real server with room for two of them. */
class LoadingTest {

    @TempDir
    private Path data;

    @BeforeAll
    static void needsAServer() {
        RealServer.require("LoadingTest");
    }

    private static void train(ModelwireClient client) {
        var table = Table.of(new double[][] {{0, 1}, {1, 3}, {2, 5}}, "x", "y");
        client.train("line", Training.of("linear_regression").rows(table).target("y")).await();
    }

    @Test
    void aVersionIsUnloadedLoadedAndReplacesAnother() throws IOException {
        try (var server = RealServer.start(data, "--registry-max-model-bytes", "2048");
                var client = ModelwireClient.builder(server.address()).connectTimeout(Duration.ofSeconds(20)).build()) {
            for (int version = 1; version <= 3; version++) {
                train(client);
            }
            assertEquals(List.of("loaded", "loaded", "unloaded"), client.listModels().toList().get(0).states());
            assertThrows(ModelwireException.FailedPrecondition.class, () -> client.loadModel("line", 3));
            assertThrows(ModelwireException.FailedPrecondition.class, () -> client.unloadModel("line", 1));

            assertTrue(client.replaceModel("line", 3) > 0);
            assertEquals("unloaded", client.describeModel("line@2").state());
            client.unloadModel("line", 3);
            assertTrue(client.loadModel("line", 2) > 0);

            assertEquals(2, client.predict("line@2", new double[][] {{4}}).version());
        }
    }
}
