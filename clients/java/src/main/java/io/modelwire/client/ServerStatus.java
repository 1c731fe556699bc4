package io.modelwire.client;

import java.util.List;

/**
 * How a server is.
 *
 * @param live the process answers
 * @param ready at least one model is there, every version is loaded, and the server is not draining
 * @param reason why it is not ready; empty if it is
 * @param models how each version of each model is
 * @param rowsInFlight rows that wait for or are in a prediction
 * @param jobsInFlight jobs that wait or run
 */
public record ServerStatus(boolean live, boolean ready, String reason, List<Model> models, long rowsInFlight, long jobsInFlight) {

    /**
     * How one version of a model is.
     *
     * @param name the model's name
     * @param version its version
     * @param ready it is loaded and answers
     * @param reason why it is not ready; empty if it is
     */
    public record Model(String name, long version, boolean ready, String reason) {
    }
}
