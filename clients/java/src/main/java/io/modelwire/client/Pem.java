package io.modelwire.client;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/** Certificates and private keys in files, as RFC 7468 writes them. No message has more of a key than the name of its file. */
final class Pem {
    private static final Pattern KEY = Pattern.compile("-----BEGIN ([A-Z ]*)PRIVATE KEY-----([^-]+)-----END \\1PRIVATE KEY-----");

    private Pem() {
    }

    /** At least one, in the order of the file. */
    static List<X509Certificate> certificates(Path file) {
        try {
            var certificates = CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(read(file)));
            if (certificates.isEmpty()) {
                throw wrong(file, "has no certificate");
            }
            return certificates.stream().map(X509Certificate.class::cast).toList();
        } catch (CertificateException malformed) {
            throw wrong(file, "has no certificate that can be read");
        }
    }

    /** The private key that belongs to a public one. */
    static PrivateKey privateKey(Path file, PublicKey publicKey) {
        var found = KEY.matcher(new String(read(file), StandardCharsets.ISO_8859_1));
        if (!found.find()) {
            throw wrong(file, "has no private key");
        }
        if (!found.group(1).isEmpty()) {
            // Encrypted, or one of the older forms that each algorithm has for itself.
            throw new ModelwireException.InvalidArgument(
                    "\"" + file + "\" has an " + found.group(1) + "PRIVATE KEY, expected a PRIVATE KEY",
                    "convert it: openssl pkcs8 -topk8 -nocrypt -in " + file + " -out NEW");
        }
        try {
            var encoded = new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(found.group(2)));
            var key = KeyFactory.getInstance(publicKey.getAlgorithm()).generatePrivate(encoded);
            if (belongTogether(key, publicKey)) {
                return key;
            }
        } catch (GeneralSecurityException | IllegalArgumentException malformed) {
            // Falls through to the one message for both; the cause could show some of the key.
        }
        throw wrong(file, "has not the private key of the certificate");
    }

    /** Whether one verifies what the other has signed. */
    private static boolean belongTogether(PrivateKey key, PublicKey publicKey) throws GeneralSecurityException {
        var signature = Signature.getInstance(switch (publicKey.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> publicKey.getAlgorithm();
        });
        signature.initSign(key);
        signature.update(publicKey.getEncoded());
        var signed = signature.sign();
        signature.initVerify(publicKey);
        signature.update(publicKey.getEncoded());
        return signature.verify(signed);
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static ModelwireException wrong(Path file, String what) {
        return new ModelwireException.InvalidArgument("\"" + file + "\" " + what, "give a file in PEM, as openssl writes it");
    }
}
