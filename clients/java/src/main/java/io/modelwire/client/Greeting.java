package io.modelwire.client;

import java.time.Duration;
import java.time.Instant;

/**
 * What a server says when it is greeted.
 *
 * @param greeting for example {@code "Hello, World!"}
 * @param server {@code "modelwire"}
 * @param version version of the server, for example {@code "0.1.0"}
 * @param uptime since the server started
 * @param time the server's clock
 */
public record Greeting(String greeting, String server, String version, Duration uptime, Instant time) {
}
