package io.modelwire.interop;

import com.google.gson.JsonObject;
import java.util.function.Consumer;

/** The calls of a scenario, by one way to talk to the server. Answers have the IDL's field names. */
interface Client extends AutoCloseable {

    /** What the server answered instead of a reply. */
    final class Refused extends Exception {
        private static final long serialVersionUID = 1L;
        private final String code;

        Refused(String code, String text) {
            super(text);
            this.code = code;
        }

        String code() {
            return code;
        }

        @Override
        public String toString() {
            return code + ": " + getMessage();
        }
    }

    static Client connect(Options options) throws Exception {
        return options.is("client", "generated") ? new GeneratedClient(options) : new SdkClient(options);
    }

    /**
     * {@code step} has the arguments of its {@code call}, as tests/interop/README.md lists them. {@code started} is told the id
     * of the job of a {@code train}, whether it succeeds or not.
     */
    JsonObject call(JsonObject step, Consumer<String> started) throws Refused;

    @Override
    void close();
}
