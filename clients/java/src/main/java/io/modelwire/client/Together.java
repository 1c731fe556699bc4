package io.modelwire.client;

import io.modelwire.client.ModelwireException.Details;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Several calls at once, each in a thread. */
final class Together {
    /** Calls at once that carry the rows of one prediction. */
    static final int AT_ONCE = 4;

    private Together() {
    }

    /**
     * What the calls answer, in their order. The first exception is thrown at once; what has not begun by then never does, and
     * what is under way ends for itself.
     */
    static <T> List<T> inOrder(List<Callable<T>> calls) {
        var threads = Executors.newFixedThreadPool(Math.min(AT_ONCE, calls.size()), Together::daemon);
        try {
            var ended = new ExecutorCompletionService<T>(threads);
            List<Future<T>> begun = new ArrayList<>();
            for (var call : calls) {
                begun.add(ended.submit(call));
            }
            for (int count = 0; count < calls.size(); count++) {
                ended.take().get();
            }
            List<T> answers = new ArrayList<>();
            for (var each : begun) {
                answers.add(each.get());
            }
            return answers;
        } catch (ExecutionException failure) {
            throw unchecked(failure.getCause());
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
            throw ModelwireException.of(new Details(ErrorCode.CANCELLED, ErrorCode.CANCELLED.name(),
                    "interrupted while rows were being predicted", null, null, null, null, interrupt));
        } finally {
            threads.shutdownNow();
        }
    }

    private static Thread daemon(Runnable work) {
        var thread = new Thread(work, "modelwire-rows");
        thread.setDaemon(true);
        return thread;
    }

    /** No call throws what is checked. */
    private static RuntimeException unchecked(Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        return failure instanceof RuntimeException unchecked ? unchecked : new IllegalStateException(failure);
    }
}
