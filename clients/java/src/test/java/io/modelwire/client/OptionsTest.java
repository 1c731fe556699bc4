package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.function.Consumer;
import org.apache.thrift.TApplicationException;
import org.apache.thrift.protocol.TMessageType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class OptionsTest {
    private static final String TOKEN = "mw_secret";

    @Test
    void theTokenIsNotPrintedWithTheOthers() {
        var options = Options.DEFAULTS.withToken(TOKEN);

        assertFalse(options.toString().contains(TOKEN), options.toString());
        assertTrue(options.toString().contains("token=hidden"), options.toString());
    }

    /** With all its causes, as a log has it. */
    private static String thrownBy(ModelwireClient client, Consumer<ModelwireClient> call) {
        var text = new StringWriter();
        assertThrows(ModelwireException.class, () -> call.accept(client)).printStackTrace(new PrintWriter(text));
        return text.toString() + client;
    }

    @Test
    void noFailureShowsTheToken() throws Exception {
        var refusal = new TApplicationException(TApplicationException.PROTOCOL_ERROR, "because");
        FakeServer.Behaviour[] misbehaviours = {
            (call, received) -> received.reset(),
            (call, received) -> received.write(0, 0, 0, 1, 0),
            (call, received) -> received.answer(
                    FakeServer.message("hello", TMessageType.EXCEPTION, received.head().seqid, refusal)),
        };
        for (var misbehaviour : misbehaviours) {
            try (var server = FakeServer.start(misbehaviour);
                    var client = ModelwireClient.builder(server.address()).token(TOKEN).build()) {
                var text = thrownBy(client, ModelwireClient::hello);

                assertFalse(text.contains(TOKEN), text);
            }
        }
    }
}
