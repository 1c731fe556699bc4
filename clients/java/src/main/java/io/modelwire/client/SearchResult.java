package io.modelwire.client;

import java.util.List;
import java.util.OptionalDouble;

/**
 * The table of a search.
 *
 * @param candidates best first; those that failed last
 * @param scoring what they are ranked by
 * @param splits how many folds there were
 * @param bestSteps the steps with the values of the best candidate, for {@link Training}; empty if all failed
 */
public record SearchResult(List<Candidate> candidates, String scoring, int splits, List<Step> bestSteps) {

    /**
     * How a candidate did. One that could not be fitted has an error and no scores.
     *
     * @param number from 1, in the order in which candidates were made
     * @param rank 1 is the best one; equal scores have equal ranks
     * @param parameters what it tries
     * @param meanTestScore the mean over the folds; empty if it failed
     * @param stdTestScore the standard deviation over the folds; empty if it failed
     * @param splitTestScores the score on each fold
     * @param meanFitSeconds what a fit took, the mean over the folds
     * @param error why it has no scores; empty if it has
     * @param iteration of a halving, from 0
     * @param resources rows that its folds were made of
     */
    public record Candidate(long number, long rank, List<Parameter> parameters, OptionalDouble meanTestScore,
            OptionalDouble stdTestScore, List<Double> splitTestScores, double meanFitSeconds, String error, int iteration,
            long resources) {
    }

    /**
     * A value that a candidate has.
     *
     * @param step the position of the step, from 0
     * @param algorithm the algorithm of the step
     * @param name the name of the parameter
     * @param value as {@link Step#parameters()} has it
     */
    public record Parameter(int step, String algorithm, String name, Object value) {
    }
}
