package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** TLS and tokens against a real server. It needs a binary, MODELWIRE_BINARY. */
@Timeout(60)
class SecureServerTest {
    @TempDir
    private static Path folder;

    private static Certificates certificates;
    private static Certificates.Issued loopback;

    @TempDir
    private Path data;

    @BeforeAll
    static void makeCertificates() throws IOException {
        RealServer.require("SecureServerTest");
        certificates = new Certificates(folder);
        loopback = certificates.issueForLoopback();
    }

    private RealServer startTls(String... options) throws IOException {
        var all = new ArrayList<>(List.of("--tls-certificate", loopback.certificate().toString(), "--tls-key", loopback.key().toString()));
        all.addAll(List.of(options));
        return RealServer.start(data, all.toArray(String[]::new));
    }

    private static ClientBuilder patient(RealServer server) {
        return ModelwireClient.builder(server.address()).connectTimeout(Duration.ofSeconds(20));
    }

    private static ModelwireClient connect(RealServer server, Tls tls) {
        return patient(server).tls(tls).build();
    }

    @Test
    void tlsAndPlainClientsShareAPort() throws Exception {
        try (var server = startTls();
                var secure = connect(server, Tls.trusting(certificates.authority()));
                var plain = patient(server).build()) {
            assertEquals(plain.hello().greeting(), secure.hello().greeting());
            assertEquals(plain.hello().greeting(), secure.hello().greeting());
        }
    }

    @Test
    void bytesOfManyRecordsComeBackAsTheyWereSent() throws Exception {
        var payload = new byte[16_000_000];
        new Random(1).nextBytes(payload);
        try (var server = startTls(); var client = connect(server, Tls.trusting(certificates.authority()))) {
            assertArrayEquals(payload, client.echo(payload));
            assertArrayEquals(payload, client.echo(payload));
        }
    }

    @Test
    void aPlainClientOfAServerWithTlsAloneIsTold() throws Exception {
        try (var server = startTls("--tls-only"); var client = patient(server).build()) {
            var error = assertThrows(ModelwireException.Unavailable.class, client::hello);

            assertTrue(error.getMessage().contains("if the server takes TLS alone, set tls("), error.getMessage());
        }
    }

    @Test
    void aTlsClientOfAServerWithoutTlsIsAsked() throws Exception {
        try (var server = RealServer.start(data); var client = connect(server, Tls.trusting(certificates.authority()))) {
            var error = assertThrows(ModelwireException.Unavailable.class, client::hello);

            assertEquals(Optional.of(false), error.executed());
            assertTrue(error.getMessage().contains("does this port speak TLS?"), error.getMessage());
        }
    }

    @Test
    void aServerThatKnowsItsClientsByCertificatesTakesOneOfItsAuthorityOnly() throws Exception {
        var known = certificates.issue("known", "RSA");
        try (var server = startTls("--tls-client-ca", certificates.authority().toString(), "--tls-client-certificates", "required");
                var client = connect(server, known.trusting(certificates.authority()));
                var nobody = connect(server, Tls.trusting(certificates.authority()))) {
            client.hello();
            var error = assertThrows(ModelwireException.Unavailable.class, nobody::hello);

            assertEquals(Optional.of(false), error.executed());
            assertTrue(error.getMessage().contains("it wants a certificate of this client; show one: Tls.withCertificate("), error.getMessage());
        }
    }

    @Test
    void aTokenOpensWhatItsRoleMayDoAndIsNeverShown() throws Exception {
        var file = folder.resolve("tokens.toml");
        var token = RealServer.createToken(file, "reader", "reader");
        try (var server = startTls("--tokens", file.toString());
                var nobody = connect(server, Tls.trusting(certificates.authority()));
                var reader = patient(server).tls(Tls.trusting(certificates.authority())).token(token).build()) {
            nobody.hello();
            var unknown = assertThrows(ModelwireException.Unauthenticated.class, () -> nobody.listModels().toList());
            assertThrows(ModelwireException.Unauthenticated.class, () -> reader.withToken("mw_other").listModels().toList());
            assertEquals(List.of(), reader.listModels().toList());
            var denied = assertThrows(ModelwireException.PermissionDenied.class, () -> reader.deleteVersion("wine", 1));

            assertEquals(Optional.of(false), unknown.executed());
            assertEquals(Optional.of(false), denied.executed());
            assertFalse(printed(denied).contains(token), "the token stands in the exception");
        }
    }

    private static String printed(Throwable failure) {
        var text = new StringWriter();
        failure.printStackTrace(new PrintWriter(text));
        return text.toString();
    }
}
