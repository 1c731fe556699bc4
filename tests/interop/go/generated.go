package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/modelwire/modelwire/clients/go"
	"github.com/modelwire/modelwire/gen/go/wire"
)

const (
	connectTime = 5 * time.Second
	answerTime  = time.Minute
	pollTime    = 10 * time.Second
)

// stubs are the generated clients on one connection of the Apache library.
type stubs struct {
	transport thrift.TTransport
	head      *wire.RequestContext
	health    *wire.HealthClient
	inference *wire.InferenceClient
	models    *wire.ModelsClient
	training  *wire.TrainingClient
	datasets  *wire.DatasetsClient
}

func connectGenerated(settings settings) (*stubs, error) {
	transport, protocol, err := connected(settings)
	if err != nil {
		return nil, err
	}
	of := func(service string) thrift.TClient { return clientOf(service, protocol, settings) }
	return &stubs{
		transport: transport,
		head: &wire.RequestContext{
			DeadlineMs: pointer(answerTime.Milliseconds()), RequestID: pointer(settings.run), Token: settings.tokenInRequest(),
		},
		health:    wire.NewHealthClient(of("Health")),
		inference: wire.NewInferenceClient(of("Inference")),
		models:    wire.NewModelsClient(of("Models")),
		training:  wire.NewTrainingClient(of("Training")),
		datasets:  wire.NewDatasetsClient(of("Datasets")),
	}, nil
}

func pointer[T any](value T) *T { return &value }

// optional is nil for what is empty.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// answered is the record of a reply, or the refusal of a server.
func answered(reply any, err error) (any, error) {
	thrown := new(wire.ServiceError)
	switch {
	case errors.As(err, &thrown):
		return nil, refused(thrown)
	case err != nil:
		return nil, err
	}
	return recordOf(reply), nil
}

func refused(thrown *wire.ServiceError) error {
	return &refusal{code: thrown.GetCodeName(), text: thrown.GetMessage() + "; " + thrown.GetHint()}
}

func (s *stubs) close() { _ = s.transport.Close() }

func (s *stubs) hello(ctx context.Context, name string) (any, error) {
	return answered(s.health.Hello(ctx, &wire.HelloRequest{Context: s.head, Name: &name}))
}

func (s *stubs) echo(ctx context.Context, payload []byte) ([]byte, error) {
	reply, err := s.health.Echo(ctx, &wire.EchoRequest{Context: s.head, Payload: payload})
	if err != nil {
		_, err = answered(nil, err)
		return nil, err
	}
	return reply.Payload, nil
}

func (s *stubs) predictMatrix(ctx context.Context, model string, rows [][]float64, single bool) (any, error) {
	request := &wire.PredictRequest{Context: s.head, Model: &model, Matrix: rowsOf(rows, single)}
	return answered(s.inference.Predict(ctx, request))
}

// rowsOf has one dimension for a single row.
func rowsOf(rows [][]float64, single bool) *wire.Tensor {
	matrix := matrixOf(rows)
	if single {
		matrix.Shape = matrix.Shape[1:]
	}
	return matrix
}

func (s *stubs) predictTable(ctx context.Context, model string, table *modelwire.Table) (any, error) {
	request := &wire.PredictRequest{Context: s.head, Model: &model, Table: packed(table)}
	return answered(s.inference.Predict(ctx, request))
}

func (s *stubs) predictMany(ctx context.Context, requests []modelwire.PredictRequest) (any, error) {
	items := make([]*wire.PredictItem, len(requests))
	for position, request := range requests {
		items[position] = &wire.PredictItem{Model: &request.Model}
		if request.Table != nil {
			items[position].Table = packed(request.Table)
		} else {
			items[position].Matrix = matrixOf(request.Rows)
		}
	}
	return answered(s.inference.PredictMany(ctx, &wire.PredictManyRequest{Context: s.head, Items: items}))
}

func (s *stubs) explainMatrix(ctx context.Context, model string, rows [][]float64, single bool) (any, error) {
	request := &wire.ExplainRequest{Context: s.head, Model: &model, Matrix: rowsOf(rows, single)}
	return answered(s.inference.Explain(ctx, request))
}

func (s *stubs) explainTable(ctx context.Context, model string, table *modelwire.Table) (any, error) {
	request := &wire.ExplainRequest{Context: s.head, Model: &model, Table: packed(table)}
	return answered(s.inference.Explain(ctx, request))
}

// train waits until the job has ended; the error of one that failed is an error.
func (s *stubs) train(ctx context.Context, training training) (any, error) {
	request := &wire.TrainRequest{
		Context: s.head, Model: &training.model, Dataset: optional(training.dataset), Target: optional(training.target),
		Targets: training.targets, Features: training.features, SampleWeight: optional(training.weight), Seed: &training.seed, Steps: stepsOf(training.steps),
	}
	if training.table != nil {
		request.Table = packed(training.table)
	}
	reply, err := s.training.Train(ctx, request)
	if err != nil {
		return answered(nil, err)
	}
	training.started(reply.Job.GetID())
	job, err := s.ended(ctx, reply.Job.GetID())
	switch {
	case err != nil:
		return answered(nil, err)
	case job.Error != nil:
		return nil, refused(job.Error)
	}
	return recordOf(job), nil
}

// search waits until the job has ended, and answers the table.
func (s *stubs) search(ctx context.Context, asked training, tries searching) (any, error) {
	request := &wire.SearchRequest{
		Context: s.head, Model: &asked.model, Dataset: optional(asked.dataset), Target: optional(asked.target), Targets: asked.targets,
		Seed: &asked.seed, Steps: stepsOf(asked.steps), CrossValidation: &wire.CrossValidation{Group: optional(tries.group)}, Publish: &tries.publish,
	}
	if tries.folds != 0 {
		request.CrossValidation.NSplits = &tries.folds
	}
	if asked.table != nil {
		request.Table = packed(asked.table)
	}
	for _, try := range tries.tries {
		searched := &wire.SearchedParameter{Name: &try.Name, Algorithm: optional(try.Algorithm)}
		for _, value := range try.Values {
			searched.Values = append(searched.Values, parameterOf(try.Name, value))
		}
		request.Parameters = append(request.Parameters, searched)
	}
	reply, err := s.training.Search(ctx, request)
	if err != nil {
		return answered(nil, err)
	}
	asked.started(reply.Job.GetID())
	job, err := s.ended(ctx, reply.Job.GetID())
	switch {
	case err != nil:
		return answered(nil, err)
	case job.Error != nil:
		return nil, refused(job.Error)
	}
	return answered(s.training.GetSearchResult_(ctx, &wire.GetSearchResultRequest{Context: s.head, JobID: job.ID}))
}

func (s *stubs) evaluate(ctx context.Context, asked training) (any, error) {
	request := &wire.EvaluateRequest{
		Context: s.head, Model: &asked.model, Dataset: optional(asked.dataset), Target: optional(asked.target),
		SampleWeight: optional(asked.weight),
	}
	if asked.table != nil {
		request.Table = packed(asked.table)
	}
	return answered(s.training.Evaluate(ctx, request))
}

func (s *stubs) importance(ctx context.Context, asked training, how modelwire.ImportanceOptions) (any, error) {
	request := &wire.PermutationImportanceRequest{
		Context: s.head, Model: &asked.model, Dataset: optional(asked.dataset), Target: optional(asked.target),
		SampleWeight: optional(asked.weight), Scoring: optional(how.Scoring), NRepeats: &how.Repeats, Seed: &how.Seed,
	}
	if asked.table != nil {
		request.Table = packed(asked.table)
	}
	return answered(s.training.PermutationImportance(ctx, request))
}

func (s *stubs) ended(ctx context.Context, id string) (*wire.Job, error) {
	after := int64(0)
	for ctx.Err() == nil {
		reply, err := s.training.WatchJob(ctx, &wire.WatchJobRequest{
			Context: s.head, JobID: &id, AfterSequence: &after, WaitMs: pointer(pollTime.Milliseconds()),
		})
		if err != nil {
			return nil, err
		}
		if state := wire.JobState(reply.Job.GetState()); state >= wire.JobState_SUCCEEDED {
			return reply.Job, nil
		}
		for _, event := range reply.Events {
			after = event.GetSequence()
		}
	}
	return nil, ctx.Err()
}

func (s *stubs) upload(ctx context.Context, dataset string, table *modelwire.Table, rowsPerPiece int) (any, error) {
	created, err := s.datasets.CreateDataset(ctx, &wire.CreateDatasetRequest{Context: s.head, Name: &dataset})
	if err != nil {
		return answered(nil, err)
	}
	rows := int64(0)
	for piece := range table.Pieces(rowsPerPiece) {
		sent := packed(piece)
		sum := int64(crc32.ChecksumIEEE(sentBytes(sent)))
		reply, err := s.datasets.AppendRows(ctx, &wire.AppendRowsRequest{
			Context: s.head, UploadID: created.UploadID, Offset: &rows, Table: sent, Crc32: &sum,
		})
		if err != nil {
			return answered(nil, err)
		}
		if reply.GetNRows() != rows+int64(piece.Len()) {
			return nil, fmt.Errorf("%d rows are stored after %d and %d more", reply.GetNRows(), rows, piece.Len())
		}
		rows = reply.GetNRows()
	}
	return answered(s.datasets.CommitDataset(ctx, &wire.CommitDatasetRequest{Context: s.head, UploadID: created.UploadID, NRows: &rows}))
}

func (s *stubs) describeDataset(ctx context.Context, dataset string) (any, error) {
	return answered(s.datasets.DescribeDataset(ctx, &wire.DescribeDatasetRequest{Context: s.head, Dataset: &dataset}))
}

func (s *stubs) listModels(ctx context.Context) (any, error) {
	request, listed := &wire.ListModelsRequest{Context: s.head}, &wire.ListModelsResponse{}
	for {
		page, err := s.models.ListModels(ctx, request)
		if err != nil {
			return answered(nil, err)
		}
		listed.Models = append(listed.Models, page.Models...)
		if page.NextPage == nil {
			return answered(listed, nil)
		}
		request.After = page.NextPage
	}
}

func (s *stubs) describeModel(ctx context.Context, model string) (any, error) {
	return answered(s.models.DescribeModel(ctx, &wire.DescribeModelRequest{Context: s.head, Model: &model}))
}

func (s *stubs) trainingResult(ctx context.Context, model string) (any, error) {
	return answered(s.models.GetTrainingResult_(ctx, &wire.GetTrainingResultRequest{Context: s.head, Model: &model}))
}

func (s *stubs) exportModel(ctx context.Context, model, format string) (any, error) {
	file, err := s.models.ExportModel(ctx, &wire.ExportModelRequest{Context: s.head, Model: &model, Format: &format})
	if err != nil {
		return answered(nil, err)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(file.Content)); sum != file.GetSha256() {
		return nil, fmt.Errorf("the file has the SHA-256 %s and its answer says %s", sum, file.GetSha256())
	}
	return exportRecord(modelwire.ExportedModel{
		Model: file.GetModel(), Version: file.GetVersion(), FileName: file.GetFileName(), SHA256: file.GetSha256(), Content: file.Content,
	}), nil
}

func (s *stubs) setAlias(ctx context.Context, model, alias string, version int64, expected *int64) (any, error) {
	return answered(s.models.SetAlias(ctx, &wire.SetAliasRequest{
		Context: s.head, Model: &model, AliasName: &alias, Version: &version, ExpectedGeneration: expected,
	}))
}

func (s *stubs) loadModel(ctx context.Context, model string, version int64) (any, error) {
	return answered(s.models.LoadModel(ctx, &wire.LoadModelRequest{Context: s.head, Model: &model, Version: &version}))
}

func (s *stubs) unloadModel(ctx context.Context, model string, version int64) (any, error) {
	return answered(s.models.UnloadModel(ctx, &wire.UnloadModelRequest{Context: s.head, Model: &model, Version: &version}))
}

func (s *stubs) deleteVersion(ctx context.Context, model string, version int64) (any, error) {
	return answered(s.models.DeleteVersion(ctx, &wire.DeleteVersionRequest{Context: s.head, Model: &model, Version: &version}))
}

func (s *stubs) getJob(ctx context.Context, id string) (any, error) {
	return answered(s.training.GetJob(ctx, &wire.GetJobRequest{Context: s.head, JobID: &id}))
}

func (s *stubs) partialFit(ctx context.Context, rows training, expectedBatch int64) (any, error) {
	request := &wire.PartialFitRequest{
		Context: s.head, Model: &rows.model, Table: packed(rows.table), Target: optional(rows.target), Steps: stepsOf(rows.steps),
	}
	if expectedBatch != 0 {
		request.ExpectedBatch = &expectedBatch
	}
	return answered(s.training.PartialFit(ctx, request))
}

func (s *stubs) getLearner(ctx context.Context, model string) (any, error) {
	return answered(s.training.GetLearner(ctx, &wire.GetLearnerRequest{Context: s.head, Model: &model}))
}

func (s *stubs) deleteLearner(ctx context.Context, model string) (any, error) {
	return answered(s.training.DeleteLearner(ctx, &wire.DeleteLearnerRequest{Context: s.head, Model: &model}))
}
