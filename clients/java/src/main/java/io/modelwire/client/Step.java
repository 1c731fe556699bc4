package io.modelwire.client;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One step of a pipeline: a transformer, or the estimator that ends it. {@link ModelwireClient#describe()} lists algorithms
 * and their hyper-parameters.
 *
 * <pre>{@code Step.of("k_means").with("n_clusters", 3)}</pre>
 *
 * @param algorithm for example {@code "standard_scaler"}
 * @param parameters hyper-parameters by name: {@link Long}, {@link Double}, {@link Boolean}, {@link String}, a
 *     {@link List} of {@link Long}, or {@code double[]}; what is absent has its default
 * @param columns the columns that a transformer works on; empty: all
 */
public record Step(String algorithm, Map<String, Object> parameters, List<String> columns) {

    /**
     * Copies what it is given.
     *
     * @param algorithm for example {@code "standard_scaler"}
     * @param parameters hyper-parameters by name
     * @param columns the columns that a transformer works on; empty: all
     */
    public Step {
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        columns = List.copyOf(columns);
    }

    /**
     * A step with its defaults.
     *
     * @param algorithm for example {@code "linear_regression"}
     * @return the step
     */
    public static Step of(String algorithm) {
        return new Step(algorithm, Map.of(), List.of());
    }

    /**
     * The same step with a whole number as hyper-parameter.
     *
     * @param name the parameter's name
     * @param value its value
     * @return a new step
     */
    public Step with(String name, long value) {
        return withValue(name, value);
    }

    /**
     * The same step with a number as hyper-parameter.
     *
     * @param name the parameter's name
     * @param value its value
     * @return a new step
     */
    public Step with(String name, double value) {
        return withValue(name, value);
    }

    /**
     * The same step with a flag as hyper-parameter.
     *
     * @param name the parameter's name
     * @param value its value
     * @return a new step
     */
    public Step with(String name, boolean value) {
        return withValue(name, value);
    }

    /**
     * The same step with a text as hyper-parameter.
     *
     * @param name the parameter's name
     * @param value its value
     * @return a new step
     */
    public Step with(String name, String value) {
        return withValue(name, value);
    }

    /**
     * The same step with a list of whole numbers as hyper-parameter.
     *
     * @param name the parameter's name
     * @param values its values; a single one travels as a whole number, which is taken for a list of one
     * @return a new step
     */
    public Step with(String name, long... values) {
        return withValue(name, Arrays.stream(values).boxed().toList());
    }

    /**
     * The same step with a list of numbers as hyper-parameter.
     *
     * @param name the parameter's name
     * @param values its values
     * @return a new step
     */
    public Step with(String name, double[] values) {
        return withValue(name, values.clone());
    }

    /**
     * The same step, working on some columns only; the others pass through unchanged.
     *
     * @param names the columns that a transformer works on
     * @return a new step
     */
    public Step on(String... names) {
        return new Step(algorithm, parameters, List.of(names));
    }

    private Step withValue(String name, Object value) {
        var more = new LinkedHashMap<>(parameters);
        more.put(name, value);
        return new Step(algorithm, more, columns);
    }
}
