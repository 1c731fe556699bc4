package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.modelwire.wire.ExportModelRequest;
import io.modelwire.wire.ExportModelResponse;
import io.modelwire.wire.Models;
import io.modelwire.wire.PermutationImportanceRequest;
import io.modelwire.wire.PermutationImportanceResponse;
import io.modelwire.wire.Training;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.apache.thrift.TBase;
import org.apache.thrift.protocol.TCompactProtocol;
import org.apache.thrift.protocol.TMessageType;
import org.apache.thrift.transport.TMemoryInputTransport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Models as files of other programs, and how much they rest on their columns. */
@Timeout(60)
class ExportsTest {
    private static final byte[] FILE = "a file of several pieces".getBytes(StandardCharsets.UTF_8);
    private static final String SHA256 = "7a0adf4b3bdc1488e26c27e3c466ae887e67721608f3a4b0526a7d0885f039e0";

    private static FakeServer.Behaviour answering(String method, TBase<?, ?> arguments, Function<TBase<?, ?>, TBase<?, ?>> answer) {
        return (number, call) -> {
            var protocol = new TCompactProtocol(new TMemoryInputTransport(call.frame()));
            protocol.readMessageBegin();
            arguments.clear();
            arguments.read(protocol);
            call.answer(FakeServer.message(method, TMessageType.REPLY, call.head().seqid, answer.apply(arguments)));
        };
    }

    private static FakeServer.Behaviour exporting(Function<ExportModelRequest, ExportModelResponse> answer) {
        return answering("export_model", new Models.export_model_args(), arguments ->
                new Models.export_model_result().setSuccess(answer.apply(((Models.export_model_args) arguments).getRequest())));
    }

    /** Pieces of ten bytes. */
    private static ExportModelResponse piece(ExportModelRequest request, String sha256, long gap) {
        int first = (int) request.getFrom_byte();
        int end = Math.min(first + 10, FILE.length);
        var piece = new ExportModelResponse().setModel("wine").setVersion(2).setFile_name("wine-2.onnx").setSha256(sha256)
                .setContent(Arrays.copyOfRange(FILE, first, end));
        return end < FILE.length ? piece.setNext_byte(end + gap) : piece;
    }

    @Test
    void aLargeFileIsReadInPiecesOfOneVersion() throws Exception {
        List<String> asked = new CopyOnWriteArrayList<>();
        try (var server = FakeServer.start(exporting(request -> {
            asked.add(request.getModel() + " as " + request.getFormat() + " from " + request.getFrom_byte());
            return piece(request, SHA256, 0);
        })); var client = ModelwireClient.connect(server.address())) {
            var exported = client.exportOnnx("wine@canary");

            assertArrayEquals(FILE, exported.content());
            assertEquals(List.of("wine", 2L, "wine-2.onnx", SHA256),
                    List.of(exported.model(), exported.version(), exported.fileName(), exported.sha256()));
            assertEquals(List.of("wine@canary as onnx from 0", "wine@2 as onnx from 10", "wine@2 as onnx from 20"), asked);
        }
    }

    @Test
    void piecesThatDoNotFollowOrAreOthersAreNoFile() throws Exception {
        for (var wrong : List.<Function<ExportModelRequest, ExportModelResponse>>of(
                request -> piece(request, SHA256, 1), request -> piece(request, "00", 0))) {
            try (var server = FakeServer.start(exporting(wrong)); var client = ModelwireClient.connect(server.address())) {
                var refused = assertThrows(ModelwireException.ProtocolError.class, () -> client.exportOnnx("wine"));

                assertTrue(refused.getMessage().matches(".*(goes on at byte 11 after 10 bytes|and should have 00).*"), refused.getMessage());
            }
        }
    }

    private static PermutationImportanceResponse importances(String... features) {
        return new PermutationImportanceResponse().setModel("house").setVersion(3).setN_samples(2).setScoring("neg_mae").setBaseline(-0.25)
                .setFeatures(List.of(features)).setImportances(Tensors.of(new double[][] {{0.5, 1}, {0, 0}}))
                .setImportances_mean(Tensors.of(new double[] {0.75, 0})).setImportances_std(Tensors.of(new double[] {0.25, 0}));
    }

    private static FakeServer.Behaviour shuffling(Function<PermutationImportanceRequest, PermutationImportanceResponse> answer) {
        return answering("permutation_importance", new Training.permutation_importance_args(), arguments ->
                new Training.permutation_importance_result()
                        .setSuccess(answer.apply(((Training.permutation_importance_args) arguments).getRequest())));
    }

    private static ImportanceRequest asked() {
        var rows = EvaluationRequest.dataset("rows").target("price").sampleWeight("count");
        return ImportanceRequest.of(rows).scoring("neg_mae").repeats(2).seed(7);
    }

    @Test
    void importancesAreARowForEachColumn() throws Exception {
        List<PermutationImportanceRequest> sent = new CopyOnWriteArrayList<>();
        try (var server = FakeServer.start(shuffling(request -> {
            sent.add(request.deepCopy());
            return importances("size", "noise");
        })); var client = ModelwireClient.connect(server.address())) {
            var found = client.permutationImportance("house", asked());

            assertEquals(List.of("house", 3L, OptionalLong.empty(), 2L, "neg_mae", -0.25, List.of("size", "noise")),
                    List.of(found.model(), found.version(), found.generation(), found.samples(), found.scoring(), found.baseline(),
                            found.features()));
            assertArrayEquals(new double[] {0.75, 0}, found.mean());
            assertArrayEquals(new double[] {0.25, 0}, found.deviation());
            assertArrayEquals(new double[][] {{0.5, 1}, {0, 0}}, found.importances());
            var request = sent.get(0);
            assertEquals(List.of("house", "rows", "price", "count", "neg_mae", 2, 7L),
                    List.of(request.model, request.dataset, request.target, request.sample_weight, request.scoring, request.n_repeats,
                            request.seed));
        }
    }

    @Test
    void importancesOfOtherColumnsAreRefused() throws Exception {
        try (var server = FakeServer.start(shuffling(request -> importances("size")));
                var client = ModelwireClient.connect(server.address())) {
            assertThrows(ModelwireException.ProtocolError.class, () -> client.permutationImportance("house", asked()));
        }
    }
}
