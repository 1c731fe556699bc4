package io.modelwire.client;

import io.modelwire.wire.CancelJobRequest;
import io.modelwire.wire.DeleteLearnerRequest;
import io.modelwire.wire.GetJobRequest;
import io.modelwire.wire.GetLearnerRequest;
import io.modelwire.wire.GetSearchResultRequest;
import io.modelwire.wire.ListJobsRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Calls of the service Training but for {@link JobWatch}; {@link ModelwireClient} says what each does. */
record TrainingCalls(Caller caller) {

    JobStatus train(String model, Training training) {
        var request = Requests.train(model, training);
        return Replies.job(caller.callOnce(Method.TRAIN, training.idempotencyKey(),
                (to, context) -> to.training().train(request.setContext(context))).job);
    }

    JobStatus search(String model, Search search) {
        var request = search.wire(model);
        return Replies.job(caller.callOnce(Method.SEARCH, search.idempotencyKey(),
                (to, context) -> to.training().search(request.setContext(context))).job);
    }

    SearchResult searchResult(String id) {
        var candidates = new ArrayList<SearchResult.Candidate>();
        while (true) {
            long from = candidates.size();
            var reply = caller.call(Method.GET_SEARCH_RESULT, (to, context) -> to.training().get_search_result(
                    new GetSearchResultRequest().setContext(context).setJob_id(id).setFrom_candidate(from)));
            var page = Replies.searchResult(reply);
            candidates.addAll(page.candidates());
            if (!reply.isSetNext_candidate()) {
                return new SearchResult(List.copyOf(candidates), page.scoring(), page.splits(), page.bestSteps());
            }
            if (candidates.size() == from || reply.next_candidate != candidates.size()) {
                throw Tensors.malformed("table", "goes on at candidate " + reply.next_candidate + " after " + candidates.size());
            }
        }
    }

    Evaluation evaluate(String model, EvaluationRequest rows) {
        var request = rows.wire(model);
        return Replies.evaluation(caller.call(Method.EVALUATE, (to, context) -> to.training().evaluate(request.setContext(context))));
    }

    PermutationImportance importance(String model, ImportanceRequest asked) {
        var request = asked.wire(model);
        return Replies.importance(caller.call(Method.PERMUTATION_IMPORTANCE,
                (to, context) -> to.training().permutation_importance(request.setContext(context))));
    }

    JobStatus get(String id) {
        return Replies.job(caller.call(Method.GET_JOB,
                (to, context) -> to.training().get_job(new GetJobRequest().setContext(context).setJob_id(id))).job);
    }

    Stream<JobStatus> list() {
        return Pages.stream(after -> {
            var page = caller.call(Method.LIST_JOBS,
                    (to, context) -> to.training().list_jobs(new ListJobsRequest().setContext(context).setAfter(after)));
            return new Pages.Page<>(Replies.each(page.jobs, Replies::job), page.next_page);
        });
    }

    JobStatus cancel(String id) {
        return Replies.job(caller.call(Method.CANCEL_JOB,
                (to, context) -> to.training().cancel_job(new CancelJobRequest().setContext(context).setJob_id(id))).job);
    }

    LearnedBatch partialFit(String model, Batch batch) {
        var request = batch.request(model);
        return Replies.learned(caller.callOnce(Method.PARTIAL_FIT, batch.idempotencyKey(),
                (to, context) -> to.training().partial_fit(request.setContext(context))));
    }

    Learner learner(String model) {
        return Replies.learner(caller.call(Method.GET_LEARNER,
                (to, context) -> to.training().get_learner(new GetLearnerRequest().setContext(context).setModel(model))).learner);
    }

    void deleteLearner(String model) {
        caller.call(Method.DELETE_LEARNER,
                (to, context) -> to.training().delete_learner(new DeleteLearnerRequest().setContext(context).setModel(model)));
    }
}
