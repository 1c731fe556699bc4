package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.modelwire.wire.GetTrainingResultRequest;
import io.modelwire.wire.GetTrainingResultResponse;
import io.modelwire.wire.Models;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.apache.thrift.protocol.TCompactProtocol;
import org.apache.thrift.protocol.TMessageType;
import org.apache.thrift.transport.TMemoryInputTransport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What transductive models made of their training rows. */
@Timeout(60)
class TrainingResultTest {
    private static final long[] LABELS = {0, 0, 1, -1, 1, 2, 2};

    private static FakeServer.Behaviour answering(Function<GetTrainingResultRequest, GetTrainingResultResponse> answer) {
        return (number, call) -> {
            var protocol = new TCompactProtocol(new TMemoryInputTransport(call.frame()));
            protocol.readMessageBegin();
            var arguments = new Models.get_training_result_args();
            arguments.read(protocol);
            var result = new Models.get_training_result_result().setSuccess(answer.apply(arguments.getRequest()));
            call.answer(FakeServer.message("get_training_result", TMessageType.REPLY, call.head().seqid, result));
        };
    }

    /** Pages of three labels. */
    private static GetTrainingResultResponse page(GetTrainingResultRequest request, long gap) {
        int first = (int) request.getFrom_row();
        int end = Math.min(first + 3, LABELS.length);
        var page = new GetTrainingResultResponse().setModel("groups").setVersion(2).setTotal_rows(LABELS.length)
                .setLabels(Tensors.of(Arrays.copyOfRange(LABELS, first, end)));
        return end < LABELS.length ? page.setNext_row(end + gap) : page;
    }

    @Test
    void aLargeResultIsReadInPagesOfOneVersion() throws Exception {
        List<String> asked = new CopyOnWriteArrayList<>();
        try (var server = FakeServer.start(answering(request -> {
            asked.add(request.getModel() + " from " + request.getFrom_row());
            return page(request, 0);
        })); var client = ModelwireClient.connect(server.address())) {
            var result = client.trainingResult("groups@canary");

            assertArrayEquals(LABELS, result.labels());
            assertEquals(List.of("groups", 2L, 7, 0), List.of(result.model(), result.version(), result.rows(), result.embedding().length));
            assertEquals(List.of("groups@canary from 0", "groups@2 from 3", "groups@2 from 6"), asked);
        }
    }

    @Test
    void anEmbeddingIsRowsOfNumbers() throws Exception {
        double[][] places = {{0.1, -2}, {3, 1e-300}};
        try (var server = FakeServer.start(answering(request -> new GetTrainingResultResponse().setModel("places").setVersion(1)
                .setEmbedding(Tensors.of(places)))); var client = ModelwireClient.connect(server.address())) {
            var result = client.trainingResult("places");

            assertArrayEquals(places, result.embedding());
            assertEquals(0, result.labels().length);
        }
    }

    @Test
    void pagesThatDoNotFollowEachOtherAreNoResult() throws Exception {
        try (var server = FakeServer.start(answering(request -> page(request, 1)));
                var client = ModelwireClient.connect(server.address())) {
            var refused = assertThrows(ModelwireException.ProtocolError.class, () -> client.trainingResult("groups"));

            assertTrue(refused.getMessage().contains("goes on at row 4 after 3 rows"), refused.getMessage());
        }
    }
}
