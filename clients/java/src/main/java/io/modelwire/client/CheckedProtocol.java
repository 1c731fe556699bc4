package io.modelwire.client;

import org.apache.thrift.TException;
import org.apache.thrift.protocol.TCompactProtocol;
import org.apache.thrift.protocol.TMessage;
import org.apache.thrift.protocol.TMessageType;
import org.apache.thrift.protocol.TProtocolDecorator;
import org.apache.thrift.protocol.TProtocolException;
import org.apache.thrift.transport.TTransport;

/**
 * Compact protocol that takes a reply only for the call it answers.
 *
 * <p>Each generated client of a connection counts its own sequence ids from 1, and none looks at the name of a reply. Here
 * one counter serves the whole connection, and both are compared.
 */
final class CheckedProtocol extends TProtocolDecorator {
    private TMessage asked = new TMessage();
    private int sequenceId;

    CheckedProtocol(TTransport transport) {
        super(new TCompactProtocol(transport));
    }

    @Override
    public void writeMessageBegin(TMessage message) throws TException {
        asked = message;
        super.writeMessageBegin(new TMessage(message.name, message.type, ++sequenceId));
    }

    @Override
    public TMessage readMessageBegin() throws TException {
        var reply = super.readMessageBegin();
        if (reply.seqid != sequenceId || !reply.name.equals(asked.name)) {
            throw new TProtocolException("expected the reply to \"" + asked.name + "\" with sequence id " + sequenceId
                    + ", got one to \"" + reply.name + "\" with " + reply.seqid);
        }
        if (reply.type != TMessageType.REPLY && reply.type != TMessageType.EXCEPTION) {
            throw new TProtocolException("expected a reply, got a message of type " + reply.type);
        }
        // The generated client compares with its own count.
        return new TMessage(reply.name, reply.type, asked.seqid);
    }
}
