package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.modelwire.wire.GetSearchResultRequest;
import io.modelwire.wire.GetSearchResultResponse;
import io.modelwire.wire.SearchCandidate;
import java.util.List;
import java.util.function.Function;
import org.apache.thrift.protocol.TCompactProtocol;
import org.apache.thrift.protocol.TMessageType;
import org.apache.thrift.transport.TMemoryInputTransport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tables that come in several answers. */
@Timeout(60)
class SearchPagesTest {
    private static FakeServer.Behaviour answering(Function<GetSearchResultRequest, GetSearchResultResponse> answer) {
        return (number, call) -> {
            var protocol = new TCompactProtocol(new TMemoryInputTransport(call.frame()));
            protocol.readMessageBegin();
            var arguments = new io.modelwire.wire.Training.get_search_result_args();
            arguments.read(protocol);
            var result = new io.modelwire.wire.Training.get_search_result_result().setSuccess(answer.apply(arguments.getRequest()));
            call.answer(FakeServer.message("get_search_result", TMessageType.REPLY, call.head().seqid, result));
        };
    }

    /** A candidate at a time, three in all. */
    private static GetSearchResultResponse page(GetSearchResultRequest request, long gap) {
        long place = request.getFrom_candidate();
        var page = new GetSearchResultResponse().setScoring("r2").setN_splits(2)
                .setCandidates(List.of(new SearchCandidate().setNumber(10 + place)));
        return place < 2 ? page.setNext_candidate(place + 1 + gap) : page;
    }

    @Test
    void aLargeTableIsReadPageByPage() throws Exception {
        try (var server = FakeServer.start(answering(request -> page(request, 0)));
                var client = ModelwireClient.connect(server.address())) {
            var found = client.searchResult("j1");

            assertEquals(List.of(10L, 11L, 12L), found.candidates().stream().map(SearchResult.Candidate::number).toList());
        }
    }

    @Test
    void aTableThatLeavesCandidatesOutIsRefused() throws Exception {
        try (var server = FakeServer.start(answering(request -> page(request, 1)));
                var client = ModelwireClient.connect(server.address())) {
            assertThrows(ModelwireException.class, () -> client.searchResult("j1"));
        }
    }
}
