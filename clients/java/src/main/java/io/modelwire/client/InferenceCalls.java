package io.modelwire.client;

import io.modelwire.wire.ExplainRequest;
import io.modelwire.wire.PredictManyRequest;
import io.modelwire.wire.PredictRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** Calls of the service Inference; {@link ModelwireClient} says what each does. */
record InferenceCalls(Caller caller) {

    Prediction predict(String model, Rows rows) {
        var deadline = caller.deadline();
        if (rows.size() < 2 || rows.fitOneCall()) {
            return predict(model, rows, deadline);
        }
        // The first row goes first: its answer says which version answers all, and how large the other answers will be.
        var first = predict(model, rows.part(0, 1), deadline);
        var version = first.model() + "@" + first.version();
        int maxRows = (int) Math.max(1, Pieces.MAX_BYTES / Predictions.answerBytes(first));
        List<Callable<Prediction>> pieces = new ArrayList<>();
        for (int from = 1; from < rows.size();) {
            int start = from;
            int end = rows.end(start, maxRows);
            pieces.add(() -> predictPiece(version, rows, start, end, deadline));
            from = end;
        }
        List<Prediction> answers = new ArrayList<>(List.of(first));
        answers.addAll(Together.inOrder(pieces));
        return Predictions.joined(answers);
    }

    private Prediction predictPiece(String version, Rows rows, int from, int to, Deadline deadline) {
        try {
            return predict(version, rows.part(from, to), deadline);
        } catch (ModelwireException.InvalidArgument refusal) {
            throw refusal.saying(" (rows are counted from row " + from + ")");
        }
    }

    private Prediction predict(String model, Rows rows, Deadline deadline) {
        var request = new PredictRequest().setModel(model).setMatrix(rows.matrix()).setTable(rows.table());
        return Replies.prediction(caller.call(Method.PREDICT, deadline,
                (to, context) -> to.inference().predict(request.setContext(context))));
    }

    List<PredictionOutcome> predictMany(List<PredictionRequest> requests) {
        var request = new PredictManyRequest().setItems(requests.stream().map(PredictionRequest::item).toList());
        return Replies.outcomes(caller.call(Method.PREDICT_MANY,
                (to, context) -> to.inference().predict_many(request.setContext(context))), requests.size());
    }

    Explanation explain(String model, Rows rows) {
        var request = new ExplainRequest().setModel(model).setMatrix(rows.matrix()).setTable(rows.table());
        return Replies.explanation(caller.call(Method.EXPLAIN,
                (to, context) -> to.inference().explain(request.setContext(context))));
    }
}
