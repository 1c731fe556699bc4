package modelwire

import (
	"context"
	"strings"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// Search is what to try for hyper-parameters, and how to measure it.
type Search struct {
	// Training are the steps, whose other parameters stand as they are, and the rows. Of several targets a score is the mean over them.
	Training Training
	// Parameters are what to try, in the order in which a grid changes them: the last one fastest.
	Parameters []SearchedParameter
	// Strategy is "grid" (every combination), "random" (Candidates of them by chance) or "halving" (all on few rows, and the
	// better ones on more); empty: "grid".
	Strategy string
	// Candidates are how many combinations to draw; 0 where none are drawn.
	Candidates int64
	// Factor of a halving: one in so many candidates goes on, with so many times the rows; 0: 3.
	Factor int64
	// MinResources are the rows of the first iteration of a halving; 0: so many that the last one takes all.
	MinResources int64
	// Folds are how rows are parted.
	Folds Folds
	// Scoring is what candidates are ranked by, as scikit-learn names it, such as "neg_log_loss"; empty: "r2" or "accuracy".
	Scoring string
	// Publish fits the best candidate on all rows and publishes it as a version of the model, as [Client.Train] does.
	Publish bool
}

// SearchedParameter is what to try for one hyper-parameter: Values, or a range to draw from.
type SearchedParameter struct {
	// Name is "alpha" of the last step, or "pca__n_components" of the step of that algorithm.
	Name string
	// Step is the position of the step, from 0, where its algorithm does not tell; nil: as Name says.
	Step *int32
	// Values are those to try, as in [Parameters].
	Values []any
	// Distribution is "uniform", "log_uniform" or "integers", to draw from Low to High; empty: Values are tried.
	Distribution string
	Low, High    float64
}

// Folds are how rows are parted into those to learn from and those to measure on, as scikit-learn parts them.
type Folds struct {
	// Kind is "k_fold", "stratified_k_fold", "group_k_fold" or "time_series_split"; empty: by groups if there are some, stratified
	// for a classifier, else k_fold.
	Kind string
	// Splits are how many folds; 0: 5.
	Splits int32
	// Shuffle deals out rows, or groups, by chance, by the seed.
	Shuffle bool
	// Group is the column that names the group of each row, which is no feature; all rows of a group are on one side.
	Group string
	// Gap, MaxTrainSize and TestSize are those of a time_series_split; 0: as scikit-learn has them.
	Gap, MaxTrainSize, TestSize int64
}

// SearchResult is the table of a search.
type SearchResult struct {
	// Candidates are the best first; those that failed last.
	Candidates []Candidate
	// Scoring is what they are ranked by.
	Scoring string
	// Splits are how many folds there were.
	Splits int32
	// BestSteps are the steps with the values of the best candidate, for [Training]; nil if all failed.
	BestSteps []Step
}

// Candidate is how a candidate did. One that could not be fitted has an Err and no scores.
type Candidate struct {
	// Number counts from 1, in the order in which candidates were made.
	Number int64
	// Rank is 1 for the best one; equal scores have equal ranks.
	Rank int64
	// Parameters are what it tries, each with its step.
	Parameters []CandidateParameter
	// MeanTestScore is the mean over the folds; nil if it failed.
	MeanTestScore *float64
	// StdTestScore is the standard deviation over the folds; nil if it failed.
	StdTestScore *float64
	// SplitTestScores are the scores on each fold.
	SplitTestScores []float64
	// MeanFitSeconds is what a fit took, the mean over the folds.
	MeanFitSeconds float64
	// Err says why it has no scores; empty if it has.
	Err string
	// Iteration is that of a halving, from 0.
	Iteration int32
	// Resources are the rows that its folds were made of.
	Resources int64
}

// CandidateParameter is a value that a candidate has.
type CandidateParameter struct {
	// Step is the position of the step, from 0.
	Step int32
	// Algorithm is that of the step.
	Algorithm string
	Name      string
	// Value is as in [Parameters]; whole numbers are int64.
	Value any
}

// Search starts a search for hyper-parameters and answers its job at once; [Job.SearchResult] waits for its table.
//
// It fails as [Client.Train] does, and with [ErrInvalidArgument] for more fits than a search takes, or for what is searched, folds
// or scoring.
func (c *Client) Search(ctx context.Context, model string, search Search, options ...CallOption) (*Job, error) {
	steps, err := stepsOf(search.Training.Steps)
	if err != nil {
		return nil, err
	}
	if search.Training.Data == nil {
		return nil, invalid("no data to learn from; give Arrays, Rows or Stored")
	}
	weight := search.Training.SampleWeight
	rows := &wire.TrainRequest{SampleWeight: absentIf(weight == "", weight)}
	if err := search.Training.Data.describe(rows); err != nil {
		return nil, err
	}
	request := &wire.SearchRequest{
		Model: &model, Steps: steps, Table: rows.Table, Dataset: rows.Dataset, Target: rows.Target, Targets: rows.Targets,
		Features: rows.Features, Seed: &search.Training.Seed, SampleWeight: rows.SampleWeight,
		Strategy:    absentIf(search.Strategy == "", search.Strategy),
		NCandidates: absentIf(search.Candidates == 0, search.Candidates), Factor: absentIf(search.Factor == 0, search.Factor),
		MinResources: absentIf(search.MinResources == 0, search.MinResources), CrossValidation: search.Folds.sent(),
		Scoring: absentIf(search.Scoring == "", search.Scoring), Publish: &search.Publish,
	}
	for _, parameter := range search.Parameters {
		sent, err := parameter.sent()
		if err != nil {
			return nil, err
		}
		request.Parameters = append(request.Parameters, sent)
	}
	call := c.call(anyNumberOf, options)
	request.Context = call.recognisable()
	reply, err := invoke(ctx, call, wire.NewTrainingClient(call).Search, request)
	if err != nil {
		return nil, err
	}
	return c.jobFrom(reply.Job)
}

func (f Folds) sent() *wire.CrossValidation {
	return &wire.CrossValidation{
		Kind: absentIf(f.Kind == "", f.Kind), NSplits: absentIf(f.Splits == 0, f.Splits), Shuffle: &f.Shuffle,
		Group: absentIf(f.Group == "", f.Group), Gap: absentIf(f.Gap == 0, f.Gap),
		MaxTrainSize: absentIf(f.MaxTrainSize == 0, f.MaxTrainSize), TestSize: absentIf(f.TestSize == 0, f.TestSize),
	}
}

func (p SearchedParameter) sent() (*wire.SearchedParameter, error) {
	name, sent := p.Name, &wire.SearchedParameter{Step: p.Step}
	if algorithm, own, found := strings.Cut(p.Name, "__"); found && p.Step == nil {
		name, sent.Algorithm = own, &algorithm
	}
	sent.Name = &name
	if p.Distribution != "" {
		sent.Distribution, sent.Low, sent.High = &p.Distribution, &p.Low, &p.High
	}
	for _, value := range p.Values {
		parameter, err := parameterOf(value)
		if err != nil {
			return nil, invalid("%s of a search %v", p.Name, err.Message)
		}
		parameter.Name = &name
		sent.Values = append(sent.Values, parameter)
	}
	return sent, nil
}

// SearchResult answers the table of a search that has ended; a large one comes in several calls. It fails with
// [ErrFailedPrecondition] if the job is no search, has not ended, or ended before all candidates were measured, and with
// [ErrNotFound].
func (c *Client) SearchResult(ctx context.Context, jobID string, options ...CallOption) (SearchResult, error) {
	var result SearchResult
	for {
		call := c.call(anyNumberOf, options)
		from := int64(len(result.Candidates))
		request := &wire.GetSearchResultRequest{Context: call.head, JobID: &jobID, FromCandidate: &from}
		reply, err := invoke(ctx, call, wire.NewTrainingClient(call).GetSearchResult_, request)
		if err != nil {
			return SearchResult{}, err
		}
		page := searchResultFrom(reply)
		page.Candidates = append(result.Candidates, page.Candidates...)
		result = page
		soFar := int64(len(result.Candidates))
		if reply.NextCandidate == nil {
			return result, nil
		}
		if soFar == from || reply.GetNextCandidate() != soFar {
			return SearchResult{}, malformed("a table goes on at candidate %d after %d candidates", reply.GetNextCandidate(), soFar)
		}
	}
}

// SearchResult waits until a search has ended and answers its table. It fails as [Job.Wait] does.
func (j *Job) SearchResult(ctx context.Context, options ...CallOption) (SearchResult, error) {
	if err := j.succeeded(ctx, options); err != nil {
		return SearchResult{}, err
	}
	return j.client.SearchResult(ctx, j.ID, options...)
}

func searchResultFrom(reply *wire.GetSearchResultResponse) SearchResult {
	result := SearchResult{Scoring: reply.GetScoring(), Splits: reply.GetNSplits()}
	for _, sent := range reply.Candidates {
		candidate := Candidate{
			Number: sent.GetNumber(), Rank: sent.GetRank(), MeanTestScore: sent.MeanTestScore, StdTestScore: sent.StdTestScore,
			SplitTestScores: sent.SplitTestScores, MeanFitSeconds: sent.GetMeanFitSeconds(), Err: sent.GetError(),
			Iteration: sent.GetIteration(), Resources: sent.GetNResources(),
		}
		for _, each := range sent.Parameters {
			candidate.Parameters = append(candidate.Parameters, CandidateParameter{
				Step: each.GetStep(), Algorithm: each.GetAlgorithm(), Name: each.Parameter.GetName(), Value: parameterFrom(each.Parameter),
			})
		}
		result.Candidates = append(result.Candidates, candidate)
	}
	if reply.BestSteps != nil {
		result.BestSteps = stepsFrom(reply.BestSteps)
	}
	return result
}
