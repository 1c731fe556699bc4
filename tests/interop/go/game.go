package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/modelwire/modelwire/clients/go"
)

// client is what a scenario needs: the stubs and the SDK both do it. Answers are records with the names of the IDL.
type client interface {
	hello(ctx context.Context, name string) (any, error)
	echo(ctx context.Context, payload []byte) ([]byte, error)
	train(ctx context.Context, training training) (any, error)
	search(ctx context.Context, asked training, tries searching) (any, error)
	evaluate(ctx context.Context, asked training) (any, error)
	importance(ctx context.Context, asked training, how modelwire.ImportanceOptions) (any, error)
	predictMatrix(ctx context.Context, model string, rows [][]float64, single bool) (any, error)
	predictTable(ctx context.Context, model string, table *modelwire.Table) (any, error)
	predictMany(ctx context.Context, requests []modelwire.PredictRequest) (any, error)
	explainMatrix(ctx context.Context, model string, rows [][]float64, single bool) (any, error)
	explainTable(ctx context.Context, model string, table *modelwire.Table) (any, error)
	upload(ctx context.Context, dataset string, table *modelwire.Table, rowsPerPiece int) (any, error)
	describeDataset(ctx context.Context, dataset string) (any, error)
	listModels(ctx context.Context) (any, error)
	describeModel(ctx context.Context, model string) (any, error)
	trainingResult(ctx context.Context, model string) (any, error)
	exportModel(ctx context.Context, model, format string) (any, error)
	setAlias(ctx context.Context, model, alias string, version int64, expected *int64) (any, error)
	loadModel(ctx context.Context, model string, version int64) (any, error)
	unloadModel(ctx context.Context, model string, version int64) (any, error)
	deleteVersion(ctx context.Context, model string, version int64) (any, error)
	getJob(ctx context.Context, id string) (any, error)
	partialFit(ctx context.Context, rows training, expectedBatch int64) (any, error)
	getLearner(ctx context.Context, model string) (any, error)
	deleteLearner(ctx context.Context, model string) (any, error)
	close()
}

// training is a call of train. It has a table or a data set.
type training struct {
	model    string
	steps    []modelwire.Step
	table    *modelwire.Table
	dataset  string
	target   string
	targets  []string
	features []string
	weight   string
	seed     int64
	// started is told the id of the job.
	started func(id string)
}

// searching is what a search tries, and how it parts rows.
type searching struct {
	tries   []try
	folds   int32
	group   string
	publish bool
}

// refusal is the error that a server answered.
type refusal struct{ code, text string }

func (r *refusal) Error() string { return r.code + ": " + r.text }

// game is a scenario that is being played.
type game struct {
	settings settings
	client   client
	scenario string
	job      string
	recorded map[string]any
}

// step plays one step and compares its answer.
func (g *game) step(ctx context.Context, text json.RawMessage) error {
	step, err := read(text, g.settings.run, g.job)
	if err != nil {
		return err
	}
	answer, err := g.call(ctx, step)
	if err := checkError(step, err); err != nil || step.ExpectError != nil {
		return err
	}
	for path, expected := range step.Expect {
		if err := check(find(answer, path), expected); err != nil {
			return fmt.Errorf("%s of %s: %w", path, step.Call, err)
		}
	}
	return g.record(step, answer)
}

// checkError compares an error with the one that is expected; neither is fine.
func checkError(step step, err error) error {
	if step.ExpectError == nil {
		return err
	}
	refused := new(refusal)
	switch {
	case err == nil:
		return fmt.Errorf("%s succeeded, expected %s", step.Call, step.ExpectError.Code)
	case !errors.As(err, &refused):
		return err
	case refused.code != step.ExpectError.Code || !strings.Contains(refused.text, step.ExpectError.Contains):
		return fmt.Errorf("%s failed with %w, expected %s with %q", step.Call, err, step.ExpectError.Code, step.ExpectError.Contains)
	}
	return nil
}

func (g *game) call(ctx context.Context, step step) (any, error) {
	switch step.Call {
	case "hello":
		return g.client.hello(ctx, step.Name)
	case "echo":
		return g.echo(ctx, step.Bytes)
	case "train":
		return g.train(ctx, step)
	case "search":
		return g.search(ctx, step)
	case "evaluate":
		return g.evaluate(ctx, step)
	case "permutation_importance":
		return g.importance(ctx, step)
	case "predict":
		return asked(ctx, step, g.client.predictMatrix, g.client.predictTable)
	case "predict_many":
		return g.predictMany(ctx, step.Items)
	case "explain":
		return asked(ctx, step, g.client.explainMatrix, g.client.explainTable)
	case "upload":
		table, err := step.rows(g.settings.data)
		if err != nil {
			return nil, err
		}
		return g.client.upload(ctx, step.Dataset, table, step.RowsPerPiece)
	case "describe_dataset":
		return g.client.describeDataset(ctx, step.Dataset)
	case "list_models":
		return g.client.listModels(ctx)
	case "describe_model":
		return g.client.describeModel(ctx, step.Model)
	case "get_training_result":
		return g.client.trainingResult(ctx, step.Model)
	case "export_model":
		return g.client.exportModel(ctx, step.Model, step.Format)
	case "set_alias":
		return g.client.setAlias(ctx, step.Model, step.Alias, step.Version, step.ExpectedGeneration)
	case "load_model":
		return g.client.loadModel(ctx, step.Model, step.Version)
	case "unload_model":
		return g.client.unloadModel(ctx, step.Model, step.Version)
	case "delete_version":
		return g.client.deleteVersion(ctx, step.Model, step.Version)
	case "get_job":
		return g.client.getJob(ctx, step.Job)
	case "partial_fit":
		return g.partialFit(ctx, step)
	case "get_learner":
		return g.client.getLearner(ctx, step.Model)
	case "delete_learner":
		return g.client.deleteLearner(ctx, step.Model)
	}
	return nil, fmt.Errorf("no call %q", step.Call)
}

func (g *game) echo(ctx context.Context, length int) (any, error) {
	sent := make([]byte, length)
	for position := range sent {
		sent[position] = byte(position * position % 65521)
	}
	got, err := g.client.echo(ctx, sent)
	if err == nil && !bytes.Equal(sent, got) {
		err = fmt.Errorf("%d bytes were sent and %d others came back", len(sent), len(got))
	}
	return map[string]any{"bytes": int64(len(got))}, err
}

func (g *game) train(ctx context.Context, step step) (any, error) {
	steps, err := step.pipeline()
	if err != nil {
		return nil, err
	}
	table, err := step.rows(g.settings.data)
	if err != nil {
		return nil, err
	}
	return g.client.train(ctx, training{
		model: step.Model, steps: steps, table: table, dataset: step.Dataset, target: step.Target, targets: step.Targets,
		features: step.Features, weight: step.SampleWeight, seed: step.Seed, started: func(id string) { g.job = id },
	})
}

func (g *game) search(ctx context.Context, step step) (any, error) {
	steps, err := step.pipeline()
	if err != nil {
		return nil, err
	}
	table, err := step.rows(g.settings.data)
	if err != nil {
		return nil, err
	}
	for _, try := range step.Tries {
		for position, value := range try.Values {
			if try.Values[position], err = plain(value); err != nil {
				return nil, err
			}
		}
	}
	asked := training{
		model: step.Model, steps: steps, table: table, dataset: step.Dataset, target: step.Target, targets: step.Targets,
		seed: step.Seed, started: func(id string) { g.job = id },
	}
	return g.client.search(ctx, asked, searching{tries: step.Tries, folds: step.Folds, group: step.Group, publish: step.Publish})
}

func (g *game) partialFit(ctx context.Context, step step) (any, error) {
	steps, err := step.pipeline()
	if err != nil {
		return nil, err
	}
	table, err := step.rows(g.settings.data)
	if err != nil {
		return nil, err
	}
	rows := training{model: step.Model, steps: steps, table: table, target: step.Target}
	return g.client.partialFit(ctx, rows, step.ExpectedBatch)
}

func (g *game) evaluate(ctx context.Context, step step) (any, error) {
	table, err := step.rows(g.settings.data)
	if err != nil {
		return nil, err
	}
	return g.client.evaluate(ctx, training{
		model: step.Model, table: table, dataset: step.Dataset, target: step.Target, weight: step.SampleWeight,
	})
}

func (g *game) importance(ctx context.Context, step step) (any, error) {
	table, err := step.rows(g.settings.data)
	if err != nil {
		return nil, err
	}
	how := modelwire.ImportanceOptions{Scoring: step.Scoring, Repeats: step.NRepeats, Seed: step.Seed}
	return g.client.importance(ctx, training{
		model: step.Model, table: table, dataset: step.Dataset, target: step.Target, weight: step.SampleWeight,
	}, how)
}

// asked calls one of two: for a matrix or for a table.
func asked(
	ctx context.Context, step step, ofMatrix func(context.Context, string, [][]float64, bool) (any, error),
	ofTable func(context.Context, string, *modelwire.Table) (any, error),
) (any, error) {
	if step.Table != nil {
		table, err := tableOf(step.Table)
		if err != nil {
			return nil, err
		}
		return ofTable(ctx, step.Model, table)
	}
	rows, single, err := step.matrix()
	if err != nil {
		return nil, err
	}
	return ofMatrix(ctx, step.Model, rows, single)
}

func (g *game) predictMany(ctx context.Context, items []step) (_ any, err error) {
	requests := make([]modelwire.PredictRequest, len(items))
	for position, item := range items {
		requests[position].Model = item.Model
		if item.Table != nil {
			requests[position].Table, err = tableOf(item.Table)
		} else {
			requests[position].Rows, _, err = item.matrix()
		}
		if err != nil {
			return nil, err
		}
	}
	return g.client.predictMany(ctx, requests)
}

// record keeps the bits of an answer, for the languages to be compared, and compares them with an earlier one.
func (g *game) record(step step, answer any) error {
	bits := bitsOf(answer)
	if step.Record != "" {
		g.recorded[g.scenario+"/"+step.Record] = bits
	}
	if step.SameAs == "" {
		return nil
	}
	if before := g.recorded[g.scenario+"/"+step.SameAs]; !reflect.DeepEqual(before, bits) {
		return fmt.Errorf("%v is not the same as %q, %v", bits, step.SameAs, before)
	}
	return nil
}
