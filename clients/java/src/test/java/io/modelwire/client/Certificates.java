package io.modelwire.client;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** An authority of a test's own and what it signs, made by the keytool of the JDK in a temporary folder. */
final class Certificates {
    private static final String PASSWORD = "of-a-test";
    private static final Base64.Encoder LINES = Base64.getMimeEncoder(64, new byte[] {'\n'});

    /** PEM files: a certificate with those that signed it, and its private key. */
    record Issued(Path certificate, Path key) {

        /** For the side of a connection that shows this certificate and trusts its authority. */
        Tls trusting(Path authority) {
            return Tls.trusting(authority).withCertificate(certificate, key);
        }
    }

    private final Path folder;
    private final Path store;
    private final Path authority;

    Certificates(Path folder) throws IOException {
        this.folder = folder;
        this.store = folder.resolve("certificates.p12");
        this.authority = generate("authority", "EC", List.of("-ext", "bc:critical=ca:true")).certificate();
    }

    /** The PEM file of the authority. */
    Path authority() {
        return authority;
    }

    /** For this machine: {@code localhost} and {@code 127.0.0.1}. */
    Issued issueForLoopback() throws IOException {
        // RSA: the JDK writes other keys without their public half, which not every server takes.
        return issue("loopback", "RSA", "-ext", "san=dns:localhost,ip:127.0.0.1");
    }

    /** A certificate that the authority has signed; {@code options} are those of {@code keytool -genkeypair}. */
    Issued issue(String name, String algorithm, String... options) throws IOException {
        var all = new ArrayList<>(List.of("-signer", "authority", "-signerkeypass", PASSWORD));
        all.addAll(List.of(options));
        return generate(name, algorithm, all);
    }

    private Issued generate(String name, String algorithm, List<String> options) throws IOException {
        var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-J-XX:TieredStopAtLevel=1", "-genkeypair", "-alias", name, "-dname", "CN=" + name, "-keyalg", algorithm,
                "-keystore", store.toString(), "-storetype", "PKCS12", "-storepass", PASSWORD));
        command.addAll(options);
        var keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
        var output = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (keytool.waitFor() != 0) {
                throw new IOException("keytool made no certificate: " + output);
            }
            return export(name);
        } catch (GeneralSecurityException | InterruptedException failure) {
            throw new IOException(failure);
        }
    }

    private Issued export(String name) throws IOException, GeneralSecurityException {
        var entries = KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
        var chain = new StringBuilder();
        for (var certificate : entries.getCertificateChain(name)) {
            chain.append(pem("CERTIFICATE", certificate.getEncoded()));
        }
        var key = entries.getKey(name, PASSWORD.toCharArray());
        return new Issued(Files.writeString(folder.resolve(name + ".pem"), chain),
                Files.writeString(folder.resolve(name + ".key"), pem("PRIVATE KEY", key.getEncoded())));
    }

    private static String pem(String label, byte[] content) {
        return "-----BEGIN " + label + "-----\n" + LINES.encodeToString(content) + "\n-----END " + label + "-----\n";
    }
}
