package io.modelwire.client;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.thrift.transport.TTransportException;

/** Bytes to and from a server, plain or over TLS, where every wait ends at a deadline. */
interface DeadlineStream extends Closeable {

    /** Whether the stream is open and silent, as it has to be between two calls. */
    boolean isSilent();

    /** Writes all of {@code bytes}. */
    void send(ByteBuffer bytes, Deadline deadline) throws IOException, TTransportException;

    /** Waits for at least {@code count} bytes, at most 16 KiB, and answers all that are there. The caller consumes them. */
    ByteBuffer receiveAtLeast(int count, Deadline deadline) throws IOException, TTransportException;

    @Override
    void close();
}
