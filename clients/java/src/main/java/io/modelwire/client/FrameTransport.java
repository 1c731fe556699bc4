package io.modelwire.client;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.thrift.TConfiguration;
import org.apache.thrift.transport.TTransport;
import org.apache.thrift.transport.TTransportException;

/**
 * Framed transport with one deadline for writing a request and reading its reply.
 *
 * <p>It knows whether a request left whole: one that did not was not run. A call has one reply frame and nothing after it.
 */
final class FrameTransport extends TTransport {
    /** The largest frame that a server takes by default, and that every Apache library takes. */
    static final int MAX_FRAME_BYTES = 16_384_000;
    private static final int HEAD_BYTES = 4;
    private static final int FIRST_REQUEST_BYTES = 512;
    private static final int FIRST_REPLY_BYTES = 64 * 1024;
    /** A larger output buffer is not kept for the next call. */
    private static final int KEPT_BYTES = 1024 * 1024;

    /** Thrown before anything is written. */
    static final class FrameTooLarge extends TTransportException {
        private static final long serialVersionUID = 1L;
    }

    private final TConfiguration configuration =
            TConfiguration.custom().setMaxFrameSize(MAX_FRAME_BYTES).setMaxMessageSize(MAX_FRAME_BYTES).build();
    private final DeadlineStream stream;
    private Deadline deadline;
    private byte[] request = new byte[FIRST_REQUEST_BYTES];
    private int requestEnd = HEAD_BYTES;
    private boolean requestSent;
    /** Null until the reply has come. */
    private byte[] reply;
    private int replyPosition;

    FrameTransport(DeadlineStream stream) {
        this.stream = stream;
    }

    /** Starts a call: what is written now is its request, what is read then its reply. */
    void begin(Deadline callDeadline) {
        deadline = callDeadline;
        requestEnd = HEAD_BYTES;
        requestSent = false;
        reply = null;
        replyPosition = 0;
    }

    /** Whether the request left this process whole. If not, no server has run it. */
    boolean requestSent() {
        return requestSent;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws TTransportException {
        if (requestEnd - HEAD_BYTES + (long) length > MAX_FRAME_BYTES) {
            throw new FrameTooLarge();
        }
        if (request.length < requestEnd + length) {
            request = Arrays.copyOf(request, Math.max(2 * request.length, requestEnd + length));
        }
        System.arraycopy(bytes, offset, request, requestEnd, length);
        requestEnd += length;
    }

    @Override
    public void flush() throws TTransportException {
        try {
            stream.send(ByteBuffer.wrap(request, 0, requestEnd).putInt(0, requestEnd - HEAD_BYTES), deadline);
        } catch (IOException failure) {
            throw lost(failure);
        }
        requestSent = true;
        if (request.length > KEPT_BYTES) {
            request = new byte[FIRST_REQUEST_BYTES];
        }
    }

    @Override
    public int read(byte[] target, int offset, int length) throws TTransportException {
        if (reply == null) {
            reply = readFrame();
        }
        checkReadBytesAvailable(length);
        System.arraycopy(reply, replyPosition, target, offset, length);
        replyPosition += length;
        return length;
    }

    private byte[] readFrame() throws TTransportException {
        try {
            int length = stream.receiveAtLeast(HEAD_BYTES, deadline).getInt();
            if (length <= 0 || length > MAX_FRAME_BYTES) {
                throw corrupted("a frame of " + length + " bytes, expected 1 to " + MAX_FRAME_BYTES);
            }
            return readBytes(length);
        } catch (IOException failure) {
            throw lost(failure);
        }
    }

    private byte[] readBytes(int length) throws IOException, TTransportException {
        // Grown as bytes come in: a length alone reserves no memory.
        var bytes = new byte[Math.min(length, FIRST_REPLY_BYTES)];
        int end = 0;
        while (end < length) {
            if (end == bytes.length) {
                bytes = Arrays.copyOf(bytes, (int) Math.min(length, 2L * bytes.length));
            }
            var received = stream.receiveAtLeast(1, deadline);
            int count = Math.min(received.remaining(), bytes.length - end);
            received.get(bytes, end, count);
            end += count;
        }
        return bytes;
    }

    private static TTransportException lost(IOException failure) {
        return new TTransportException(TTransportException.NOT_OPEN, failure.getMessage(), failure);
    }

    private static TTransportException corrupted(String message) {
        return new TTransportException(TTransportException.CORRUPTED_DATA, message);
    }

    // Protocols read from the buffer directly where it has enough.

    @Override
    public byte[] getBuffer() {
        return reply;
    }

    @Override
    public int getBufferPosition() {
        return replyPosition;
    }

    @Override
    public int getBytesRemainingInBuffer() {
        return reply == null ? 0 : reply.length - replyPosition;
    }

    @Override
    public void consumeBuffer(int length) {
        replyPosition += length;
    }

    /** Protocols ask this before they reserve memory for a count or length that the peer wrote. */
    @Override
    public void checkReadBytesAvailable(long length) throws TTransportException {
        if (length < 0 || length > getBytesRemainingInBuffer()) {
            throw corrupted("a value of " + length + " bytes where the frame has " + getBytesRemainingInBuffer() + " left");
        }
    }

    @Override
    public void updateKnownMessageSize(long size) {
        // The frame's length is the known size.
    }

    @Override
    public void resetMessageSizeAndConsumedBytes(long size) {
        // The frame's length is the known size.
    }

    @Override
    public TConfiguration getConfiguration() {
        return configuration;
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public void open() {
        // The stream is open from the start; a connection that failed is replaced, not opened again.
    }

    @Override
    public void close() {
        stream.close();
    }
}
