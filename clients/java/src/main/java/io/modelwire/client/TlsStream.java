package io.modelwire.client;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;
import org.apache.thrift.transport.TTransportException;

/**
 * TLS over a connection with deadlines.
 *
 * <p>An engine and not an {@code SSLSocket}, which has no time limit for writes and none for a handshake or a reply as a whole.
 */
final class TlsStream implements DeadlineStream {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
    /** Room for a whole record (at most 16 KiB) beside what a caller waits to see more of. */
    private static final int OPENED_BYTES = 64 * 1024;

    private final DeadlineSocket socket;
    private final SSLEngine engine;
    private final ByteBuffer sealed;
    private final ByteBuffer opened = ByteBuffer.allocate(OPENED_BYTES).flip();

    private TlsStream(DeadlineSocket socket, SSLEngine engine) {
        this.socket = socket;
        this.engine = engine;
        this.sealed = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
    }

    /** An engine that takes only a certificate that is made out for the host, whatever the context's trust managers check. */
    static SSLEngine engine(SSLContext context, Address address) {
        var engine = context.createSSLEngine(address.host(), address.port());
        engine.setUseClientMode(true);
        var parameters = engine.getSSLParameters();
        // RFC 2818, section 3.1: names and addresses of the certificate against the host.
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        engine.setSSLParameters(parameters);
        return engine;
    }

    /** Does the handshake. If it fails, the socket is closed, and the server is told why if the fault is its certificate. */
    static TlsStream over(DeadlineSocket socket, SSLEngine engine, Deadline deadline) throws IOException, TTransportException {
        var stream = new TlsStream(socket, engine);
        try {
            engine.beginHandshake();
            stream.answerTheEngine(deadline);
            return stream;
        } catch (IOException | TTransportException | RuntimeException failure) {
            stream.close();
            throw failure;
        }
    }

    @Override
    public boolean isSilent() {
        try {
            // Tickets for the next session may come at any time; they are no data.
            boolean open = socket.receive() >= 0;
            openRecords();
            return open && !opened.hasRemaining() && !socket.received().hasRemaining()
                    && engine.getHandshakeStatus() == HandshakeStatus.NOT_HANDSHAKING;
        } catch (IOException | TTransportException lost) {
            return false;
        }
    }

    @Override
    public void send(ByteBuffer bytes, Deadline deadline) throws IOException, TTransportException {
        while (bytes.hasRemaining()) {
            sendRecord(bytes, deadline);
        }
    }

    @Override
    public ByteBuffer receiveAtLeast(int count, Deadline deadline) throws IOException, TTransportException {
        while (opened.remaining() < count) {
            receiveRecord(deadline);
            answerTheEngine(deadline);
        }
        return opened;
    }

    /** Whatever the engine asks for: a handshake at first, later an answer to new keys. */
    private void answerTheEngine(Deadline deadline) throws IOException, TTransportException {
        while (true) {
            switch (engine.getHandshakeStatus()) {
                case NEED_TASK -> runTasks();
                case NEED_WRAP -> sendRecord(NOTHING, deadline);
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> receiveRecord(deadline);
                case FINISHED, NOT_HANDSHAKING -> {
                    return;
                }
            }
        }
    }

    private void runTasks() {
        for (var task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    private void sendRecord(ByteBuffer bytes, Deadline deadline) throws IOException, TTransportException {
        sealed.clear();
        var status = engine.wrap(bytes, sealed).getStatus();
        try {
            socket.send(sealed.flip(), deadline);
        } catch (IOException failure) {
            throw alertBehind(failure);
        }
        require(status);
    }

    /** What a server that is gone said before it went, if it said anything; else the failure to write. */
    private IOException alertBehind(IOException failure) {
        try {
            socket.receive();
            openRecords();
        } catch (SSLException alert) {
            return alert;
        } catch (IOException | TTransportException silence) {
            failure.addSuppressed(silence);
        }
        return failure;
    }

    private void receiveRecord(Deadline deadline) throws IOException, TTransportException {
        while (!openRecord()) {
            socket.receiveAtLeast(socket.received().remaining() + 1, deadline);
        }
    }

    private void openRecords() throws SSLException, TTransportException {
        boolean more = true;
        while (more) {
            more = openRecord();
        }
    }

    /** False if what has been received is less than a record. */
    private boolean openRecord() throws SSLException, TTransportException {
        if (!socket.received().hasRemaining()) {
            return false;
        }
        opened.compact();
        try {
            var status = engine.unwrap(socket.received(), opened).getStatus();
            if (status == Status.BUFFER_UNDERFLOW) {
                return false;
            }
            require(status);
        } finally {
            opened.flip();
        }
        runTasks();
        return true;
    }

    private static void require(Status status) throws SSLException, TTransportException {
        switch (status) {
            case OK -> { }
            case CLOSED -> throw new TTransportException(TTransportException.END_OF_FILE, "the server closed the connection");
            default -> throw new SSLException("no room for a TLS record: " + status);
        }
    }

    /** Tells the server that this is the end, if that takes no waiting. */
    @Override
    public void close() {
        engine.closeOutbound();
        try {
            sendRecord(NOTHING, Deadline.after(Duration.ZERO));
        } catch (IOException | TTransportException failure) {
            // The server sees the end of the connection anyway.
        }
        socket.close();
    }
}
