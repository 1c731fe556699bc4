package io.modelwire.client;

import java.time.Duration;
import javax.net.ssl.SSLContext;

/**
 * Options of a {@link ModelwireClient}.
 *
 * <table>
 * <caption>Options</caption>
 * <tr><th>option</th><th>not called</th><th>meaning</th></tr>
 * <tr><td>{@link #connectTimeout}</td><td>1 s</td><td>how long opening a connection may take</td></tr>
 * <tr><td>{@link #callTimeout}</td><td>30 s</td><td>how long a call may take, retries included</td></tr>
 * <tr><td>{@link #maxConnections}</td><td>8</td><td>how many calls may run at once</td></tr>
 * <tr><td>{@link #tls(Tls)}</td><td>no TLS</td><td>whom to trust, and which certificate to show</td></tr>
 * <tr><td>{@link #token}</td><td>none</td><td>what shows who calls</td></tr>
 * </table>
 */
public final class ClientBuilder {
    private final Address address;
    private Options options = Options.DEFAULTS;

    ClientBuilder(Address address) {
        this.address = address;
    }

    /**
     * How long opening a connection may take, its TLS handshake included.
     *
     * @param timeout not called: 1 s
     * @return this
     */
    public ClientBuilder connectTimeout(Duration timeout) {
        options = options.withConnectTimeout(timeout);
        return this;
    }

    /**
     * How long each call may take, retries included. The server knows it and drops work that is late.
     *
     * @param timeout not called: 30 s
     * @return this
     */
    public ClientBuilder callTimeout(Duration timeout) {
        options = options.withCallTimeout(timeout);
        return this;
    }

    /**
     * How many calls may run at once; further ones wait. {@link ModelwireClient#watchJob} does not count.
     *
     * @param connections not called: 8
     * @return this
     */
    public ClientBuilder maxConnections(int connections) {
        options = options.withMaxConnections(connections);
        return this;
    }

    /**
     * Speaks TLS. The server has to show a certificate that is valid, signed by somebody whom {@code tls} trusts, and made out
     * for the host of the address; nothing turns that off.
     *
     * @param tls whom to trust, and which certificate to show; not called: no TLS
     * @return this
     */
    public ClientBuilder tls(Tls tls) {
        return tls(tls.context());
    }

    /**
     * Speaks TLS as an application does everywhere else. The certificate has to be made out for the host of the address,
     * whatever the context says.
     *
     * @param context trust, keys, protocols and ciphers
     * @return this
     */
    public ClientBuilder tls(SSLContext context) {
        options = options.withTls(context);
        return this;
    }

    /**
     * What shows who calls. It travels with each call, readable by everybody on the way unless {@link #tls(Tls)} is set; it
     * never stands in a log or an exception.
     *
     * @param token not called: none
     * @return this
     */
    public ClientBuilder token(String token) {
        options = options.withToken(token);
        return this;
    }

    /**
     * Makes the client. It connects with its first call.
     *
     * @return the client
     */
    public ModelwireClient build() {
        return new ModelwireClient(address, options, new ConnectionPool(address, options));
    }
}
