package modelwire

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// ModelSummary is a model with its versions and aliases.
type ModelSummary struct {
	Name string
	// Versions are ascending.
	Versions []int64
	// States are "loaded", "loading", "unloaded" or "damaged", one for each of Versions.
	States []string
	// Aliases are in the order of their names.
	Aliases []Alias
}

// Alias is a name for a version of a model. "churn" alone means its alias stable; latest is reserved for the newest version.
type Alias struct {
	Name    string
	Version int64
	// Generation is how often the alias has been set, from 1.
	Generation int64
}

// ModelVersion is what a version of a model takes, how it was made and how well it fits.
type ModelVersion struct {
	Name    string
	Version int64
	// Kind is that of the last step: "regressor", "classifier", "clusterer", "outlier_detector" or "transformer".
	Kind string
	// Steps are the pipeline with every hyper-parameter, defaults written out.
	Steps  []Step
	Schema ModelSchema
	// Metrics are r2 and rmse, or accuracy and log_loss: on rows that were held out, by a second model that has not seen
	// them; absent where there were none. After "training_" on rows that it was trained on. Of a clusterer: inertia, or n_clusters
	// and noise, which is the share of rows in no cluster; of a mixture log_likelihood, on held-out rows as well.
	Metrics map[string]float64
	// Samples is the number of rows that it was trained on.
	Samples int64
	Seed    int64
	// JobID names the job that trained it.
	JobID string
	// Dataset is "wine@2" if it was trained on a stored data set.
	Dataset string
	// DataSHA256 is that of the rows that it was trained on, in hex.
	DataSHA256 string
	// SHA256 is that of the model, in hex.
	SHA256 string
	// Size is that of the model, in bytes.
	Size int64
	// Created is in UTC.
	Created time.Time
	// Aliases are the names of those that name it.
	Aliases []string
	// State is "loaded", "loading" or "unloaded".
	State string
}

// Reference names this version: "churn@3".
func (v ModelVersion) Reference() string { return fmt.Sprintf("%s@%d", v.Name, v.Version) }

// ModelSchema is what a version takes and was taught.
type ModelSchema struct {
	// Features are the columns that Predict takes, in order.
	Features []ColumnSchema
	// Target is the column that it learnt to predict; the zero ColumnSchema where there is none, or several.
	Target ColumnSchema
	// Classes are the labels of a classification, in ascending order.
	Classes Column
	// Outputs are the names of the columns that a transformer, or a regressor of several targets, answers as [Prediction].Transformed,
	// in order; nil where others answer.
	Outputs []string
	// Targets are the columns that a regressor of several has learnt to predict, in the order of Outputs; nil elsewhere.
	Targets []ColumnSchema
}

// ListModels are the models by name.
func (c *Client) ListModels(ctx context.Context, options ...CallOption) iter.Seq2[ModelSummary, error] {
	return pages(func(after *string) ([]ModelSummary, *string, error) {
		call := c.call(anyNumberOf, options)
		reply, err := invoke(ctx, call, wire.NewModelsClient(call).ListModels, &wire.ListModelsRequest{Context: call.head, After: after})
		if err != nil {
			return nil, nil, err
		}
		models, err := each(reply.Models, summaryFrom)
		return models, reply.NextPage, err
	})
}

// DescribeModel asks what a version takes, how it was made and how well it fits. The model is named as in [Client.Predict].
// It fails with [ErrNotFound] and, if that is no reference, with [ErrInvalidArgument].
func (c *Client) DescribeModel(ctx context.Context, model string, options ...CallOption) (ModelVersion, error) {
	call := c.call(anyNumberOf, options)
	request := &wire.DescribeModelRequest{Context: call.head, Model: &model}
	reply, err := invoke(ctx, call, wire.NewModelsClient(call).DescribeModel, request)
	if err != nil {
		return ModelVersion{}, err
	}
	return versionFrom(reply.Model)
}

// SetAlias points an alias of a model at a version, whatever it was before.
//
// It fails with [ErrNotFound] if there is no such model or version, and with [ErrInvalidArgument] if the alias is no name.
func (c *Client) SetAlias(ctx context.Context, model, alias string, version int64, options ...CallOption) (Alias, error) {
	return c.setAlias(ctx, &wire.SetAliasRequest{Model: &model, AliasName: &alias, Version: &version}, options)
}

// SwapAlias is [Client.SetAlias] if the alias still has the generation that the caller has seen, 0 for one that is new; else
// it fails with [ErrFailedPrecondition].
func (c *Client) SwapAlias(ctx context.Context, model, alias string, version, seen int64, options ...CallOption) (Alias, error) {
	return c.setAlias(ctx, &wire.SetAliasRequest{
		Model: &model, AliasName: &alias, Version: &version, ExpectedGeneration: &seen,
	}, options)
}

// RemoveAlias removes an alias. It fails with [ErrFailedPrecondition] for stable, which goes with the model.
func (c *Client) RemoveAlias(ctx context.Context, model, alias string, options ...CallOption) error {
	var none int64
	_, err := c.setAlias(ctx, &wire.SetAliasRequest{Model: &model, AliasName: &alias, Version: &none}, options)
	return err
}

func (c *Client) setAlias(ctx context.Context, request *wire.SetAliasRequest, options []CallOption) (Alias, error) {
	call := c.call(once, options)
	request.Context = call.head
	reply, err := invoke(ctx, call, wire.NewModelsClient(call).SetAlias, request)
	if err != nil || reply.Current == nil {
		return Alias{}, err
	}
	return aliasFrom(reply.Current), nil
}

// LoadModel serves a version that is on disk, from now on and after a restart, and answers the bytes that it takes. It fails with
// [ErrNotFound], and with [ErrFailedPrecondition] if there is no room for it or it is damaged.
func (c *Client) LoadModel(ctx context.Context, model string, version int64, options ...CallOption) (int64, error) {
	return c.loadModel(ctx, &wire.LoadModelRequest{Model: &model, Version: &version}, options)
}

// ReplaceModel is [Client.LoadModel], but where there is no room other versions of the model that no alias names are unloaded
// first, lowest first.
func (c *Client) ReplaceModel(ctx context.Context, model string, version int64, options ...CallOption) (int64, error) {
	dropFirst := "drop_first"
	return c.loadModel(ctx, &wire.LoadModelRequest{Model: &model, Version: &version, Replacement: &dropFirst}, options)
}

func (c *Client) loadModel(ctx context.Context, request *wire.LoadModelRequest, options []CallOption) (int64, error) {
	call := c.call(anyNumberOf, options)
	request.Context = call.head
	reply, err := invoke(ctx, call, wire.NewModelsClient(call).LoadModel, request)
	if err != nil {
		return 0, err
	}
	return reply.GetModelBytes(), nil
}

// UnloadModel serves a version no more, until [Client.LoadModel]; it stays on disk, and calls that have begun are answered. It
// fails with [ErrNotFound], and with [ErrFailedPrecondition] if an alias names it.
func (c *Client) UnloadModel(ctx context.Context, model string, version int64, options ...CallOption) error {
	call := c.call(anyNumberOf, options)
	request := &wire.UnloadModelRequest{Context: call.head, Model: &model, Version: &version}
	_, err := invoke(ctx, call, wire.NewModelsClient(call).UnloadModel, request)
	return err
}

// DeleteVersion deletes a version of a model for good. It fails with [ErrNotFound], and with [ErrFailedPrecondition] if an
// alias names it; stable goes with the last version of a model.
func (c *Client) DeleteVersion(ctx context.Context, model string, version int64, options ...CallOption) error {
	call := c.call(once, options)
	request := &wire.DeleteVersionRequest{Context: call.head, Model: &model, Version: &version}
	_, err := invoke(ctx, call, wire.NewModelsClient(call).DeleteVersion, request)
	return err
}

func summaryFrom(sent *wire.ModelSummary) (ModelSummary, error) {
	summary := ModelSummary{Name: sent.GetName(), Versions: sent.Versions, States: sent.States}
	for _, alias := range sent.Aliases {
		summary.Aliases = append(summary.Aliases, aliasFrom(alias))
	}
	return summary, nil
}

func aliasFrom(sent *wire.Alias) Alias {
	return Alias{Name: sent.GetName(), Version: sent.GetVersion(), Generation: sent.GetGeneration()}
}

func versionFrom(sent *wire.ModelVersion) (ModelVersion, error) {
	if sent == nil {
		return ModelVersion{}, malformed("a reply without its model")
	}
	schema, err := modelSchemaFrom(sent.Schema)
	return ModelVersion{
		Name:       sent.GetName(),
		Version:    sent.GetVersion(),
		Kind:       sent.GetKind(),
		Steps:      stepsFrom(sent.Steps),
		Schema:     schema,
		Metrics:    sent.Metrics,
		Samples:    sent.GetNSamples(),
		Seed:       sent.GetSeed(),
		JobID:      sent.GetJobID(),
		Dataset:    sent.GetDataset(),
		DataSHA256: sent.GetDataSha256(),
		SHA256:     sent.GetSha256(),
		Size:       sent.GetSizeBytes(),
		Created:    timeOf(sent.CreatedMs),
		Aliases:    sent.Aliases,
		State:      sent.GetState(),
	}, err
}

func modelSchemaFrom(sent *wire.ModelSchema) (ModelSchema, error) {
	if sent == nil {
		return ModelSchema{}, nil
	}
	schema := ModelSchema{Features: schemaFrom(sent.Features), Outputs: sent.Outputs}
	if sent.Target != nil {
		schema.Target = schemaFrom([]*wire.ColumnSchema{sent.Target})[0]
	}
	if sent.Targets != nil {
		schema.Targets = schemaFrom(sent.Targets)
	}
	var err error
	schema.Classes, err = columnFrom(sent.Classes)
	return schema, err
}
