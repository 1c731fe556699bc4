package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.modelwire.wire.ExplainRequest;
import io.modelwire.wire.ExplainResponse;
import io.modelwire.wire.Inference;
import io.modelwire.wire.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.apache.thrift.protocol.TMessageType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What each column adds to answers. */
@Timeout(60)
class ExplanationsTest {
    @TempDir
    private Path data;

    /** Parts that fit each other: two rows, two classes, two columns. */
    private static ExplainResponse explained() {
        return new ExplainResponse().setModel("iris").setVersion(3).setGeneration(2).setScale("probability")
                .setBase_values(Tensors.of(new double[] {0.5, 0.25}))
                .setContributions(shaped(new double[] {1, 2, 3, 4, 5, 6, 7, 8}, 2L, 2L, 2L))
                .setFeatures(List.of("length", "width"))
                .setClasses(WireTables.encode(Column.of("species", List.of("a", "b"))));
    }

    private static Tensor shaped(double[] values, Long... shape) {
        return Tensors.of(values).setShape(List.of(shape));
    }

    @Test
    void anExplanationOfSeveralTargetsNamesThem() {
        var explanation = Replies.explanation(explained().setClasses(null).setOutputs(List.of("y", "z")));

        assertEquals(List.of("y", "z"), explanation.outputs());
        assertEquals(2, explanation.contributions()[0].length);
    }

    @Test
    void anExplanationHasAllThatTheServerSays() throws Exception {
        List<ExplainRequest> asked = new CopyOnWriteArrayList<>();
        try (var server = FakeServer.start((number, call) -> {
                    asked.add(PredictionsTest.arguments(call, new Inference.explain_args()).getRequest());
                    var result = new Inference.explain_result().setSuccess(explained());
                    call.answer(FakeServer.message("explain", TMessageType.REPLY, call.head().seqid, result));
                });
                var client = ModelwireClient.connect(server.address())) {
            var explanation = client.explain("iris@canary", new double[][] {{1, 2}, {3, 4}});
            client.explain("iris", Table.of(new double[][] {{1, 2}}));

            assertEquals(List.of("iris@canary", "iris"), asked.stream().map(ExplainRequest::getModel).toList());
            assertEquals(List.of(2L, 2L), asked.get(0).getMatrix().getShape());
            assertNull(asked.get(1).getMatrix());
            assertEquals("x1", asked.get(1).getTable().getColumns().get(1).getName());
            assertEquals("iris@3 probability", explanation.model() + "@" + explanation.version() + " " + explanation.scale());
            assertEquals(OptionalLong.of(2), explanation.generation());
            assertEquals(List.of("length", "width"), explanation.features());
            assertArrayEquals(new String[] {"a", "b"}, explanation.classes().strings());
            assertArrayEquals(new double[] {0.5, 0.25}, explanation.baseValues());
            assertArrayEquals(new double[][][] {{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}}, explanation.contributions());
        }
    }

    @Test
    void partsThatDoNotFitAreAProtocolError() {
        for (var spoilt : List.of(explained().setBase_values(null), explained().setBase_values(Tensors.of(new double[3])),
                explained().setContributions(null), explained().setContributions(shaped(new double[8], 4L, 2L)),
                explained().setContributions(shaped(new double[8], 3L, 2L, 2L)), explained().setFeatures(List.of("length")),
                explained().setClasses(null),
                explained().setFeatures(List.of()).setContributions(shaped(new double[0], 1_000_000L, 2L, 0L)))) {
            assertThrows(ModelwireException.ProtocolError.class, () -> Replies.explanation(spoilt), spoilt::toString);
        }
    }

    private static void train(ModelwireClient client, Step step, Table table, String target) {
        client.train(step.algorithm(), Training.of(step).rows(table).target(target)).await();
    }

    /** Shape (n, n_answers): what the parts come to. */
    private static double[][] sums(Explanation explanation) {
        return Arrays.stream(explanation.contributions())
                .map(row -> IntStream.range(0, row.length)
                        .mapToDouble(answer -> explanation.baseValues()[answer] + Arrays.stream(row[answer]).sum()).toArray())
                .toArray(double[][]::new);
    }

    @Test
    void theServerSaysWhatColumnsAddToWhatItPredicts() throws Exception {
        RealServer.require("ExplanationsTest");
        var a = IntStream.range(0, 60).mapToDouble(row -> row * 37 % 101 / 10.0).toArray();
        var b = IntStream.range(0, 60).mapToDouble(row -> row * 53 % 101 / 10.0).toArray();
        var line = IntStream.range(0, 60).mapToDouble(row -> 2 * a[row] - 3 * b[row] + 1).toArray();
        var sign = Arrays.stream(line).mapToObj(value -> value > 0 ? "up" : "down").toArray(String[]::new);
        var signs = Table.builder().column("a", a).column("b", b).column("sign", sign).build();
        var rows = new double[][] {{9, 1}, {1, 8}};
        try (var server = RealServer.start(data); var client = ModelwireClient.connect(server.address())) {
            train(client, Step.of("linear_regression"), Table.builder().column("a", a).column("b", b).column("line", line).build(), "line");
            train(client, Step.of("random_forest_classifier").with("n_estimators", 5), signs, "sign");
            train(client, Step.of("k_neighbors_classifier"), signs, "sign");

            var regression = client.explain("linear_regression", rows);
            var forest = client.explain("random_forest_classifier@1",
                    Table.builder().column("b", new double[] {1, 8}).column("a", new double[] {9, 1}).build());
            var refused = assertThrows(ModelwireException.FailedPrecondition.class, () -> client.explain("k_neighbors_classifier", rows));

            var values = client.predict("linear_regression", rows).values();
            var probabilities = client.predict("random_forest_classifier", rows).probabilities();
            assertEquals("value", regression.scale());
            assertEquals(0, regression.classes().size());
            assertEquals(-24, regression.contributions()[1][0][1], 1e-9);
            assertEquals("probability", forest.scale());
            assertEquals(List.of("a", "b"), forest.features());
            assertArrayEquals(new String[] {"down", "up"}, forest.classes().strings());
            for (int row = 0; row < rows.length; row++) {
                assertEquals(values[row], sums(regression)[row][0], 1e-9);
                assertArrayEquals(probabilities[row], sums(forest)[row], 1e-12);
                assertArrayEquals(regression.contributions()[row], client.explain("linear_regression", rows[row]).contributions()[0]);
            }
            assertTrue(refused.getMessage().contains("a sum over columns"), refused.getMessage());
        }
    }
}
