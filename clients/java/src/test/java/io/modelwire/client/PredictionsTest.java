package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.modelwire.wire.Inference;
import io.modelwire.wire.PredictManyResponse;
import io.modelwire.wire.PredictOutcome;
import io.modelwire.wire.PredictResponse;
import io.modelwire.wire.ServiceError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.apache.thrift.TException;
import org.apache.thrift.protocol.TCompactProtocol;
import org.apache.thrift.protocol.TMessageType;
import org.apache.thrift.transport.TMemoryInputTransport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Rows that take more than one call, and several requests in one. */
@Timeout(60)
class PredictionsTest {
    private static final int ROWS = 300_000;

    @TempDir
    private Path data;

    /** Answers twice the value of each row, as version 1 of a model whose alias moves after the first call. */
    private static FakeServer.Behaviour doubling(List<String> asked, double wrongFrom) {
        return (number, call) -> {
            var request = arguments(call, new Inference.predict_args()).getRequest();
            var values = Tensors.doubles(request.getMatrix(), "matrix");
            asked.add(request.getModel());
            var result = new Inference.predict_result();
            if (values[values.length - 1] >= wrongFrom) {
                result.setError(new ServiceError().setCode(1).setCode_name("INVALID_ARGUMENT").setMessage("row 5 is NaN"));
            } else {
                long version = number == 1 || request.getModel().endsWith("@1") ? 1 : 2;
                result.setSuccess(new PredictResponse().setModel("double").setVersion(version).setGeneration(7)
                        .setValues(Tensors.of(Arrays.stream(values).map(value -> 2 * value).toArray())));
            }
            call.answer(FakeServer.message("predict", TMessageType.REPLY, call.head().seqid, result));
        };
    }

    static <A extends org.apache.thrift.TBase<?, ?>> A arguments(FakeServer.Call call, A into) throws TException {
        var protocol = new TCompactProtocol(new TMemoryInputTransport(call.frame()));
        protocol.readMessageBegin();
        into.read(protocol);
        return into;
    }

    /** Rows 0, 1, 2, … of one number each. */
    private static double[][] counted(int count) {
        return IntStream.range(0, count).mapToObj(row -> new double[] {row}).toArray(double[][]::new);
    }

    @Test
    void rowsBeyondACallAreAnsweredWholeInOrderAndByOneVersion() throws Exception {
        List<String> asked = new CopyOnWriteArrayList<>();
        int count = 2_500_000;
        try (var server = FakeServer.start(doubling(asked, Double.POSITIVE_INFINITY));
                var client = ModelwireClient.connect(server.address())) {
            var prediction = client.predict("double@canary", counted(count));

            assertArrayEquals(IntStream.range(0, count).mapToDouble(row -> 2.0 * row).toArray(), prediction.values());
            assertEquals(1, prediction.version());
            assertEquals(7, prediction.generation().orElseThrow());
            assertEquals(List.of("double@canary", "double@1", "double@1", "double@1"), asked);
        }
    }

    @Test
    void theErrorOfAPieceSaysFromWhereItsRowsAreCounted() throws Exception {
        try (var server = FakeServer.start(doubling(new CopyOnWriteArrayList<>(), 1_100_000));
                var client = ModelwireClient.connect(server.address())) {
            var refused = assertThrows(ModelwireException.InvalidArgument.class, () -> client.predict("double", counted(1_200_000)));

            assertEquals("row 5 is NaN (rows are counted from row 1048577)", refused.getMessage());
        }
    }

    @Test
    void answersThatAreLargerThanTheirRowsDecideWhereTheseAreCut() {
        var rows = Rows.of(counted(1000));

        assertEquals(11, rows.end(1, 10));
        assertEquals(1000, rows.end(1, Integer.MAX_VALUE));
        assertEquals(11, Rows.of(Table.of(counted(1000))).end(1, 10));
        assertEquals(8 + 3 * 8, Predictions.answerBytes(new Prediction("m", 1, java.util.OptionalLong.empty(), new double[0],
                none(), new double[0][], none(), new long[1], new double[1][3], new double[0][])));
        assertEquals(8 + 2 * 8, Predictions.answerBytes(new Prediction("m", 1, java.util.OptionalLong.empty(), new double[0],
                none(), new double[1][2], none(), new long[1], new double[0][], new double[0][])));
        assertEquals(3 * 8, Predictions.answerBytes(new Prediction("m", 1, java.util.OptionalLong.empty(), new double[0],
                none(), new double[0][], none(), new long[0], new double[0][], new double[1][3])));
    }

    @Test
    void theColumnsOfATransformerAreReadAndPutTogether() {
        var one = Replies.prediction(new io.modelwire.wire.PredictResponse().setModel("axes").setVersion(1)
                .setTransformed(Tensors.of(new double[][] {{0.5, -1.0}})));
        var other = Replies.prediction(new io.modelwire.wire.PredictResponse().setModel("axes").setVersion(1)
                .setTransformed(Tensors.of(new double[][] {{2.0, 3.0}, {4.0, 5.0}})));

        var joined = Predictions.joined(java.util.List.of(one, other));

        assertArrayEquals(new double[][] {{0.5, -1.0}, {2.0, 3.0}, {4.0, 5.0}}, joined.transformed());
        assertEquals(0, joined.values().length);
    }

    private static Column none() {
        return Column.of("", new String[0], new java.util.BitSet());
    }

    @Test
    void theFirstErrorEndsWhatHasNotBegun() {
        var release = new CountDownLatch(1);
        List<Integer> begun = Collections.synchronizedList(new ArrayList<>());
        List<Callable<Integer>> calls = new ArrayList<>();
        calls.add(() -> {
            throw new IllegalStateException("on purpose");
        });
        for (int number = 1; number < 100; number++) {
            int own = number;
            calls.add(() -> {
                begun.add(own);
                release.await();
                return own;
            });
        }

        var failure = assertThrows(IllegalStateException.class, () -> Together.inOrder(calls));

        assertEquals("on purpose", failure.getMessage());
        assertTrue(begun.size() <= Together.AT_ONCE, begun.toString());
        release.countDown();
    }

    @Test
    void eachOfManyRequestsHasItsAnswerOrItsError() throws Exception {
        try (var server = FakeServer.start((number, call) -> {
                    var items = arguments(call, new Inference.predict_many_args()).getRequest().getItems();
                    var result = new Inference.predict_many_result();
                    result.setSuccess(new PredictManyResponse().setOutcomes(List.of(
                            new PredictOutcome().setResponse(new PredictResponse().setModel(items.get(0).getModel())),
                            new PredictOutcome().setError(new ServiceError().setCode(2).setMessage("gone")))));
                    call.answer(FakeServer.message("predict_many", TMessageType.REPLY, call.head().seqid, result));
                });
                var client = ModelwireClient.connect(server.address())) {
            var two = List.of(PredictionRequest.of("a", new double[] {1}), PredictionRequest.of("b", Table.of(counted(2))));
            var outcomes = client.predictMany(two);

            assertEquals("a", outcomes.get(0).get().model());
            assertThrows(ModelwireException.NotFound.class, () -> outcomes.get(1).get());
            assertThrows(ModelwireException.ProtocolError.class, () -> client.predictMany(two.subList(0, 1)));
        }
    }

    private static void classifier(ModelwireClient client, double[][] features) {
        var labels = Arrays.stream(features).map(row -> row[0] > 0 ? "up" : "down").toArray(String[]::new);
        var rows = Table.builder();
        for (int column = 0; column < features[0].length; column++) {
            int position = column;
            rows.column("x" + column, Arrays.stream(features).mapToDouble(row -> row[position]).toArray());
        }
        client.train("large", Training.of("logistic_regression").rows(rows.column("direction", labels).build()).target("direction")).await();
    }

    @Test
    void moreRowsThanACallHoldsArePredictedAsTheirPiecesAre() throws Exception {
        RealServer.require("PredictionsTest");
        var random = new Random(20_261_122);
        var features = IntStream.range(0, ROWS).mapToObj(row -> random.doubles(4, -3, 3).toArray()).toArray(double[][]::new);
        try (var server = RealServer.start(data); var client = ModelwireClient.connect(server.address())) {
            classifier(client, Arrays.copyOf(features, 60));

            var whole = client.predict("large", features);
            var byName = client.predict("large", Table.of(features));

            List<Prediction> pieces = new ArrayList<>();
            for (int from = 0; from < ROWS; from += 50_000) {
                pieces.add(client.predict("large", Arrays.copyOfRange(features, from, from + 50_000)));
            }
            for (var answer : List.of(whole, byName)) {
                assertArrayEquals(pieces.stream().flatMap(it -> Arrays.stream(it.labels().strings())).toArray(), answer.labels().strings());
                assertArrayEquals(pieces.stream().flatMap(it -> Arrays.stream(it.probabilities())).toArray(), answer.probabilities());
            }
        }
    }

    @Test
    void manyRequestsAreAnsweredAsEachAlone() throws Exception {
        RealServer.require("PredictionsTest");
        try (var server = RealServer.start(data); var client = ModelwireClient.connect(server.address())) {
            classifier(client, new double[][] {{-2, 0}, {-1, 1}, {1, 0}, {2, 1}});
            var row = new double[] {0.25, -1};

            var outcomes = client.predictMany(List.of(PredictionRequest.of("large", row), PredictionRequest.of("nobody", row),
                    PredictionRequest.of("large@1", Table.of(new double[][] {row})), PredictionRequest.of("large", new double[] {1})));

            var alone = client.predict("large", row);
            assertArrayEquals(alone.probabilities(), outcomes.get(0).get().probabilities());
            assertArrayEquals(alone.probabilities(), outcomes.get(2).get().probabilities());
            var unknown = assertThrows(ModelwireException.NotFound.class, () -> client.predict("nobody", row));
            assertEquals(unknown.getMessage(), outcomes.get(1).error().orElseThrow().getMessage());
            assertInstanceOf(ModelwireException.InvalidArgument.class, outcomes.get(3).error().orElseThrow());
        }
    }
}
