package io.modelwire.client;

import io.modelwire.wire.DeleteVersionRequest;
import io.modelwire.wire.DescribeModelRequest;
import io.modelwire.wire.ExportModelRequest;
import io.modelwire.wire.GetTrainingResultRequest;
import io.modelwire.wire.ListModelsRequest;
import io.modelwire.wire.LoadModelRequest;
import io.modelwire.wire.SetAliasRequest;
import io.modelwire.wire.UnloadModelRequest;
import java.util.Optional;
import java.util.stream.Stream;

/** Calls of the service Models; {@link ModelwireClient} says what each does. */
record ModelCalls(Caller caller) {

    Stream<ModelSummary> list() {
        return Pages.stream(after -> {
            var page = caller.call(Method.LIST_MODELS,
                    (to, context) -> to.models().list_models(new ListModelsRequest().setContext(context).setAfter(after)));
            return new Pages.Page<>(Replies.each(page.models, Replies::modelSummary), page.next_page);
        });
    }

    ModelVersion describe(String reference) {
        return Replies.modelVersion(caller.call(Method.DESCRIBE_MODEL, (to, context) ->
                to.models().describe_model(new DescribeModelRequest().setContext(context).setModel(reference))).model);
    }

    TrainingResult trainingResult(String reference) {
        var result = new TrainingResult("", 0, new long[0], new double[0][]);
        while (true) {
            // An alias may move meanwhile: the version is that of the first page.
            var named = result.rows() == 0 ? reference : result.model() + "@" + result.version();
            long from = result.rows();
            var reply = caller.call(Method.GET_TRAINING_RESULT, (to, context) -> to.models().get_training_result(
                    new GetTrainingResultRequest().setContext(context).setModel(named).setFrom_row(from)));
            var page = Replies.trainingResult(reply);
            result = from == 0 ? page : result.followedBy(page);
            if (!reply.isSetNext_row()) {
                return result;
            }
            if (page.rows() == 0 || reply.next_row != result.rows()) {
                throw Tensors.malformed("training result", "goes on at row " + reply.next_row + " after " + result.rows() + " rows");
            }
        }
    }

    ExportedModel export(String reference, String format) {
        var file = new ExportedModel("", 0, "", "", new byte[0]);
        while (true) {
            // An alias may move meanwhile: the version is that of the first piece.
            int from = file.content().length;
            var named = from == 0 ? reference : file.model() + "@" + file.version();
            var reply = caller.call(Method.EXPORT_MODEL, (to, context) -> to.models().export_model(
                    new ExportModelRequest().setContext(context).setModel(named).setFormat(format).setFrom_byte(from)));
            var piece = Replies.exportedModel(reply);
            file = from == 0 ? piece : file.followedBy(piece);
            if (!reply.isSetNext_byte()) {
                return Replies.whole(file);
            }
            if (piece.content().length == 0 || reply.next_byte != file.content().length) {
                throw Tensors.malformed("file", "goes on at byte " + reply.next_byte + " after " + file.content().length + " bytes");
            }
        }
    }

    Optional<Alias> setAlias(String model, String alias, long version) {
        return setAlias(new SetAliasRequest().setModel(model).setAlias_name(alias).setVersion(version));
    }

    Optional<Alias> setAlias(String model, String alias, long version, long expectedGeneration) {
        return setAlias(new SetAliasRequest().setModel(model).setAlias_name(alias).setVersion(version)
                .setExpected_generation(expectedGeneration));
    }

    private Optional<Alias> setAlias(SetAliasRequest request) {
        var reply = caller.call(Method.SET_ALIAS, (to, context) -> to.models().set_alias(request.setContext(context)));
        return Optional.ofNullable(reply.current).map(Replies::alias);
    }

    long load(String model, long version) {
        return load(new LoadModelRequest().setModel(model).setVersion(version));
    }

    long replace(String model, long version) {
        return load(new LoadModelRequest().setModel(model).setVersion(version).setReplacement("drop_first"));
    }

    private long load(LoadModelRequest request) {
        return caller.call(Method.LOAD_MODEL, (to, context) -> to.models().load_model(request.setContext(context))).model_bytes;
    }

    void unload(String model, long version) {
        caller.call(Method.UNLOAD_MODEL, (to, context) -> to.models().unload_model(
                new UnloadModelRequest().setContext(context).setModel(model).setVersion(version)));
    }

    void deleteVersion(String model, long version) {
        caller.call(Method.DELETE_VERSION, (to, context) -> to.models().delete_version(
                new DeleteVersionRequest().setContext(context).setModel(model).setVersion(version)));
    }
}
