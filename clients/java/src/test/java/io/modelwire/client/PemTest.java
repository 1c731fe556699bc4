package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Certificates and keys that a client is given. */
class PemTest {
    @TempDir
    private static Path folder;

    private static Certificates.Issued one;
    private static Certificates.Issued other;
    private static Path authority;

    @BeforeAll
    static void makeCertificates() throws IOException {
        var certificates = new Certificates(folder);
        authority = certificates.authority();
        one = certificates.issue("one", "RSA");
        other = certificates.issue("other", "RSA");
    }

    private static Path write(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    /** No message and no cause shows any line of the key. */
    private static String refusal(Path certificate, Path key) throws IOException {
        var trust = Tls.trusting(authority);
        var error = assertThrows(ModelwireException.InvalidArgument.class, () -> trust.withCertificate(certificate, key));
        var printed = new StringWriter();
        error.printStackTrace(new PrintWriter(printed));
        Files.readString(key).lines().filter(line -> line.length() == 64)
                .forEach(line -> assertFalse(printed.toString().contains(line)));
        return error.getMessage();
    }

    @Test
    void allCertificatesOfAFileAreRead() throws IOException {
        var both = write("both.pem", "a comment\n" + Files.readString(authority) + Files.readString(one.certificate()));

        assertEquals(3, Pem.certificates(both).size(), "an authority, a certificate and its authority");
    }

    @Test
    void aFileThatIsNotThereIsSaidSo() {
        var error = assertThrows(UncheckedIOException.class, () -> Tls.trusting(folder.resolve("missing.pem")));

        assertTrue(error.getMessage().contains("missing.pem"), error.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\n"})
    void aFileWithoutACertificateIsRefusedByName(String text) throws IOException {
        var file = write("broken.pem", text);

        var error = assertThrows(ModelwireException.InvalidArgument.class, () -> Tls.trusting(file));

        assertTrue(error.getMessage().contains("broken.pem\" has no certificate"), error.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"RSA", "EC", "Ed25519"})
    void keysOfEachAlgorithmAreRead(String algorithm) throws IOException {
        var certificates = new Certificates(Files.createTempDirectory(folder, algorithm));
        var issued = certificates.issue("client", algorithm);

        assertNotNull(issued.trusting(certificates.authority()).context());
    }

    @Test
    void theKeyOfAnotherCertificateIsRefused() throws IOException {
        var message = refusal(one.certificate(), other.key());

        assertTrue(message.contains("other.key\" has not the private key of the certificate"), message);
    }

    @Test
    void aFileWithoutAKeyIsRefused() throws IOException {
        var message = refusal(one.certificate(), one.certificate());

        assertTrue(message.contains("one.pem\" has no private key"), message);
    }

    @Test
    void aKeyThatIsCutShortIsRefused() throws IOException {
        var whole = Files.readString(one.key());
        var cut = write("cut.key", whole.substring(0, 500) + "\n-----END PRIVATE KEY-----\n");

        var message = refusal(one.certificate(), cut);

        assertTrue(message.contains("cut.key\""), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"RSA", "EC", "ENCRYPTED"})
    void aKeyInAnotherFormIsRefusedWithTheCommandThatConvertsIt(String form) throws IOException {
        var key = write("form.key", Files.readString(one.key()).replace("PRIVATE KEY", form + " PRIVATE KEY"));

        var message = refusal(one.certificate(), key);

        assertTrue(message.contains(form + " PRIVATE KEY"), message);
        assertTrue(message.contains("openssl pkcs8 -topk8 -nocrypt -in"), message);
    }
}
