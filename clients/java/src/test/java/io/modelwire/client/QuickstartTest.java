package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The quick start of README.md, word by word. It needs a server at MODELWIRE_ADDRESS. */
class QuickstartTest {
    private static final String ADDRESS = System.getenv("MODELWIRE_ADDRESS");

    @BeforeEach
    void skipsWithoutAServer() {
        if (ADDRESS == null) {
            System.out.println("QuickstartTest is skipped: MODELWIRE_ADDRESS names no server");
        }
        assumeTrue(ADDRESS != null, "MODELWIRE_ADDRESS names no server");
    }

    @Test
    void wineIsTrainedAndPredicted() {
        // quick start
        try (var client = ModelwireClient.connect(ADDRESS)) {
            System.out.println(client.hello("World").greeting());

            var wine = Table.csv(Path.of("../../tests/fixtures/data/wine.csv"));
            var job = client.train("wine", Training.of("standard_scaler", "linear_regression").rows(wine).target("quality"));
            var version = job.await();
            System.out.printf("wine@%d explains %.0f %% of the quality%n", version.version(), 100 * version.metrics().get("r2"));

            var bottles = wine.without("quality").rows(0, 3);
            var prediction = client.predict("wine@latest", bottles);
            for (int bottle = 0; bottle < bottles.size(); bottle++) {
                System.out.printf("bottle %d: %.2f, tasted %d%n",
                        bottle, prediction.values()[bottle], wine.column("quality").longs()[bottle]);
            }
            // end of quick start
            assertEquals("regressor", version.kind());
            assertEquals(3, prediction.values().length);
            assertTrue(version.metrics().get("r2") > 0.3, "r2 " + version.metrics().get("r2"));
        }
    }

    @Test
    void aNetworkLearnsBatchByBatchAndIsAskedMeanwhile() {
        double[][] rows = {{0, 1}, {1, 0}, {1, 1}, {0, 0}, {0.5, 0.5}};
        double[] targets = {-2, 1, -1, 0, -0.5};
        try (var client = ModelwireClient.connect(ADDRESS)) {
            var network = Step.of("mlp_regressor").with("hidden_layer_sizes", 4);
            var first = client.partialFit("batches", Batch.of(network).rows(rows).targets(targets).idempotencyKey("java-1"));

            var again = client.partialFit("batches", Batch.of(network).rows(rows).targets(targets).idempotencyKey("java-1"));
            var second = client.partialFit("batches", Batch.more().rows(rows).targets(targets).expected(2).publishEvery(0));

            assertEquals(1, first.version().orElseThrow());
            assertEquals(first, again);
            assertEquals(2, second.batch());
            assertTrue(second.version().isEmpty());
            assertEquals(1, client.predict("batches", rows).version());
            var learner = client.getLearner("batches");
            assertEquals(2, learner.recent().size());
            assertEquals(10, learner.samples());
            assertEquals("target", learner.target().orElseThrow());
            assertThrows(ModelwireException.FailedPrecondition.class,
                    () -> client.partialFit("batches", Batch.more().rows(rows).targets(targets).expected(2)));
            client.deleteLearner("batches");
            assertThrows(ModelwireException.NotFound.class, () -> client.getLearner("batches"));
        }
    }

    @Test
    void irisIsUploadedAndClassified() {
        try (var client = ModelwireClient.connect(ADDRESS)) {
            var stored = client.upload("iris", Path.of("../../tests/fixtures/data/iris.csv"));
            var job = client.train("iris", Training.of("standard_scaler", "logistic_regression")
                    .dataset(stored.reference()).target("species"));
            job.await();

            var prediction = client.predict("iris@latest", new double[][] {{5.1, 3.5, 1.4, 0.2}, {6.3, 3.3, 6.0, 2.5}});

            assertEquals("setosa", prediction.labels().get(0));
            assertEquals("virginica", prediction.labels().get(1));
            assertEquals(1, prediction.probabilities()[0][0] + prediction.probabilities()[0][1] + prediction.probabilities()[0][2], 1e-9);
        }
    }
}
