/**
 * Trains and calls machine-learning models on a Modelwire server.
 *
 * <p>Close a {@link io.modelwire.client.ModelwireClient} when you are done with it. Reuse it: it keeps its connections.
 * Threads may share it.
 *
 * <pre>{@code
 * try (var client = ModelwireClient.connect("127.0.0.1:9090")) {
 *     var job = client.train("wine", Training.of("standard_scaler", "linear_regression").rows(features).targets(quality));
 *     ModelVersion version = job.await();
 *     double[] predicted = client.predict("wine", features).values();
 * }
 * }</pre>
 *
 * <p>Start at {@link io.modelwire.client.ModelwireClient}. What comes back are records; what goes wrong is a
 * {@link io.modelwire.client.ModelwireException}. No type of the generated Thrift code stands in a public signature.
 */
package io.modelwire.client;
