package io.modelwire.client;

/**
 * A name for a version of a model.
 *
 * @param name for example {@code "stable"}
 * @param version the version that it names
 * @param generation how often it has been set, from 1; what {@link ModelwireClient#setAlias(String, String, long, long)} compares
 */
public record Alias(String name, long version, long generation) {
}
