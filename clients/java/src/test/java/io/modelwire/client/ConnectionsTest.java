package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.apache.thrift.protocol.TMessageType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What happens when connections are slow, lost or answer something else. */
@Timeout(30)
class ConnectionsTest {
    private static final Duration SHORT = Duration.ofMillis(100);

    @Test
    void aCallIsAnsweredAndItsConnectionUsedAgain() throws Exception {
        try (var server = FakeServer.start((call, received) -> received.greet("Hello " + call));
                var client = ModelwireClient.connect(server.address())) {
            assertEquals("Hello 1", client.hello("World").greeting());
            assertEquals("Hello 2", client.hello("World").greeting());
            assertEquals(1, server.connections());
        }
    }

    @Test
    void aSilentServerIsLeftAtTheDeadlineAndTheNextCallConnectsAnew() throws Exception {
        try (var server = FakeServer.start((call, received) -> {
                    if (call > 1) {
                        received.greet("again");
                    }
                });
                var client = ModelwireClient.connect(server.address())) {
            var error = assertThrows(ModelwireException.DeadlineExceeded.class, () -> client.withTimeout(SHORT).hello("World"));
            assertEquals(Optional.empty(), error.executed());
            assertTrue(error.getMessage().contains("hello at 127.0.0.1:"), error.getMessage());

            assertEquals("again", client.hello("World").greeting());
            assertEquals(2, server.connections());
        }
    }

    @Test
    void halfAReplyIsLeftAtTheDeadline() throws Exception {
        try (var server = FakeServer.start((call, received) -> received.write(0, 0, 0, 9, 0x82, 0x21));
                var client = ModelwireClient.connect(server.address())) {
            assertThrows(ModelwireException.DeadlineExceeded.class, () -> client.withTimeout(SHORT).hello("World"));
        }
    }

    @Test
    void aServerThatNeverReadsIsLeftAtTheDeadlineWithNothingRun() throws Exception {
        try (var deaf = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                var client = ModelwireClient.connect("127.0.0.1:" + deaf.getLocalPort())) {
            var error = assertThrows(ModelwireException.DeadlineExceeded.class,
                    () -> client.withTimeout(SHORT).echo(new byte[16_000_000]));
            assertEquals(Optional.of(false), error.executed());
        }
    }

    @Test
    void aReplyWithAnotherSequenceIdIsRefusedAndItsConnectionClosed() throws Exception {
        try (var server = FakeServer.start((call, received) -> {
                    int stray = call == 1 ? received.head().seqid - 1 : received.head().seqid;
                    received.answer(FakeServer.message("hello", TMessageType.REPLY, stray, FakeServer.greeting("Hello")));
                });
                var client = ModelwireClient.connect(server.address())) {
            var error = assertThrows(ModelwireException.ProtocolError.class, () -> client.hello("World"));
            assertTrue(error.getMessage().contains("sequence id 1"), error.getMessage());

            assertEquals("Hello", client.hello("World").greeting());
            assertEquals(2, server.connections());
        }
    }

    @Test
    void aReplyToAnotherMethodIsRefused() throws Exception {
        try (var server = FakeServer.start((call, received) -> received.answer(
                        FakeServer.message("status", TMessageType.REPLY, received.head().seqid, FakeServer.greeting("Hello"))));
                var client = ModelwireClient.connect(server.address())) {
            var error = assertThrows(ModelwireException.ProtocolError.class, () -> client.hello("World"));
            assertTrue(error.getMessage().contains("\"status\""), error.getMessage());
        }
    }

    @Test
    void aConnectionWithBytesThatNobodyAskedForIsNotUsedAgain() throws Exception {
        try (var server = FakeServer.start((call, received) -> {
                    var reply = FakeServer.message("hello", TMessageType.REPLY, received.head().seqid, FakeServer.greeting("Hello"));
                    received.answerTwice(reply);
                });
                var client = ModelwireClient.connect(server.address())) {
            client.hello("World");
            assertEquals("Hello", client.hello("World").greeting());
        }
    }

    @Test
    void frameLengthsThatCannotBeAreRefused() throws Exception {
        int[][] heads = {{0xff, 0xff, 0xff, 0xff}, {0, 0, 0, 0}, {0x7f, 0xff, 0xff, 0xff}, {'H', 'T', 'T', 'P'}};
        try (var server = FakeServer.start((call, received) -> received.write(heads[call - 1]));
                var client = ModelwireClient.connect(server.address())) {
            for (int ignored = 0; ignored < heads.length; ignored++) {
                assertThrows(ModelwireException.ProtocolError.class, () -> client.hello("World"));
            }
        }
    }

    @Test
    void aReplyThatEndsBeforeItsStructIsRefusedAtOnce() throws Exception {
        try (var server = FakeServer.start((call, received) -> {
                    var whole = FakeServer.message("hello", TMessageType.REPLY, received.head().seqid, FakeServer.greeting("Hello"));
                    received.answer(Arrays.copyOf(whole, whole.length - 4));
                });
                var client = ModelwireClient.connect(server.address())) {
            assertThrows(ModelwireException.ProtocolError.class, () -> client.hello("World"));
        }
    }

    @Test
    void aCountThatLiesReservesNoMemory() throws Exception {
        try (var server = FakeServer.start((call, received) -> {
                    // hello_result {0: HelloResponse {1: a text of 2,147,483,647 bytes}}
                    var head = FakeServer.message("hello", TMessageType.REPLY, received.head().seqid, FakeServer.greeting(""));
                    var lie = Arrays.copyOf(head, head.length + 4);
                    System.arraycopy(new byte[] {(byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 7}, 0, lie, head.length - 3, 5);
                    received.answer(lie);
                });
                var client = ModelwireClient.connect(server.address())) {
            assertThrows(ModelwireException.ProtocolError.class, () -> client.hello("World"));
        }
    }

    @Test
    void aConnectionThatTheServerClosedMeanwhileIsReplacedUnseen() throws Exception {
        try (var server = FakeServer.start((call, received) -> {
                    received.greet("Hello " + call);
                    received.close();
                });
                var client = ModelwireClient.connect(server.address())) {
            assertEquals("Hello 1", client.hello("World").greeting());
            assertEquals("Hello 2", client.hello("World").greeting());
        }
    }

    @Test
    void aClosedPortIsUnavailableAndNothingWasRun() throws Exception {
        String address;
        try (var listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            address = "127.0.0.1:" + listener.getLocalPort();
        }
        try (var client = ModelwireClient.connect(address)) {
            var error = assertThrows(ModelwireException.Unavailable.class, () -> client.hello("World"));
            assertEquals(Optional.of(false), error.executed());
            assertTrue(error.getMessage().contains(address), error.getMessage());
        }
    }

    @Test
    void anUnknownHostIsUnavailable() {
        // An empty label is in no name, so that no name server is asked.
        try (var client = ModelwireClient.connect("no..host:9090")) {
            assertThrows(ModelwireException.Unavailable.class, () -> client.hello("World"));
        }
    }

    @Test
    void manyThreadsShareAFewConnections() throws Exception {
        try (var server = FakeServer.start((call, received) -> received.greet("Hello"));
                var client = ModelwireClient.builder(server.address()).maxConnections(3).build()) {
            var calls = IntStream.range(0, 16)
                    .mapToObj(thread -> CompletableFuture.runAsync(() -> {
                        for (int call = 0; call < 50; call++) {
                            assertEquals("Hello", client.hello("World").greeting());
                        }
                    }))
                    .toArray(CompletableFuture[]::new);
            CompletableFuture.allOf(calls).join();

            assertEquals(800, server.calls());
            assertTrue(server.connections() <= 3, server.connections() + " connections");
        }
    }

    @Test
    void aCallThatGetsNoConnectionInTimeSaysSo() throws Exception {
        var arrived = new CountDownLatch(1);
        var answer = new CompletableFuture<String>();
        try (var server = FakeServer.start((call, received) -> {
                    arrived.countDown();
                    received.greet(answer.join());
                });
                var client = ModelwireClient.builder(server.address()).maxConnections(1).build()) {
            var first = CompletableFuture.supplyAsync(() -> client.hello("World").greeting());
            arrived.await();

            var error = assertThrows(ModelwireException.DeadlineExceeded.class, () -> client.withTimeout(SHORT).hello("World"));

            assertEquals(Optional.of(false), error.executed());
            assertTrue(error.getMessage().contains("maxConnections"), error.getMessage());
            answer.complete("late");
            assertEquals("late", first.join());
        }
    }

    @Test
    void anInterruptEndsACall() throws Exception {
        var arrived = new CountDownLatch(1);
        var outcome = new AtomicReference<Throwable>();
        try (var server = FakeServer.start((call, received) -> arrived.countDown());
                var client = ModelwireClient.connect(server.address())) {
            var caller = new Thread(() -> outcome.set(assertThrows(RuntimeException.class, () -> client.hello("World"))));
            caller.start();
            arrived.await();
            caller.interrupt();
            caller.join();
        }
        assertEquals(ModelwireException.Cancelled.class, outcome.get().getClass());
    }

    @Test
    void aClosedClientRefusesCalls() throws IOException {
        try (var server = FakeServer.start((call, received) -> received.greet("Hello"))) {
            var client = ModelwireClient.connect(server.address());
            client.hello("World");
            client.close();
            assertThrows(IllegalStateException.class, () -> client.hello("World"));
        }
    }
}
