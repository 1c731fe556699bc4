package io.modelwire.client;

import java.util.List;

/**
 * A model with its versions.
 *
 * @param name the model's name
 * @param versions in ascending order
 * @param aliases by name
 */
public record ModelSummary(String name, List<Long> versions, List<Alias> aliases) {
}
