package io.modelwire.client;

import io.modelwire.wire.Datasets;
import io.modelwire.wire.Health;
import io.modelwire.wire.Inference;
import io.modelwire.wire.Models;
import io.modelwire.wire.RequestContext;
import io.modelwire.wire.ServiceError;
import io.modelwire.wire.Training;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import javax.net.ssl.SSLContext;
import org.apache.thrift.TException;
import org.apache.thrift.transport.TTransportException;

/** One connection to a server, with the generated clients of every service on it. One call at a time. */
final class Connection implements Closeable {
    /** Shorter than the five minutes after which a server closes a silent connection. */
    private static final Duration MAX_IDLE = Duration.ofSeconds(60);
    private static final Duration MAX_AGE = Duration.ofMinutes(5);

    /** What a call does with a connection. The context goes into field 1 of its request. */
    @FunctionalInterface
    interface Exchange<R> {
        R on(Connection connection, RequestContext context) throws TException;
    }

    private final DeadlineStream stream;
    private final FrameTransport transport;
    private final Health.Client health;
    private final Inference.Client inference;
    private final Models.Client models;
    private final Training.Client training;
    private final Datasets.Client datasets;
    private final Deadline tooOld;
    private Deadline idleTooLong = Deadline.after(MAX_IDLE);
    private boolean reused;
    private boolean answered;
    private boolean usable = true;

    private Connection(DeadlineStream stream) {
        this.stream = stream;
        this.transport = new FrameTransport(stream);
        var protocol = new CheckedProtocol(transport);
        this.health = new Health.Client(protocol);
        this.inference = new Inference.Client(protocol);
        this.models = new Models.Client(protocol);
        this.training = new Training.Client(protocol);
        this.datasets = new Datasets.Client(protocol);
        // Jittered by a fifth, so that the clients of a restarted server do not all come back at once.
        this.tooOld = Deadline.after(MAX_AGE.plusSeconds(ThreadLocalRandom.current().nextLong(-60, 61)));
    }

    /** {@code tls} may be null: then the connection is plain. */
    static Connection open(Address address, SSLContext tls, Deadline deadline) throws IOException, TTransportException {
        var socket = DeadlineSocket.connect(address.resolve(), deadline);
        return new Connection(tls == null ? socket : TlsStream.over(socket, TlsStream.engine(tls, address), deadline));
    }

    <R> R run(Exchange<R> exchange, RequestContext context, Deadline deadline) throws TException {
        usable = false;
        transport.begin(deadline);
        try {
            var reply = exchange.on(this, context);
            usable = answered = true;
            return reply;
        } catch (ServiceError refusal) {
            usable = answered = true;
            throw refusal;
        } finally {
            reused = true;
            idleTooLong = Deadline.after(MAX_IDLE);
        }
    }

    /** False after a time-out, a transport or a protocol error: what comes next could be the reply to the call that gave up. */
    boolean isUsable() {
        return usable && !tooOld.hasPassed() && !idleTooLong.hasPassed() && stream.isSilent();
    }

    /** Whether it has carried a call before, so that its server may have closed it in the meantime. */
    boolean isReused() {
        return reused;
    }

    boolean isPlain() {
        return stream instanceof DeadlineSocket;
    }

    /** Whether any call got its reply, so that both sides are known to speak alike. */
    boolean hasAnswered() {
        return answered;
    }

    boolean requestSent() {
        return transport.requestSent();
    }

    Health.Client health() {
        return health;
    }

    Inference.Client inference() {
        return inference;
    }

    Models.Client models() {
        return models;
    }

    Training.Client training() {
        return training;
    }

    Datasets.Client datasets() {
        return datasets;
    }

    @Override
    public void close() {
        transport.close();
    }
}
