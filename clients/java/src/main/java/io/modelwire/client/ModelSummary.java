package io.modelwire.client;

import java.util.List;

/**
 * A model with its versions.
 *
 * @param name the model's name
 * @param versions in ascending order
 * @param aliases by name
 * @param states {@code "loaded"}, {@code "loading"}, {@code "unloaded"} or {@code "damaged"}, one for each version
 */
public record ModelSummary(String name, List<Long> versions, List<Alias> aliases, List<String> states) {
}
