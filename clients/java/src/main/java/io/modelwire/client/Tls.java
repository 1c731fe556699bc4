package io.modelwire.client;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Whom a client trusts to be its server, and which certificate it shows.
 *
 * <pre>{@code
 * var tls = Tls.trusting(Path.of("ca.pem"));
 * var client = ModelwireClient.builder("models.example:9090").tls(tls).build();
 * }</pre>
 *
 * <p>A certificate has to be valid, signed by somebody who is trusted, and made out for the host that the client connects to.
 * There is no way to turn that off: a test trusts the authority that signed its server's certificate, or that certificate itself.
 */
public final class Tls {
    /** Protects nothing: the stores live in memory. */
    private static final char[] NO_PASSWORD = new char[0];

    /** Empty: those that the system trusts. */
    private final List<X509Certificate> authorities;
    /** Null without a certificate of the client's own. */
    private final KeyManager[] identity;

    private Tls(List<X509Certificate> authorities, KeyManager[] identity) {
        this.authorities = authorities;
        this.identity = identity;
    }

    /**
     * Trusts the authorities that this Java installation trusts.
     *
     * @return for servers with a certificate of a public authority
     */
    public static Tls systemRoots() {
        return new Tls(List.of(), null);
    }

    /**
     * Trusts these authorities alone.
     *
     * @param authorities a PEM file of one or more certificates
     * @return for servers with a certificate that one of them has signed, or that is one of them
     * @throws ModelwireException.InvalidArgument if there is no certificate in it
     * @throws java.io.UncheckedIOException if the file cannot be read
     */
    public static Tls trusting(Path authorities) {
        return new Tls(Pem.certificates(authorities), null);
    }

    /**
     * The same, and the client shows a certificate of its own to a server that asks for one.
     *
     * @param certificate a PEM file of the client's certificate, then those that signed it
     * @param key a PEM file of its private key, not encrypted ({@code PRIVATE KEY}, PKCS #8)
     * @return for servers that know their clients by certificates
     * @throws ModelwireException.InvalidArgument if there is none in it, or they do not belong together
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public Tls withCertificate(Path certificate, Path key) {
        var chain = Pem.certificates(certificate).toArray(X509Certificate[]::new);
        var privateKey = Pem.privateKey(key, chain[0].getPublicKey());
        try {
            var store = emptyStore();
            store.setKeyEntry("client", privateKey, NO_PASSWORD, chain);
            var factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(store, NO_PASSWORD);
            return new Tls(authorities, factory.getKeyManagers());
        } catch (GeneralSecurityException | IOException failure) {
            throw new IllegalStateException("this Java installation cannot hold a key", failure);
        }
    }

    SSLContext context() {
        try {
            var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(authorities.isEmpty() ? null : trustStore());
            var context = SSLContext.getInstance("TLS");
            context.init(identity, trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException failure) {
            throw new IllegalStateException("this Java installation cannot speak TLS", failure);
        }
    }

    private KeyStore trustStore() throws GeneralSecurityException, IOException {
        var store = emptyStore();
        for (var authority : authorities) {
            store.setCertificateEntry("authority " + store.size(), authority);
        }
        return store;
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        var store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }
}
