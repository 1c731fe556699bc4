package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/modelwire/modelwire/clients/go"
)

// sdk is the Go client, with its answers as records.
type sdk struct{ client *modelwire.Client }

func connectSDK(ctx context.Context, settings settings) (sdk, error) {
	options := []modelwire.Option{modelwire.WithRequestID(settings.run), modelwire.WithToken(settings.token)}
	trusted, err := settings.trusted()
	if err != nil {
		return sdk{}, err
	}
	if trusted != nil {
		options = append(options, modelwire.WithTLS(trusted))
	}
	connected, err := modelwire.Dial(ctx, settings.address, options...)
	return sdk{connected}, err
}

// converted is an answer as a record, or the refusal of a server.
func converted[T any](convert func(T) any, answer T, err error) (any, error) {
	failure := new(modelwire.Error)
	switch {
	case errors.As(err, &failure):
		return nil, &refusal{code: string(failure.Code), text: failure.Message + "; " + failure.Hint}
	case err != nil:
		return nil, err
	}
	return convert(answer), nil
}

func (s sdk) close() { _ = s.client.Close() }

func (s sdk) hello(ctx context.Context, name string) (any, error) {
	greeting, err := s.client.Hello(ctx, name)
	return converted(greetingRecord, greeting, err)
}

func (s sdk) echo(ctx context.Context, payload []byte) ([]byte, error) {
	return s.client.Echo(ctx, payload)
}

func (s sdk) predictMatrix(ctx context.Context, model string, rows [][]float64, _ bool) (any, error) {
	prediction, err := s.client.Predict(ctx, model, rows)
	return converted(predictionRecord, prediction, err)
}

func (s sdk) predictTable(ctx context.Context, model string, table *modelwire.Table) (any, error) {
	prediction, err := s.client.PredictTable(ctx, model, table)
	return converted(predictionRecord, prediction, err)
}

func (s sdk) predictMany(ctx context.Context, requests []modelwire.PredictRequest) (any, error) {
	outcomes, err := s.client.PredictMany(ctx, requests)
	return converted(outcomesRecord, outcomes, err)
}

func (s sdk) explainMatrix(ctx context.Context, model string, rows [][]float64, _ bool) (any, error) {
	explanation, err := s.client.Explain(ctx, model, rows)
	return converted(explanationRecord, explanation, err)
}

func (s sdk) explainTable(ctx context.Context, model string, table *modelwire.Table) (any, error) {
	explanation, err := s.client.ExplainTable(ctx, model, table)
	return converted(explanationRecord, explanation, err)
}

func (s sdk) train(ctx context.Context, training training) (any, error) {
	stored := modelwire.Stored{
		Dataset: training.dataset, Target: training.target, Targets: training.targets, Features: training.features,
	}
	described := modelwire.Training{
		Steps:        training.steps,
		Data:         stored,
		Seed:         training.seed,
		SampleWeight: training.weight,
	}
	if training.table != nil {
		described.Data = modelwire.Rows{
			Table: training.table, Target: training.target, Targets: training.targets, Features: training.features,
		}
	}
	job, err := s.client.Train(ctx, training.model, described)
	if err != nil {
		return converted(jobRecord, job, err)
	}
	training.started(job.ID)
	version, err := job.Wait(ctx)
	if err == nil && version.Version != job.Version {
		return nil, fmt.Errorf("job %s published version %d and Wait answered %d", job.ID, job.Version, version.Version)
	}
	return converted(jobRecord, job, err)
}

func (s sdk) search(ctx context.Context, asked training, tries searching) (any, error) {
	described := modelwire.Search{
		Training: modelwire.Training{
			Steps: asked.steps, Seed: asked.seed,
			Data: modelwire.Stored{Dataset: asked.dataset, Target: asked.target, Targets: asked.targets},
		},
		Folds: modelwire.Folds{Splits: tries.folds, Group: tries.group}, Publish: tries.publish,
	}
	if asked.table != nil {
		described.Training.Data = modelwire.Rows{Table: asked.table, Target: asked.target, Targets: asked.targets}
	}
	for _, try := range tries.tries {
		name := try.Name
		if try.Algorithm != "" {
			name = try.Algorithm + "__" + name
		}
		described.Parameters = append(described.Parameters, modelwire.SearchedParameter{Name: name, Values: try.Values})
	}
	job, err := s.client.Search(ctx, asked.model, described)
	if err != nil {
		return converted(jobRecord, job, err)
	}
	asked.started(job.ID)
	found, err := job.SearchResult(ctx)
	return converted(searchRecord, found, err)
}

func (s sdk) evaluate(ctx context.Context, asked training) (any, error) {
	data := modelwire.EvaluationData{
		Data:         modelwire.Stored{Dataset: asked.dataset, Target: asked.target},
		SampleWeight: asked.weight,
	}
	if asked.table != nil {
		data.Data = modelwire.Rows{Table: asked.table, Target: asked.target}
	}
	evaluation, err := s.client.Evaluate(ctx, asked.model, data)
	return converted(evaluationRecord, evaluation, err)
}

func (s sdk) importance(ctx context.Context, asked training, how modelwire.ImportanceOptions) (any, error) {
	data := modelwire.EvaluationData{
		Data:         modelwire.Stored{Dataset: asked.dataset, Target: asked.target},
		SampleWeight: asked.weight,
	}
	if asked.table != nil {
		data.Data = modelwire.Rows{Table: asked.table, Target: asked.target}
	}
	found, err := s.client.PermutationImportance(ctx, asked.model, data, how)
	return converted(importanceRecord, found, err)
}

func (s sdk) upload(ctx context.Context, dataset string, table *modelwire.Table, rowsPerPiece int) (any, error) {
	stored, err := s.client.UploadPieces(ctx, dataset, table.Pieces(rowsPerPiece))
	return converted(func(stored modelwire.Dataset) any { return record{"dataset": datasetRecord(stored)} }, stored, err)
}

func (s sdk) describeDataset(ctx context.Context, dataset string) (any, error) {
	description, err := s.client.DescribeDataset(ctx, dataset)
	return converted(descriptionRecord, description, err)
}

func (s sdk) listModels(ctx context.Context) (any, error) {
	var models []any
	for model, err := range s.client.ListModels(ctx) {
		if err != nil {
			return converted(summaryRecord, model, err)
		}
		models = append(models, summaryRecord(model))
	}
	return record{"models": models}, nil
}

func (s sdk) describeModel(ctx context.Context, model string) (any, error) {
	version, err := s.client.DescribeModel(ctx, model)
	return converted(func(version modelwire.ModelVersion) any { return record{"model": versionRecord(version)} }, version, err)
}

func (s sdk) trainingResult(ctx context.Context, model string) (any, error) {
	result, err := s.client.TrainingResult(ctx, model)
	return converted(func(result modelwire.TrainingResult) any {
		fields := record{"model": result.Model, "version": result.Version}
		putList(fields, "labels", result.Labels, same)
		putList(fields, "embedding", result.Embedding, row)
		return fields
	}, result, err)
}

func (s sdk) exportModel(ctx context.Context, model, format string) (any, error) {
	file, err := s.client.ExportModel(ctx, model, modelwire.ExportFormat(format))
	return converted(exportRecord, file, err)
}

func (s sdk) setAlias(ctx context.Context, model, alias string, version int64, expected *int64) (any, error) {
	var current modelwire.Alias
	var err error
	if expected == nil {
		current, err = s.client.SetAlias(ctx, model, alias, version)
	} else {
		current, err = s.client.SwapAlias(ctx, model, alias, version, *expected)
	}
	return converted(func(alias modelwire.Alias) any { return record{"current": aliasRecord(alias)} }, current, err)
}

func (s sdk) loadModel(ctx context.Context, model string, version int64) (any, error) {
	bytes, err := s.client.LoadModel(ctx, model, version)
	return converted(func(bytes int64) any { return record{"model_bytes": bytes} }, bytes, err)
}

func (s sdk) unloadModel(ctx context.Context, model string, version int64) (any, error) {
	err := s.client.UnloadModel(ctx, model, version)
	return converted(func(struct{}) any { return record{} }, struct{}{}, err)
}

func (s sdk) deleteVersion(ctx context.Context, model string, version int64) (any, error) {
	err := s.client.DeleteVersion(ctx, model, version)
	return converted(func(struct{}) any { return record{} }, struct{}{}, err)
}

func (s sdk) getJob(ctx context.Context, id string) (any, error) {
	job, err := s.client.GetJob(ctx, id)
	return converted(func(job *modelwire.Job) any { return record{"job": jobRecord(job)} }, job, err)
}

func (s sdk) partialFit(ctx context.Context, rows training, expectedBatch int64) (any, error) {
	learned, err := s.client.PartialFit(ctx, rows.model, modelwire.Batch{
		Steps: rows.steps, Data: modelwire.Rows{Table: rows.table, Target: rows.target}, Expected: expectedBatch,
	})
	return converted(learnedRecord, learned, err)
}

func (s sdk) getLearner(ctx context.Context, model string) (any, error) {
	learner, err := s.client.GetLearner(ctx, model)
	return converted(learnerRecord, learner, err)
}

func (s sdk) deleteLearner(ctx context.Context, model string) (any, error) {
	err := s.client.DeleteLearner(ctx, model)
	return converted(func(struct{}) any { return record{} }, struct{}{}, err)
}
