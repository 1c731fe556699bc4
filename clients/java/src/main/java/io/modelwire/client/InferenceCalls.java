package io.modelwire.client;

import io.modelwire.wire.PredictRequest;
import io.modelwire.wire.Tensor;

/** Calls of the service Inference; {@link ModelwireClient} says what each does. */
record InferenceCalls(Caller caller) {

    Prediction predict(String model, Tensor matrix) {
        return predict(new PredictRequest().setModel(model).setMatrix(matrix));
    }

    Prediction predict(String model, Table table) {
        return predict(new PredictRequest().setModel(model).setTable(WireTables.encode(table)));
    }

    private Prediction predict(PredictRequest request) {
        return Replies.prediction(caller.call(Method.PREDICT,
                (to, context) -> to.inference().predict(request.setContext(context))));
    }
}
