package io.modelwire.client;

import io.modelwire.wire.DeleteVersionRequest;
import io.modelwire.wire.DescribeModelRequest;
import io.modelwire.wire.ListModelsRequest;
import io.modelwire.wire.SetAliasRequest;
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

    void deleteVersion(String model, long version) {
        caller.call(Method.DELETE_VERSION, (to, context) -> to.models().delete_version(
                new DeleteVersionRequest().setContext(context).setModel(model).setVersion(version)));
    }
}
