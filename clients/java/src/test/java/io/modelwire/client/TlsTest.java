package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.modelwire.wire.EchoResponse;
import io.modelwire.wire.Health;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.apache.thrift.protocol.TMessageType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client over TLS takes and refuses, and what it says then. */
@Timeout(60)
class TlsTest {
    private static final Duration SHORT = Duration.ofMillis(100);
    private static final SSLParameters BOTH_VERSIONS = new SSLParameters(null, new String[] {"TLSv1.2", "TLSv1.3"});

    @TempDir
    private static Path folder;

    private static Certificates certificates;
    private static Certificates.Issued loopback;

    @BeforeAll
    static void makeCertificates() throws IOException {
        certificates = new Certificates(folder);
        loopback = certificates.issueForLoopback();
    }

    private static FakeServer serve(Certificates.Issued certificate, SSLParameters settings, FakeServer.Behaviour behaviour)
            throws IOException {
        return FakeServer.startTls(certificate.trusting(certificates.authority()), settings, behaviour);
    }

    private static FakeServer serve(Certificates.Issued certificate) throws IOException {
        return serve(certificate, BOTH_VERSIONS, (call, received) -> received.greet("Hello " + call));
    }

    /** A cold JVM on a busy machine may need longer than a second for its first handshake. */
    private static ClientBuilder patient(FakeServer server) {
        return ModelwireClient.builder(server.address()).connectTimeout(Duration.ofSeconds(20));
    }

    private static ModelwireClient trusting(FakeServer server) {
        return patient(server).tls(Tls.trusting(certificates.authority())).build();
    }

    private static ModelwireException.Unavailable refused(ModelwireClient client) {
        var error = assertThrows(ModelwireException.Unavailable.class, client::hello);
        assertEquals(Optional.of(false), error.executed());
        return error;
    }

    private static void assertSays(ModelwireException error, String... parts) {
        for (var part : parts) {
            assertTrue(error.getMessage().contains(part), error.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void callsShareAConnectionInBothVersions(String version) throws Exception {
        var settings = new SSLParameters(null, new String[] {version});
        try (var server = serve(loopback, settings, (call, received) -> received.greet("Hello " + call));
                var client = trusting(server)) {
            assertEquals("Hello 1", client.hello().greeting());
            assertEquals("Hello 2", client.hello().greeting());
            assertEquals("Hello 3", client.hello().greeting());
            assertEquals(1, server.connections());
        }
    }

    @Test
    void bytesOfManyRecordsArriveAsTheyWereSent() throws Exception {
        var payload = new byte[5_000_000];
        new Random(1).nextBytes(payload);
        try (var server = serve(loopback, BOTH_VERSIONS, (call, received) -> {
                    var result = new Health.echo_result();
                    result.setSuccess(new EchoResponse().setPayload(payload));
                    assertTrue(received.frame().length > payload.length);
                    received.answer(FakeServer.message("echo", TMessageType.REPLY, received.head().seqid, result));
                });
                var client = trusting(server)) {
            assertArrayEquals(payload, client.echo(payload));
        }
    }

    @Test
    void newKeysInMidConnectionAreTakenAndAnswered() throws Exception {
        var settings = new SSLParameters(null, new String[] {"TLSv1.3"});
        try (var server = serve(loopback, settings, (call, received) -> {
                    // In an open connection of TLS 1.3 that is a KeyUpdate, and asks for one back.
                    ((SSLSocket) received.socket()).startHandshake();
                    received.greet("Hello " + call);
                });
                var client = trusting(server)) {
            assertEquals("Hello 1", client.hello().greeting());
            assertEquals("Hello 2", client.hello().greeting());
            assertEquals(1, server.connections());
        }
    }

    @Test
    void manyThreadsShareAFewConnections() throws Exception {
        try (var server = serve(loopback);
                var client = patient(server).maxConnections(3).tls(Tls.trusting(certificates.authority())).build()) {
            var calls = IntStream.range(0, 16)
                    .mapToObj(thread -> CompletableFuture.runAsync(() -> IntStream.range(0, 20).forEach(call -> client.hello())))
                    .toArray(CompletableFuture[]::new);
            CompletableFuture.allOf(calls).join();

            assertEquals(320, server.calls());
            assertTrue(server.connections() <= 3, server.connections() + " connections");
        }
    }

    @Test
    void aConnectionThatTheServerClosedMeanwhileIsReplacedUnseen() throws Exception {
        try (var server = serve(loopback, BOTH_VERSIONS, (call, received) -> {
                    received.greet("Hello " + call);
                    received.close();
                });
                var client = trusting(server)) {
            assertEquals("Hello 1", client.hello().greeting());
            assertEquals("Hello 2", client.hello().greeting());
        }
    }

    @Test
    void aServerWhoseAuthorityIsUnknownIsRefusedOnce() throws Exception {
        try (var server = serve(loopback); var client = patient(server).tls(Tls.systemRoots()).build()) {
            assertSays(refused(client), server.address(), "nobody whom this client trusts", "Tls.trusting(");
            assertEquals(1, server.connections());
        }
    }

    @Test
    void aCertificateForAnotherHostIsRefused() throws Exception {
        var elsewhere = certificates.issue("elsewhere", "EC", "-ext", "san=dns:elsewhere.example");
        try (var server = serve(elsewhere); var client = trusting(server)) {
            assertSays(refused(client), "not good for \"127.0.0.1\"", "have one issued for this name");
        }
    }

    @Test
    void aContextThatTrustsEverybodyStillHasTheHostChecked() throws Exception {
        var elsewhere = certificates.issue("elsewhere-too", "EC", "-ext", "san=dns:elsewhere.example");
        try (var server = serve(elsewhere); var client = patient(server).tls(trustingEverybody()).build()) {
            assertSays(refused(client), "not good for \"127.0.0.1\"");
        }
    }

    private static SSLContext trustingEverybody() throws GeneralSecurityException {
        var credulous = new X509TrustManager() {
            @Override
            public void checkClientTrusted(X509Certificate[] chain, String authType) {
                // Fine.
            }

            @Override
            public void checkServerTrusted(X509Certificate[] chain, String authType) {
                // Fine.
            }

            @Override
            public X509Certificate[] getAcceptedIssuers() {
                return new X509Certificate[0];
            }
        };
        var context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {credulous}, new SecureRandom());
        return context;
    }

    @Test
    void anExpiredCertificateIsRefused() throws Exception {
        var expired = certificates.issue("expired", "EC", "-ext", "san=ip:127.0.0.1", "-startdate", "-10d", "-validity", "1");
        try (var server = serve(expired); var client = trusting(server)) {
            assertSays(refused(client), "has expired", "renew it");
        }
    }

    @Test
    void aCertificateOfTomorrowIsRefused() throws Exception {
        var early = certificates.issue("early", "EC", "-ext", "san=ip:127.0.0.1", "-startdate", "+10d");
        try (var server = serve(early); var client = trusting(server)) {
            assertSays(refused(client), "not valid yet", "clocks");
        }
    }

    @Test
    void aClientShowsItsCertificateWhereOneIsWanted() throws Exception {
        var settings = new SSLParameters();
        settings.setNeedClientAuth(true);
        var own = certificates.issue("client", "EC");
        try (var server = serve(loopback, settings, (call, received) -> received.greet("Hello"));
                var client = patient(server).tls(own.trusting(certificates.authority())).build()) {
            assertEquals("Hello", client.hello().greeting());
        }
    }

    /** A port that answers the first byte of each connection with this, and closes it. */
    private static ServerSocket answering(String answer) throws IOException {
        var listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        new Thread(() -> {
            while (!listener.isClosed()) {
                try (var socket = listener.accept()) {
                    socket.getInputStream().read();
                    socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
                } catch (IOException closed) {
                    // The client or the test has closed it.
                }
            }
        }, "no TLS").start();
        return listener;
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "HTTP/1.1 400 Bad Request\r\n\r\n"})
    void aPortThatSpeaksNoTlsIsNamedAsSuch(String answer) throws Exception {
        try (var listener = answering(answer);
                var client = ModelwireClient.builder("127.0.0.1:" + listener.getLocalPort())
                        .connectTimeout(Duration.ofSeconds(20)).tls(Tls.trusting(certificates.authority())).build()) {
            assertSays(refused(client), "no connection to 127.0.0.1:", "does this port speak TLS?");
        }
    }

    @Test
    void aHandshakeThatStallsEndsWithTheConnectTimeOut() throws Exception {
        try (var deaf = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                var client = ModelwireClient.builder("127.0.0.1:" + deaf.getLocalPort()).connectTimeout(SHORT)
                        .tls(Tls.trusting(certificates.authority())).callTimeout(Duration.ofSeconds(20)).build()) {
            assertSays(refused(client), "no answer within 100 ms");
        }
    }

    @Test
    void aPlainClientOfAPortThatHangsUpIsAskedAboutTls() throws Exception {
        try (var listener = answering(""); var client = ModelwireClient.connect("127.0.0.1:" + listener.getLocalPort())) {
            var error = assertThrows(ModelwireException.Unavailable.class, client::hello);

            assertSays(error, "if the server takes TLS alone, set tls(");
        }
    }
}
