package io.modelwire.client;

import java.util.Optional;

/**
 * What became of a {@link PredictionRequest}: a prediction or an error, exactly one of them.
 *
 * @param prediction what {@link ModelwireClient#predict(String, double[][])} would have answered
 * @param error what it would have thrown
 */
public record PredictionOutcome(Optional<Prediction> prediction, Optional<ModelwireException> error) {

    /**
     * The prediction.
     *
     * @return it
     * @throws ModelwireException the error, if there is one instead
     */
    public Prediction get() {
        return prediction.orElseThrow(error::orElseThrow);
    }
}
