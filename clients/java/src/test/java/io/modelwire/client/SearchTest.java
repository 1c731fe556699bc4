package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.modelwire.wire.CandidateParameter;
import io.modelwire.wire.GetSearchResultResponse;
import io.modelwire.wire.Parameter;
import io.modelwire.wire.SearchCandidate;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class SearchTest {
    private static Search search() {
        return Search.of(Training.of("pca", "ridge").dataset("rows@2").target("y").seed(3));
    }

    @Test
    void whatIsSearchedTravels() {
        var sent = search().values("alpha", 1.0, 2).integers("pca__n_components", 1, 3).logUniform("1__tol", 0.01, 1)
                .halving(9).factor(2).folds(3).group("patient").scoring("neg_rmse").publish().wire("line");

        assertEquals("rows@2", sent.dataset);
        assertEquals(3, sent.seed);
        assertTrue(sent.publish);
        assertEquals("halving", sent.strategy);
        assertEquals(9, sent.n_candidates);
        assertEquals(2, sent.factor);
        assertFalse(sent.isSetMin_resources());
        assertEquals("neg_rmse", sent.scoring);
        assertEquals(3, sent.cross_validation.n_splits);
        assertEquals("patient", sent.cross_validation.group);
        assertFalse(sent.cross_validation.isSetKind());
        var parameters = sent.parameters;
        assertEquals(List.of("alpha", "n_components", "tol"), parameters.stream().map(it -> it.name).toList());
        assertEquals(1.0, parameters.get(0).values.get(0).number);
        assertEquals(2, parameters.get(0).values.get(1).integer);
        assertFalse(parameters.get(0).isSetStep() || parameters.get(0).isSetAlgorithm());
        assertEquals("pca", parameters.get(1).algorithm);
        assertEquals("integers", parameters.get(1).distribution);
        assertEquals(1, parameters.get(2).step);
    }

    @Test
    void severalTargetsTravelByTheirNames() {
        var sent = Search.of(Training.of("ridge").dataset("rows").targetColumns("z", "y")).values("alpha", 1.0).wire("lines");

        assertEquals(List.of("z", "y"), sent.targets);
        assertFalse(sent.isSetTarget());
        assertFalse(search().wire("line").isSetTargets());
    }

    @Test
    void aColumnOfGroupsIsNoFeature() {
        var table = Table.builder().column("x", new double[] {1, 2}).column("patient", new long[] {1, 2}).build();
        var training = Training.of("ridge").rows(table).targets(new double[] {3, 4});

        assertEquals(List.of("x"), Search.of(training).values("alpha", 1.0).group("patient").wire("m").features);
        assertEquals(List.of("x", "patient"), Search.of(training).values("alpha", 1.0).wire("m").features);
    }

    @Test
    void aTableIsItsCandidatesBestFirst() {
        var alpha = new Parameter().setName("alpha").setNumber(0.5);
        var best = new SearchCandidate().setNumber(2).setRank(1).setMean_test_score(0.25).setStd_test_score(0.125)
                .setSplit_test_scores(List.of(0.125, 0.375)).setMean_fit_seconds(1.5).setN_resources(100)
                .setParameters(List.of(new CandidateParameter().setStep(1).setAlgorithm("ridge").setParameter(alpha)));
        var failed = new SearchCandidate().setNumber(1).setRank(2).setError("fold 1 of 2: why");
        var wire = new GetSearchResultResponse().setScoring("r2").setN_splits(2).setCandidates(List.of(best, failed));

        var found = Replies.searchResult(wire);

        assertEquals(List.of(new SearchResult.Parameter(1, "ridge", "alpha", 0.5)), found.candidates().get(0).parameters());
        assertEquals(OptionalDouble.of(0.25), found.candidates().get(0).meanTestScore());
        assertEquals(List.of(0.125, 0.375), found.candidates().get(0).splitTestScores());
        assertEquals("fold 1 of 2: why", found.candidates().get(1).error());
        assertTrue(found.candidates().get(1).meanTestScore().isEmpty());
        assertEquals(List.of(), found.bestSteps());
    }

    @Test
    void aValueThatNoParameterHasIsRefused() {
        var refused = assertThrows(ModelwireException.InvalidArgument.class, () -> search().values("alpha", new Object()));

        assertTrue(refused.getMessage().contains("\"alpha\""), refused.getMessage());
    }
}
