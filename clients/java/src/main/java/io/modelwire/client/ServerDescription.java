package io.modelwire.client;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What a server can do.
 *
 * @param version version of the server
 * @param idlHash SHA-256 of the IDL that it speaks, in hex
 * @param limits the limits that a client needs to know
 * @param methods the methods that it answers
 * @param algorithms the algorithms that it trains
 */
public record ServerDescription(String version, String idlHash, Limits limits, List<Method> methods, List<Algorithm> algorithms) {

    /**
     * The limits that a client needs to know.
     *
     * @param maxFrameBytes largest request and reply, in bytes
     * @param maxElements largest sum of the elements of all containers of a message
     * @param maxDepth deepest nesting of structs and containers
     * @param maxCallsInFlight calls of one connection that are worked on at once
     * @param maxBatchRows rows that are computed together
     * @param maxQueueRows rows that may wait or be computed at once
     * @param maxDeadline longest deadline of a call; a longer one is cut to it
     */
    public record Limits(long maxFrameBytes, long maxElements, int maxDepth, int maxCallsInFlight, long maxBatchRows,
            long maxQueueRows, Duration maxDeadline) {
    }

    /**
     * A method of the server.
     *
     * @param name for example {@code "predict"}
     * @param service for example {@code "Inference"}
     * @param role the least role that may call it
     * @param idempotent calling it twice does what calling it once does
     */
    public record Method(String name, String service, String role, boolean idempotent) {
    }

    /**
     * An algorithm of the server.
     *
     * @param name what a {@link Step} names
     * @param kind {@code "transformer"}, {@code "regressor"}, {@code "classifier"}, {@code "clusterer"},
     *     {@code "outlier_detector"} or {@code "calibrator"}
     * @param summary what it does
     * @param parameters its hyper-parameters
     * @param transductive it says something of the rows that it is trained on, and of no others:
     *        {@link ModelwireClient#trainingResult(String)}
     */
    public record Algorithm(String name, String kind, String summary, List<Parameter> parameters, boolean transductive) {
    }

    /**
     * A hyper-parameter of an algorithm.
     *
     * @param name what {@link Step#with(String, double)} names
     * @param type {@code "integer"}, {@code "number"}, {@code "flag"}, {@code "text"} or {@code "integers"}
     * @param defaultValue what an absent parameter means, as in {@link Step#parameters()}; empty if it has no fixed default
     * @param range in words, for example {@code "greater than 0"}
     * @param meaning what it does
     */
    public record Parameter(String name, String type, Optional<Object> defaultValue, String range, String meaning) {
    }
}
