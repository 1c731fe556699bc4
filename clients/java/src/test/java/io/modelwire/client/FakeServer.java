package io.modelwire.client;

import io.modelwire.wire.Health;
import io.modelwire.wire.HelloResponse;
import io.modelwire.wire.Job;
import io.modelwire.wire.JobState;
import io.modelwire.wire.RequestContext;
import io.modelwire.wire.ServiceError;
import io.modelwire.wire.TrainResponse;
import io.modelwire.wire.Training;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import org.apache.thrift.TException;
import org.apache.thrift.TSerializable;
import org.apache.thrift.protocol.TCompactProtocol;
import org.apache.thrift.protocol.TMessage;
import org.apache.thrift.protocol.TMessageType;
import org.apache.thrift.transport.TMemoryBuffer;
import org.apache.thrift.transport.TMemoryInputTransport;

/** A server on a port of its own that misbehaves as a test says, call by call. */
final class FakeServer implements AutoCloseable {

    /** What the server does with the n-th call, counted from 1 over all connections. */
    @FunctionalInterface
    interface Behaviour {
        void on(int call, Call received) throws IOException, TException;
    }

    /** A call as it came, and the ways to answer it. */
    record Call(TMessage head, byte[] frame, Socket socket, RequestContext context) {

        void answer(byte[] message) throws IOException {
            var frame = ByteBuffer.allocate(Integer.BYTES + message.length).putInt(message.length).put(message);
            socket.getOutputStream().write(frame.array());
        }

        /** In one packet, so that both are there when the client reads the first. */
        void answerTwice(byte[] message) throws IOException {
            var frames = ByteBuffer.allocate(2 * (Integer.BYTES + message.length));
            frames.putInt(message.length).put(message).putInt(message.length).put(message);
            socket.getOutputStream().write(frames.array());
        }

        void greet(String greeting) throws IOException, TException {
            answer(message(head.name, TMessageType.REPLY, head.seqid, greeting(greeting)));
        }

        void startJob(String id) throws IOException, TException {
            var result = new Training.train_result();
            result.setSuccess(new TrainResponse().setJob(new Job().setId(id).setState(JobState.QUEUED.getValue())));
            answer(message(head.name, TMessageType.REPLY, head.seqid, result));
        }

        void refuse(ServiceError error) throws IOException, TException {
            var result = new Health.hello_result();
            result.setError(error);
            answer(message(head.name, TMessageType.REPLY, head.seqid, result));
        }

        void write(int... bytes) throws IOException {
            for (int value : bytes) {
                socket.getOutputStream().write(value);
            }
        }

        /** Closes so that the client sees a reset, not an end. */
        void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }

        void close() throws IOException {
            socket.close();
        }
    }

    private final ServerSocket listener;
    private final Behaviour behaviour;
    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicInteger connections = new AtomicInteger();
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final List<Thread> threads = new CopyOnWriteArrayList<>();

    private FakeServer(ServerSocket listener, Behaviour behaviour) {
        this.listener = listener;
        this.behaviour = behaviour;
        start(this::accept);
    }

    static FakeServer start(Behaviour behaviour) throws IOException {
        return new FakeServer(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), behaviour);
    }

    /** Over TLS; {@code settings} are protocols and whether clients have to show a certificate. */
    static FakeServer startTls(Tls tls, SSLParameters settings, Behaviour behaviour) throws IOException {
        var listener = (SSLServerSocket) tls.context().getServerSocketFactory().createServerSocket(0, 50, InetAddress.getLoopbackAddress());
        listener.setSSLParameters(settings);
        return new FakeServer(listener, behaviour);
    }

    String address() {
        return "127.0.0.1:" + listener.getLocalPort();
    }

    int calls() {
        return calls.get();
    }

    int connections() {
        return connections.get();
    }

    static Health.hello_result greeting(String greeting) {
        var result = new Health.hello_result();
        result.setSuccess(new HelloResponse().setGreeting(greeting));
        return result;
    }

    static byte[] message(String name, byte type, int sequenceId, TSerializable body) throws TException {
        var buffer = new TMemoryBuffer(256);
        var protocol = new TCompactProtocol(buffer);
        protocol.writeMessageBegin(new TMessage(name, type, sequenceId));
        body.write(protocol);
        protocol.writeMessageEnd();
        return Arrays.copyOf(buffer.getArray(), buffer.length());
    }

    private void start(Runnable work) {
        var thread = new Thread(work, "fake server");
        threads.add(thread);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                var socket = listener.accept();
                sockets.add(socket);
                connections.incrementAndGet();
                start(() -> serve(socket));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            var in = new DataInputStream(socket.getInputStream());
            while (true) {
                var frame = new byte[in.readInt()];
                in.readFully(frame);
                behaviour.on(calls.incrementAndGet(), parse(frame, socket));
            }
        } catch (EOFException | SocketException | SSLException hungUp) {
            // The client or the test has closed the connection, or one side did not like the other's certificate.
        } catch (IOException | TException failure) {
            throw new AssertionError("the fake server cannot go on", failure);
        }
    }

    private static Call parse(byte[] frame, Socket socket) throws TException {
        var protocol = new TCompactProtocol(new TMemoryInputTransport(frame));
        var head = protocol.readMessageBegin();
        // Each request has its context as field 1, and so has this one.
        var args = new Health.hello_args();
        args.read(protocol);
        return new Call(head, frame, socket, args.getRequest().getContext());
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (var socket : sockets) {
            socket.close();
        }
        for (var thread : new ArrayList<>(threads)) {
            try {
                thread.join();
            } catch (InterruptedException interrupt) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
