package io.modelwire.client;

import io.modelwire.wire.Parameter;
import io.modelwire.wire.TrainRequest;
import java.util.List;

/** What a caller asks for to requests as they travel, without their context. */
final class Requests {
    private Requests() {
    }

    static TrainRequest train(String model, Training training) {
        var table = training.table();
        if (table != null && !Pieces.fitsOne(table)) {
            throw new ModelwireException.InvalidArgument(table.size() + " rows of " + table.names().size()
                    + " columns are more than the " + Pieces.MAX_BYTES + " bytes that travel with a call",
                    "upload them and train on the data set");
        }
        var request = new TrainRequest().setModel(model).setSteps(training.steps().stream().map(Requests::step).toList())
                .setTable(table == null ? null : WireTables.encode(table))
                .setDataset(training.dataset())
                .setTarget(training.target())
                .setSeed(training.seed())
                .setSample_weight(training.sampleWeight());
        if (training.validationFraction() != null) {
            request.setValidation_fraction(training.validationFraction());
        }
        if (!training.targetColumns().isEmpty()) {
            request.setTargets(training.targetColumns());
        }
        return training.features().isEmpty() ? request : request.setFeatures(training.features());
    }

    private static io.modelwire.wire.Step step(Step step) {
        List<Parameter> parameters = step.parameters().entrySet().stream()
                .map(entry -> parameter(step.algorithm(), entry.getKey(), entry.getValue())).toList();
        var wire = new io.modelwire.wire.Step().setAlgorithm(step.algorithm()).setParameters(parameters);
        return step.columns().isEmpty() ? wire : wire.setColumns(step.columns());
    }

    static Parameter parameter(String algorithm, String name, Object value) {
        var parameter = new Parameter().setName(name);
        if (value instanceof Long || value instanceof Integer) {
            return parameter.setInteger(((Number) value).longValue());
        }
        if (value instanceof Double || value instanceof Float) {
            return parameter.setNumber(((Number) value).doubleValue());
        }
        if (value instanceof Boolean flag) {
            return parameter.setFlag(flag);
        }
        if (value instanceof String text) {
            return parameter.setText(text);
        }
        if (value instanceof List<?> list && list.stream().allMatch(it -> it instanceof Long || it instanceof Integer)) {
            return parameter.setTensor(Tensors.of(list.stream().mapToLong(it -> ((Number) it).longValue()).toArray()));
        }
        if (value instanceof double[] numbers) {
            return parameter.setTensor(Tensors.of(numbers));
        }
        throw new ModelwireException.InvalidArgument("parameter \"" + name + "\" of " + algorithm + " is a "
                + value.getClass().getSimpleName(), "give a Long, Double, Boolean, String, List of Long or double[]");
    }
}
