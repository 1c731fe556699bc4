package io.modelwire.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.apache.hc.client5.http.classic.HttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.ssl.SSLConnectionSocketFactory;
import org.apache.thrift.TConfiguration;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.protocol.TCompactProtocol;
import org.apache.thrift.protocol.TJSONProtocol;
import org.apache.thrift.protocol.TProtocol;
import org.apache.thrift.transport.THttpClient;
import org.apache.thrift.transport.TSocket;
import org.apache.thrift.transport.TTransport;
import org.apache.thrift.transport.TTransportException;
import org.apache.thrift.transport.layered.TFramedTransport;

/** The transports and protocols of the Apache library, by the names of tests/interop/README.md. It has no THeader. */
final class Connection {
    private static final int CONNECT_TIMEOUT_MS = 5_000;
    private static final int SOCKET_TIMEOUT_MS = 60_000;

    private Connection() {
    }

    static TTransport open(Options options) throws TTransportException {
        try {
            var transport = options.is("transport", "http") ? http(options) : socket(options);
            if (!transport.isOpen()) {
                transport.open();
            }
            return transport;
        } catch (IOException | GeneralSecurityException failure) {
            throw new TTransportException(failure);
        }
    }

    static TProtocol protocol(Options options, TTransport transport) {
        return switch (options.text("protocol")) {
            case "binary" -> new TBinaryProtocol(transport);
            case "compact" -> new TCompactProtocol(transport);
            default -> new TJSONProtocol(transport);
        };
    }

    private static TTransport socket(Options options) throws TTransportException, IOException, GeneralSecurityException {
        var address = options.text("address");
        int colon = address.lastIndexOf(':');
        var host = address.substring(0, colon);
        int port = Integer.parseInt(address.substring(colon + 1));
        var socket = options.ca().isEmpty()
                ? new TSocket(TConfiguration.DEFAULT, host, port, SOCKET_TIMEOUT_MS, CONNECT_TIMEOUT_MS)
                : secure(options.ca().get(), host, port);
        return options.is("transport", "framed") ? new TFramedTransport(socket) : socket;
    }

    /** As TSSLTransportFactory makes one, but from a PEM file and with the name of the host checked. */
    private static TSocket secure(Path ca, String host, int port)
            throws TTransportException, IOException, GeneralSecurityException {
        var socket = (SSLSocket) trusting(ca).getSocketFactory().createSocket(host, port);
        var parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.setSoTimeout(SOCKET_TIMEOUT_MS);
        return new TSocket(socket);
    }

    private static TTransport http(Options options) throws TTransportException, IOException, GeneralSecurityException {
        var http = options.ca().isEmpty()
                ? new THttpClient("http://" + options.text("address") + "/", HttpClients.createDefault())
                : new THttpClient("https://" + options.text("address") + "/", secureHttp(options.ca().get()));
        options.token().ifPresent(token -> http.setCustomHeader("Authorization", "Bearer " + token));
        return http;
    }

    private static HttpClient secureHttp(Path ca) throws IOException, GeneralSecurityException {
        var factory = new SSLConnectionSocketFactory(trusting(ca));
        var connections = PoolingHttpClientConnectionManagerBuilder.create().setSSLSocketFactory(factory).build();
        return HttpClients.custom().setConnectionManager(connections).build();
    }

    private static SSLContext trusting(Path ca) throws IOException, GeneralSecurityException {
        var store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (var file = Files.newInputStream(ca)) {
            store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        var context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }
}
