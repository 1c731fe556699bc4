package io.modelwire.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;

/** A server of its own for a test, from the binary that MODELWIRE_BINARY names, on a port that was free. */
record RealServer(Process process, String address) implements AutoCloseable {
    private static final String BINARY = System.getenv("MODELWIRE_BINARY");
    private static final Pattern READY = Pattern.compile(".* is listening on ([^,]*),.*");

    /** Without a binary, the test that asks is skipped, and says so. */
    static void require(String test) {
        if (BINARY == null) {
            System.out.println(test + " is skipped: MODELWIRE_BINARY names no server");
        }
        Assumptions.assumeTrue(BINARY != null, "MODELWIRE_BINARY names no server");
    }

    /** {@code options} are those of {@code modelwire serve}. */
    static RealServer start(Path data, String... options) throws IOException {
        var command = new ArrayList<>(List.of(BINARY, "serve", "--listen", "127.0.0.1:0", "--data", data.toString()));
        command.addAll(List.of(options));
        var process = process(command);
        var ready = READY.matcher(String.valueOf(firstLine(process)));
        if (!ready.matches()) {
            process.destroy();
            throw new IOException("the server did not start");
        }
        return new RealServer(process, ready.group(1));
    }

    /** Adds to a file of tokens. The server that has the file knows them if it starts after this. */
    static String createToken(Path file, String name, String role, String... options) throws IOException {
        var command = new ArrayList<>(List.of(BINARY, "tokens", "create", name, "--role", role, "--file", file.toString()));
        command.addAll(List.of(options));
        return firstLine(process(command));
    }

    private static Process process(List<String> command) throws IOException {
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    }

    private static String firstLine(Process process) throws IOException {
        var output = new BufferedReader(process.inputReader(StandardCharsets.UTF_8));
        return output.readLine();
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
    }
}
