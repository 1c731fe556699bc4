package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.modelwire.wire.ErrorCode;
import io.modelwire.wire.RequestContext;
import io.modelwire.wire.ServiceError;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.thrift.TApplicationException;
import org.apache.thrift.protocol.TMessageType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is tried again, what is not, and what a caller sees of a server's errors. */
@Timeout(30)
class RetriesTest {
    private static ServiceError error(ErrorCode code) {
        return new ServiceError().setCode(code.getValue()).setCode_name(code.name()).setMessage("because").setExecuted(false);
    }

    @Test
    void whatAnOverloadedServerDidNotRunIsTriedThreeTimes() throws Exception {
        try (var server = FakeServer.start((call, received) -> {
                    if (call < 3) {
                        received.refuse(error(ErrorCode.OVERLOADED));
                    } else {
                        received.greet("Hello");
                    }
                });
                var client = ModelwireClient.connect(server.address())) {
            assertEquals("Hello", client.hello("World").greeting());
            assertEquals(3, server.calls());
            assertEquals(1, server.connections(), "an error of the service leaves the connection usable");
        }
    }

    @Test
    void theThirdRefusalReachesTheCaller() throws Exception {
        try (var server = FakeServer.start((call, received) -> received.refuse(error(ErrorCode.UNAVAILABLE)));
                var client = ModelwireClient.connect(server.address())) {
            assertThrows(ModelwireException.Unavailable.class, () -> client.hello("World"));
            assertEquals(3, server.calls());
        }
    }

    @Test
    void aPauseThatEndsAfterTheDeadlineIsNotWaitedFor() throws Exception {
        try (var server = FakeServer.start((call, received) ->
                        received.refuse(error(ErrorCode.OVERLOADED).setRetry_after_ms(60_000)));
                var client = ModelwireClient.connect(server.address())) {
            var refused = assertThrows(ModelwireException.Overloaded.class, () -> client.hello("World"));
            assertEquals(Optional.of(Duration.ofMinutes(1)), refused.retryAfter());
            assertEquals(1, server.calls());
        }
    }

    @Test
    void whatMayHaveRunIsNotTriedAgain() throws Exception {
        for (var executed : new Boolean[] {true, null}) {
            var refusal = error(ErrorCode.UNAVAILABLE);
            refusal.setExecutedIsSet(executed != null);
            if (executed != null) {
                refusal.setExecuted(executed);
            }
            try (var server = FakeServer.start((call, received) -> received.refuse(refusal));
                    var client = ModelwireClient.connect(server.address())) {
                var seen = assertThrows(ModelwireException.Unavailable.class, () -> client.hello("World"));
                assertEquals(Optional.ofNullable(executed), seen.executed());
                assertEquals(1, server.calls());
            }
        }
    }

    @Test
    void aReusedConnectionThatIsResetIsReplacedForAnIdempotentCall() throws Exception {
        try (var server = FakeServer.start((call, received) -> {
                    if (call == 2) {
                        received.reset();
                    } else {
                        received.greet("Hello " + call);
                    }
                });
                var client = ModelwireClient.connect(server.address())) {
            client.hello("World");
            assertEquals("Hello 3", client.hello("World").greeting());
        }
    }

    @Test
    void aReusedConnectionThatIsResetEndsACallThatIsNotIdempotent() throws Exception {
        try (var server = FakeServer.start((call, received) -> {
                    if (call == 1) {
                        received.greet("Hello");
                    } else {
                        received.reset();
                    }
                });
                var client = ModelwireClient.connect(server.address())) {
            client.hello("World");
            var lost = assertThrows(ModelwireException.Unavailable.class, () -> client.deleteVersion("wine", 1));
            assertEquals(Optional.empty(), lost.executed());
            assertEquals(2, server.calls());
        }
    }

    @Test
    void aTrainingThatIsResetIsRepeatedUnderTheSameKey() throws Exception {
        for (var key : new String[] {null, "my-key"}) {
            List<String> keys = new CopyOnWriteArrayList<>();
            try (var server = FakeServer.start((call, received) -> {
                        keys.add(String.valueOf(received.context().getIdempotency_key()));
                        switch (call) {
                            case 1 -> received.greet("Hello");
                            case 2 -> received.reset();
                            default -> received.startJob("j1");
                        }
                    });
                    var client = ModelwireClient.connect(server.address())) {
                client.hello("World");
                assertEquals("j1", client.train("wine", Training.of("k_means").dataset("wine").idempotencyKey(key)).id());
            }
            assertEquals("null", keys.get(0), "hello has no key");
            assertEquals(keys.get(1), keys.get(2));
            assertTrue(key == null ? keys.get(1).length() > 20 : keys.get(1).equals(key), keys.toString());
        }
    }

    @Test
    void aFreshConnectionThatIsResetEndsTheCall() throws Exception {
        try (var server = FakeServer.start((call, received) -> received.reset());
                var client = ModelwireClient.connect(server.address())) {
            assertThrows(ModelwireException.Unavailable.class, () -> client.hello("World"));
            assertEquals(1, server.calls());
        }
    }

    @Test
    void eachCodeHasItsException() throws Exception {
        var codes = Arrays.stream(ErrorCode.values()).filter(code -> code.getValue() > 0).toList();
        try (var server = FakeServer.start((call, received) ->
                        received.refuse(error(codes.get(call - 1)).setExecuted(true).setHint("do this").setRequest_id("r-1")));
                var client = ModelwireClient.connect(server.address())) {
            for (var code : codes) {
                var seen = assertThrows(ModelwireException.class, () -> client.hello("World"));
                assertEquals(code.name(), seen.code().name());
                assertEquals(code.name().replace("_", "").toLowerCase(), seen.getClass().getSimpleName().toLowerCase());
                assertEquals("because; do this", seen.getMessage());
                assertEquals(Optional.of("r-1"), seen.requestId());
            }
        }
    }

    @Test
    void aCodeFromTheFutureKeepsItsName() throws Exception {
        try (var server = FakeServer.start((call, received) ->
                        received.refuse(new ServiceError().setCode(4711).setCode_name("TOO_PURPLE").setMessage("because")));
                var client = ModelwireClient.connect(server.address())) {
            var seen = assertThrows(ModelwireException.class, () -> client.hello("World"));
            assertInstanceOf(ModelwireException.Unknown.class, seen);
            assertEquals("TOO_PURPLE", seen.codeName());
        }
    }

    @Test
    void eachTrySaysHowLongItsCallerStillWaits() throws Exception {
        List<RequestContext> contexts = new CopyOnWriteArrayList<>();
        try (var server = FakeServer.start((call, received) -> {
                    contexts.add(received.context());
                    if (call == 1) {
                        received.refuse(error(ErrorCode.OVERLOADED).setRetry_after_ms(20));
                    } else {
                        received.greet("Hello");
                    }
                });
                var client = ModelwireClient.builder(server.address()).token("secret").callTimeout(Duration.ofSeconds(5)).build()) {
            client.hello("World");
        }
        long first = contexts.get(0).getDeadline_ms();
        long second = contexts.get(1).getDeadline_ms();
        assertTrue(first > 4_000 && first <= 5_000, "first " + first);
        assertTrue(second <= first - 20, "first " + first + ", second " + second);
        assertEquals("secret", contexts.get(0).getToken());
    }

    @Test
    void callsCarryTheTokenAndTheNameThatTheirClientHas() throws Exception {
        List<RequestContext> contexts = new CopyOnWriteArrayList<>();
        try (var server = FakeServer.start((call, received) -> {
                    contexts.add(received.context());
                    received.greet("Hello");
                });
                var client = ModelwireClient.builder(server.address()).token("secret").build()) {
            client.hello();
            client.withRequestId("r-17").hello();
            client.withToken("other").hello();
            assertEquals(1, server.connections());
        }
        assertEquals(List.of("secret", "secret", "other"), contexts.stream().map(RequestContext::getToken).toList());
        assertEquals("r-17", contexts.get(1).getRequest_id());
    }

    @Test
    void aMethodThatTheServerDoesNotKnowWasNotRun() throws Exception {
        var refusal = new TApplicationException(TApplicationException.UNKNOWN_METHOD, "no method hello");
        try (var server = FakeServer.start((call, received) -> received.answer(
                        FakeServer.message("hello", TMessageType.EXCEPTION, received.head().seqid, refusal)));
                var client = ModelwireClient.connect(server.address())) {
            var seen = assertThrows(ModelwireException.ProtocolError.class, () -> client.hello("World"));
            assertEquals("PROTOCOL", seen.codeName());
            assertEquals(Optional.of(false), seen.executed());
        }
    }

    @Test
    void aRefusedMessageIsAProtocolErrorWithTheServersWords() throws Exception {
        var refusal = new TApplicationException(TApplicationException.PROTOCOL_ERROR, "field 3 is no tensor");
        try (var server = FakeServer.start((call, received) -> received.answer(
                        FakeServer.message("hello", TMessageType.EXCEPTION, received.head().seqid, refusal)));
                var client = ModelwireClient.connect(server.address())) {
            var seen = assertThrows(ModelwireException.ProtocolError.class, () -> client.hello("World"));
            assertTrue(seen.getMessage().contains("field 3 is no tensor"), seen.getMessage());
        }
    }
}
