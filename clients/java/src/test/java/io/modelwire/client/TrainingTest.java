package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.modelwire.wire.ClassMetrics;
import io.modelwire.wire.Column;
import io.modelwire.wire.EvaluateResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TrainingTest {
    private static final double[][] ROWS = {{1, 2}, {3, 4}};

    private static String refusal(Training training) {
        return assertThrows(ModelwireException.InvalidArgument.class, () -> Requests.train("m", training)).getMessage();
    }

    @Test
    void targetsBecomeAColumnOfTheTable() {
        var request = Requests.train("m", Training.of("linear_regression").rows(ROWS).targets(new double[] {5, 6}).seed(7));

        assertEquals(List.of("x0", "x1", "target"), request.table.columns.stream().map(Column::getName).toList());
        assertEquals("target", request.target);
        assertEquals(List.of("x0", "x1"), request.features);
        assertEquals(7, request.seed);
        assertFalse(request.isSetValidation_fraction());
    }

    @Test
    void theShareThatIsHeldOutTravelsAlsoIfItIsNothing() {
        var request = Requests.train("m", Training.of("linear_regression").rows(ROWS).targets(new double[] {5, 6}).validationFraction(0));

        assertTrue(request.isSetValidation_fraction());
        assertEquals(0.0, request.validation_fraction);
    }

    @Test
    void severalTargetsTravelByTheirNames() {
        var request = Requests.train("m", Training.of("multi_task_lasso").dataset("wine").targetColumns("y", "z"));

        assertEquals(List.of("y", "z"), request.targets);
        assertFalse(request.isSetTarget());
        assertFalse(Requests.train("m", Training.of("ridge").dataset("wine").target("y")).isSetTargets());
    }

    @Test
    void severalTargetsAndOneAtATimeAreRefused() {
        assertTrue(refusal(Training.of("ridge").dataset("d").target("x").targetColumns("y", "z")).contains("2 target columns"));
        assertTrue(refusal(Training.of("ridge").rows(ROWS).targetColumns("y")).contains("y"));
    }

    @Test
    void weightsOfRowsBecomeAColumnThatIsNoFeature() {
        var training = Training.of("ridge").rows(ROWS).targets(new double[] {5, 6}).sampleWeights(new double[] {0.5, 2});

        var request = Requests.train("m", training);

        assertEquals(List.of("x0", "x1", "target", "sample_weight"), request.table.columns.stream().map(Column::getName).toList());
        assertEquals("sample_weight", request.sample_weight);
        assertEquals(List.of("x0", "x1"), request.features);
    }

    @Test
    void aColumnOfWeightsTravelsByItsName() {
        var request = Requests.train("m", Training.of("ridge").dataset("wine").target("quality").sampleWeight("count"));

        assertEquals("count", request.sample_weight);
        assertFalse(Requests.train("m", Training.of("ridge").dataset("wine")).isSetSample_weight());
    }

    @Test
    void weightsThatDoNotFitTheRowsAreRefused() {
        var one = new double[] {1};

        assertEquals("2 rows have 1 weights", refusal(Training.of("k_means").rows(ROWS).sampleWeights(one)).split("; ")[0]);
        assertTrue(refusal(Training.of("k_means").dataset("d").sampleWeights(one)).contains("a stored data set"));
        assertTrue(refusal(Training.of("k_means").rows(ROWS).sampleWeight("w")).contains("w"));
    }

    @Test
    void rowsToEvaluateOnTravelWithWhatTheirColumnsAre() {
        var sent = EvaluationRequest.rows(Table.of(ROWS, "a", "b")).target("b").wire("m");
        var stored = EvaluationRequest.dataset("wine@2").sampleWeight("count").wire("m@3");

        assertEquals(List.of("a", "b"), sent.table.columns.stream().map(Column::getName).toList());
        assertEquals("b", sent.target);
        assertFalse(sent.isSetSample_weight());
        assertEquals("wine@2", stored.dataset);
        assertEquals("count", stored.sample_weight);
        assertNull(stored.table);
    }

    @Test
    void anEvaluationIsMetricsClassesAndConfusions() {
        var wire = new EvaluateResponse().setModel("m").setVersion(3).setN_samples(4).setMetrics(Map.of("accuracy", 0.75))
                .setClasses(List.of(new ClassMetrics().setRecall(0).setF1(0).setSupport(1)))
                .setConfusion(Tensors.of(new double[] {4}).setShape(List.of(1L, 1L)));

        var found = Replies.evaluation(wire);

        assertEquals(Map.of("accuracy", 0.75), found.metrics());
        assertTrue(found.generation().isEmpty() && found.silhouetteSamples().isEmpty());
        assertTrue(found.classes().get(0).precision().isEmpty());
        assertEquals(0.0, found.classes().get(0).recall().getAsDouble());
        assertEquals(4.0, found.confusion()[0][0]);
        assertEquals(0, found.labels().size());
    }

    @Test
    void aTargetByNameLeavesTheFeaturesToTheServer() {
        var request = Requests.train("m", Training.of("kmeans").rows(ROWS, "a", "b").target("b"));

        assertEquals("b", request.target);
        assertFalse(request.isSetFeatures());
    }

    @Test
    void aStoredDataSetTravelsByName() {
        var request = Requests.train("m", Training.of("a", "b").dataset("iris@2").target("species").features("x", "y"));

        assertEquals("iris@2", request.dataset);
        assertNull(request.table);
        assertEquals(List.of("x", "y"), request.features);
    }

    @Test
    void parametersTravelByTheirType() {
        var step = Step.of("kmeans").with("n", 3).with("tolerance", 0.5).with("fast", true).with("init", "random").on("a");
        var wire = Requests.train("m", Training.of(step).dataset("d")).steps.get(0);

        assertEquals(3, wire.parameters.get(0).integer);
        assertEquals(0.5, wire.parameters.get(1).number);
        assertTrue(wire.parameters.get(2).flag);
        assertEquals("random", wire.parameters.get(3).text);
        assertTrue(wire.parameters.stream().noneMatch(parameter -> parameter.isSetInteger() && parameter.isSetNumber()));
        assertEquals(List.of("a"), wire.columns);
    }

    @Test
    void listsOfWholeNumbersTravelAsTensorsAndComeBackAsLists() {
        var training = Training.of(Step.of("net").with("sizes", 10, 20), Step.of("net").with("sizes"),
                new Step("net", Map.of("sizes", List.of(3)), List.of()));
        var sent = Requests.train("m", training.dataset("d")).steps;

        assertEquals(List.of(List.of(10L, 20L), List.of(), List.of(3L)),
                sent.stream().map(step -> Replies.step(step).parameters().get("sizes")).toList());
    }

    @Test
    void listsOfNumbersTravelAsTensors() {
        var step = Step.of("min_max_scaler").with("feature_range", new double[] {-0.5, 1});
        var sent = Requests.train("m", Training.of(step).dataset("d")).steps.get(0);

        assertArrayEquals(new double[] {-0.5, 1}, (double[]) Replies.step(sent).parameters().get("feature_range"));
    }

    @Test
    void whatDoesNotFitIsRefusedBeforeItIsSent() {
        assertTrue(refusal(Training.of("a")).startsWith("there is nothing to train on"));
        assertTrue(refusal(Training.of("a").rows(ROWS).dataset("d")).contains("both"));
        assertTrue(refusal(Training.of("a").rows(ROWS).targets(new double[3])).startsWith("2 rows have 3 targets"));
        assertTrue(refusal(Training.of("a").rows(ROWS).target("b")).startsWith("no column \"b\""));
        assertTrue(refusal(Training.of("a").dataset("d").targets(new int[2])).contains("stored data set"));
        assertTrue(refusal(Training.of(new Step("a", Map.of("when", new Object()), List.of())).dataset("d")).contains("\"when\""));
    }

    @Test
    void moreRowsThanACallCarriesAreRefusedWithAnAdvice() {
        var message = refusal(Training.of("a").rows(Table.builder().column("x", new double[1_100_000]).build()));

        assertTrue(message.contains("1100000 rows") && message.contains("upload"), message);
    }
}
