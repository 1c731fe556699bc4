package io.modelwire.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import org.apache.thrift.transport.TTransportException;

/**
 * A TCP connection whose every wait, for connecting, writing and reading, ends at a deadline.
 *
 * <p>Blocking sockets have a time-out for each read and none for writes: a peer that sends a byte now and then, or never
 * reads, holds the caller for ever. Hence a channel that never blocks, and a selector.
 */
final class DeadlineSocket implements DeadlineStream {
    private static final int STEP_BYTES = 64 * 1024;

    private final SocketChannel channel;
    private final Selector selector;
    private final SelectionKey key;
    private final ByteBuffer received = ByteBuffer.allocateDirect(STEP_BYTES).flip();

    private DeadlineSocket(SocketChannel channel, Selector selector) throws IOException {
        this.channel = channel;
        this.selector = selector;
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        this.key = channel.register(selector, SelectionKey.OP_CONNECT);
    }

    static DeadlineSocket connect(InetSocketAddress address, Deadline deadline) throws IOException, TTransportException {
        var channel = SocketChannel.open();
        var selector = Selector.open();
        try {
            var socket = new DeadlineSocket(channel, selector);
            socket.finishConnecting(address, deadline);
            return socket;
        } catch (IOException | TTransportException | RuntimeException failure) {
            selector.close();
            channel.close();
            throw failure;
        }
    }

    private void finishConnecting(InetSocketAddress address, Deadline deadline) throws IOException, TTransportException {
        boolean connected = channel.connect(address);
        while (!connected) {
            awaitReadiness(SelectionKey.OP_CONNECT, deadline);
            connected = channel.finishConnect();
        }
        key.interestOps(SelectionKey.OP_READ);
    }

    @Override
    public boolean isSilent() {
        if (received.hasRemaining() || !channel.isOpen()) {
            return false;
        }
        try {
            return receive() == 0;
        } catch (IOException reset) {
            return false;
        }
    }

    @Override
    public void send(ByteBuffer bytes, Deadline deadline) throws IOException, TTransportException {
        int end = bytes.limit();
        while (bytes.position() < end) {
            // In steps, because the JDK keeps for each thread a native buffer as large as the largest write.
            bytes.limit(Math.min(end, bytes.position() + STEP_BYTES));
            if (channel.write(bytes) == 0) {
                awaitReadiness(SelectionKey.OP_WRITE, deadline);
            }
        }
    }

    @Override
    public ByteBuffer receiveAtLeast(int count, Deadline deadline) throws IOException, TTransportException {
        while (received.remaining() < count) {
            int more = receive();
            if (more < 0) {
                throw new TTransportException(TTransportException.END_OF_FILE, "the server closed the connection");
            }
            if (more == 0) {
                awaitReadiness(SelectionKey.OP_READ, deadline);
            }
        }
        return received;
    }

    /** What has come and is not consumed. */
    ByteBuffer received() {
        return received;
    }

    /** Takes what is there without waiting: the number of bytes, or -1 at the end of the stream. */
    int receive() throws IOException {
        received.compact();
        try {
            return channel.read(received);
        } finally {
            received.flip();
        }
    }

    private void awaitReadiness(int operation, Deadline deadline) throws IOException, TTransportException {
        key.interestOps(operation);
        do {
            if (deadline.hasPassed()) {
                throw new TTransportException(TTransportException.TIMED_OUT);
            }
            selector.select(deadline.remainingMillis());
            if (Thread.currentThread().isInterrupted()) {
                throw new TTransportException("interrupted");
            }
        } while (selector.selectedKeys().isEmpty());
        selector.selectedKeys().clear();
    }

    @Override
    public void close() {
        try (selector; channel) {
            key.cancel();
        } catch (IOException failure) {
            // Closed is closed; nobody waits for what was in it.
        }
    }
}
