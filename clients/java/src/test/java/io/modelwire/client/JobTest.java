package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.modelwire.wire.DescribeModelResponse;
import io.modelwire.wire.ErrorCode;
import io.modelwire.wire.JobEvent;
import io.modelwire.wire.JobState;
import io.modelwire.wire.ModelSchema;
import io.modelwire.wire.ModelVersion;
import io.modelwire.wire.Models;
import io.modelwire.wire.ServiceError;
import io.modelwire.wire.Training;
import io.modelwire.wire.WatchJobResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.apache.thrift.TException;
import org.apache.thrift.protocol.TMessageType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class JobTest {
    private static io.modelwire.wire.Job job(JobState state, long sequence) {
        return new io.modelwire.wire.Job().setId("j").setState(state.getValue()).setModel("wine").setSequence(sequence);
    }

    /** Answers a poll with the events of these numbers. */
    private static void tell(FakeServer.Call received, io.modelwire.wire.Job job, long... events) throws IOException, TException {
        var result = new Training.watch_job_result();
        result.setSuccess(new WatchJobResponse().setJob(job).setEvents(LongStream.of(events)
                .mapToObj(event -> new JobEvent().setSequence(event).setMessage("event " + event)).toList()));
        received.answer(FakeServer.message("watch_job", TMessageType.REPLY, received.head().seqid, result));
    }

    private static void describe(FakeServer.Call received) throws IOException, TException {
        var result = new Models.describe_model_result();
        result.setSuccess(new DescribeModelResponse().setModel(
                new ModelVersion().setName("wine").setVersion(4).setSchema(new ModelSchema())));
        received.answer(FakeServer.message("describe_model", TMessageType.REPLY, received.head().seqid, result));
    }

    @Test
    void awaitTellsEveryEventInOrderAndAnswersTheVersion() throws Exception {
        List<Long> seen = new ArrayList<>();
        try (var server = FakeServer.start((call, received) -> {
                    switch (call) {
                        case 1 -> tell(received, job(JobState.RUNNING, 2), 1, 2);
                        case 2 -> tell(received, job(JobState.SUCCEEDED, 4).setVersion(4), 3);
                        case 3 -> tell(received, job(JobState.SUCCEEDED, 4).setVersion(4), 4);
                        default -> describe(received);
                    }
                });
                var client = ModelwireClient.connect(server.address())) {
            var version = client.job("j").await(Duration.ofSeconds(5), event -> seen.add(event.sequence()));

            assertEquals(4, version.version());
            assertEquals(List.of(1L, 2L, 3L, 4L), seen);
            assertEquals(2, server.connections(), "polls have a connection of their own");
        }
    }

    @Test
    void anEndWhoseEventsAreLostIsAnEnd() throws Exception {
        try (var server = FakeServer.start((call, received) -> tell(received, job(JobState.CANCELLED, 9)));
                var client = ModelwireClient.connect(server.address())) {
            assertThrows(ModelwireException.Cancelled.class, () -> client.job("j").await());
        }
    }

    @Test
    void awaitThrowsWhatMadeTheJobFail() throws Exception {
        var cause = new ServiceError().setCode(ErrorCode.INVALID_ARGUMENT.getValue()).setMessage("one class only");
        try (var server = FakeServer.start((call, received) -> tell(received, job(JobState.FAILED, 1).setError(cause), 1));
                var client = ModelwireClient.connect(server.address())) {
            var error = assertThrows(ModelwireException.InvalidArgument.class, () -> client.job("j").await());
            assertEquals("one class only", error.getMessage());
        }
    }

    @Test
    void aJobThatGoesOnIsLeftAtTheDeadline() throws Exception {
        try (var server = FakeServer.start((call, received) -> tell(received, job(JobState.RUNNING, 0)));
                var client = ModelwireClient.connect(server.address())) {
            var error = assertThrows(ModelwireException.DeadlineExceeded.class,
                    () -> client.job("j").await(Duration.ofMillis(100)));
            assertTrue(error.getMessage().startsWith("job j is RUNNING after 100 ms"), error.getMessage());
        }
    }

    @Test
    void awaitOutlivesARestartOfTheServer() throws Exception {
        try (var server = FakeServer.start((call, received) -> {
                    switch (call) {
                        case 1, 2, 3, 4 -> received.close();
                        case 5 -> tell(received, job(JobState.SUCCEEDED, 1).setVersion(4), 1);
                        default -> describe(received);
                    }
                });
                var client = ModelwireClient.connect(server.address())) {
            assertEquals(4, client.job("j").await().version());
        }
    }

    @Test
    void aServerThatStaysAwayIsGivenUpWithTheIdOfTheJob() throws Exception {
        try (var server = FakeServer.start((call, received) -> received.close());
                var watch = new JobWatch(Address.parse(server.address()), Options.DEFAULTS, "j", Duration.ofMillis(50))) {
            var error = assertThrows(ModelwireException.Unavailable.class, () -> watch.untilEnd(Job.FOR_EVER, event -> { }));
            assertTrue(error.getMessage().contains("wait again with client.job(\"j\").await()"), error.getMessage());
        }
    }

    @Test
    void aServerThatStaysAwayIsGivenUpAtTheDeadline() throws Exception {
        try (var server = FakeServer.start((call, received) -> received.close());
                var client = ModelwireClient.connect(server.address())) {
            var error = assertThrows(ModelwireException.DeadlineExceeded.class,
                    () -> client.job("j").await(Duration.ofMillis(50)));
            assertTrue(error.getMessage().contains("job j"), error.getMessage());
        }
    }

    @Test
    void aRowThatFitsNoPieceOpensNoUpload() throws Exception {
        try (var server = FakeServer.start((call, received) -> received.close());
                var client = ModelwireClient.connect(server.address())) {
            var table = Table.builder().column("a", "x".repeat((int) Pieces.MAX_BYTES)).build();
            assertThrows(ModelwireException.InvalidArgument.class, () -> client.upload("leak", table));
            assertEquals(0, server.calls());
        }
    }
}
