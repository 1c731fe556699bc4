package main

import (
	"errors"
	"time"

	"github.com/modelwire/modelwire/clients/go"
)

// The answers of the client under the names of the IDL. What it shows as empty is absent on the wire.

// put adds a field unless it is empty.
func put[T comparable](fields record, name string, value T) {
	var empty T
	if value != empty {
		fields[name] = value
	}
}

func putTime(fields record, name string, at time.Time) {
	if !at.IsZero() {
		fields[name] = at.UnixMilli()
	}
}

func putList[T any](fields record, name string, values []T, convert func(T) any) {
	if values == nil {
		return
	}
	list := make([]any, len(values))
	for position, value := range values {
		list[position] = convert(value)
	}
	fields[name] = list
}

func putColumn(fields record, name string, column modelwire.Column) {
	if column.Type() == "" {
		return
	}
	values := make([]any, column.Len())
	for row := range values {
		values[row] = column.Value(row)
	}
	fields[name] = values
}

func same[T any](value T) any { return value }

func row(values []float64) any {
	fields := record{}
	putList(fields, "row", values, same)
	return fields["row"]
}

func metrics(values map[string]float64) record {
	fields := record{}
	for name, value := range values {
		fields[name] = value
	}
	return fields
}

func greetingRecord(greeting modelwire.Greeting) any {
	return record{
		"greeting": greeting.Greeting, "server": greeting.Server, "version": greeting.Version,
		"uptime_ms": greeting.Uptime.Milliseconds(), "time_ms": greeting.Time.UnixMilli(),
	}
}

func predictionRecord(prediction modelwire.Prediction) any {
	fields := record{"model": prediction.Model, "version": prediction.Version}
	put(fields, "generation", prediction.Generation)
	putList(fields, "values", prediction.Values, same)
	putColumn(fields, "labels", prediction.Labels)
	putList(fields, "probabilities", prediction.Probabilities, row)
	putColumn(fields, "classes", prediction.Classes)
	putList(fields, "clusters", prediction.Clusters, same)
	putList(fields, "distances", prediction.Distances, row)
	putList(fields, "transformed", prediction.Transformed, row)
	return fields
}

func exportRecord(file modelwire.ExportedModel) any {
	return record{
		"model": file.Model, "version": file.Version, "file_name": file.FileName, "sha256": file.SHA256, "bytes": int64(len(file.Content)),
	}
}

func importanceRecord(found modelwire.PermutationImportance) any {
	fields := record{
		"model": found.Model, "version": found.Version, "n_samples": found.Samples, "scoring": found.Scoring, "baseline": found.Baseline,
	}
	put(fields, "generation", found.Generation)
	putList(fields, "features", found.Features, same)
	putList(fields, "importances_mean", found.Mean, same)
	putList(fields, "importances_std", found.Deviation, same)
	putList(fields, "importances", found.Importances, row)
	return fields
}

func evaluationRecord(evaluation modelwire.Evaluation) any {
	fields := record{
		"model": evaluation.Model, "version": evaluation.Version, "n_samples": evaluation.Samples,
		"metrics": metrics(evaluation.Metrics),
	}
	put(fields, "generation", evaluation.Generation)
	put(fields, "silhouette_samples", evaluation.SilhouetteSamples)
	putColumn(fields, "labels", evaluation.Labels)
	putList(fields, "classes", evaluation.Classes, func(class modelwire.ClassMetrics) any {
		of := record{"f1": class.F1, "support": class.Support}
		if class.Precision != nil {
			of["precision"] = *class.Precision
		}
		if class.Recall != nil {
			of["recall"] = *class.Recall
		}
		return of
	})
	putList(fields, "confusion", evaluation.Confusion, row)
	return fields
}

func searchRecord(found modelwire.SearchResult) any {
	fields := record{"scoring": found.Scoring, "n_splits": int64(found.Splits)}
	putList(fields, "candidates", found.Candidates, func(candidate modelwire.Candidate) any {
		of := record{"number": candidate.Number, "rank": candidate.Rank, "n_resources": candidate.Resources}
		put(of, "error", candidate.Err)
		putList(of, "split_test_scores", candidate.SplitTestScores, same)
		if candidate.MeanTestScore != nil {
			of["mean_test_score"] = *candidate.MeanTestScore
		}
		if candidate.StdTestScore != nil {
			of["std_test_score"] = *candidate.StdTestScore
		}
		return of
	})
	putList(fields, "best_steps", found.BestSteps, func(step modelwire.Step) any { return record{"algorithm": step.Algorithm} })
	return fields
}

func outcomesRecord(outcomes []modelwire.PredictOutcome) any {
	list := make([]any, len(outcomes))
	for position, outcome := range outcomes {
		failure := new(modelwire.Error)
		if errors.As(outcome.Err, &failure) {
			list[position] = record{"error": record{"code_name": string(failure.Code), "message": failure.Message}}
		} else {
			list[position] = record{"response": predictionRecord(outcome.Prediction)}
		}
	}
	return record{"outcomes": list}
}

func explanationRecord(explanation modelwire.Explanation) any {
	fields := record{"model": explanation.Model, "version": explanation.Version, "scale": explanation.Scale}
	put(fields, "generation", explanation.Generation)
	putList(fields, "base_values", explanation.BaseValues, same)
	putList(fields, "contributions", explanation.Contributions, func(answers [][]float64) any {
		fields := record{}
		putList(fields, "answers", answers, row)
		return fields["answers"]
	})
	putList(fields, "features", explanation.Features, same)
	putColumn(fields, "classes", explanation.Classes)
	putList(fields, "outputs", explanation.Outputs, same)
	return fields
}

func jobRecord(job *modelwire.Job) any {
	fields := record{
		"id": job.ID, "state_name": string(job.State), "model": job.Model, "progress": job.Progress,
		"metrics": metrics(job.Metrics), "sequence": job.Sequence,
	}
	put(fields, "version", job.Version)
	putTime(fields, "created_ms", job.Created)
	putTime(fields, "started_ms", job.Started)
	putTime(fields, "finished_ms", job.Finished)
	if job.Err != nil {
		fields["error"] = errorRecord(job.Err)
	}
	return fields
}

func errorRecord(failure *modelwire.Error) record {
	fields := record{"code_name": string(failure.Code), "message": failure.Message}
	put(fields, "hint", failure.Hint)
	return fields
}

func schemaRecord(column modelwire.ColumnSchema) any {
	return record{"name": column.Name, "type_name": string(column.Type)}
}

func datasetRecord(dataset modelwire.Dataset) record {
	fields := record{
		"name": dataset.Name, "version": dataset.Version, "n_rows": dataset.Rows, "sha256": dataset.SHA256,
		"size_bytes": dataset.Size,
	}
	putTime(fields, "created_ms", dataset.Created)
	putList(fields, "columns", dataset.Columns, schemaRecord)
	return fields
}

func descriptionRecord(description modelwire.DatasetDescription) any {
	fields := record{"dataset": datasetRecord(description.Dataset)}
	putList(fields, "statistics", description.Statistics, statisticsRecord)
	return fields
}

func statisticsRecord(statistics modelwire.ColumnStatistics) any {
	fields := record{"column": schemaRecord(statistics.Column), "count": statistics.Count, "missing": statistics.Missing}
	for name, value := range map[string]*float64{
		"mean": statistics.Mean, "deviation": statistics.Deviation, "minimum": statistics.Minimum, "maximum": statistics.Maximum,
	} {
		if value != nil {
			fields[name] = *value
		}
	}
	return fields
}

func summaryRecord(model modelwire.ModelSummary) any {
	fields := record{"name": model.Name}
	putList(fields, "versions", model.Versions, same)
	putList(fields, "aliases", model.Aliases, func(alias modelwire.Alias) any { return aliasRecord(alias) })
	return fields
}

func aliasRecord(alias modelwire.Alias) record {
	return record{"name": alias.Name, "version": alias.Version, "generation": alias.Generation}
}

func versionRecord(version modelwire.ModelVersion) record {
	schema := record{"target": schemaRecord(version.Schema.Target)}
	putList(schema, "features", version.Schema.Features, schemaRecord)
	putList(schema, "targets", version.Schema.Targets, schemaRecord)
	putColumn(schema, "classes", version.Schema.Classes)
	putList(schema, "outputs", version.Schema.Outputs, same)
	fields := record{
		"name": version.Name, "version": version.Version, "kind": version.Kind, "schema": schema,
		"metrics": metrics(version.Metrics), "n_samples": version.Samples, "seed": version.Seed, "sha256": version.SHA256,
		"size_bytes": version.Size,
	}
	put(fields, "job_id", version.JobID)
	put(fields, "dataset", version.Dataset)
	put(fields, "data_sha256", version.DataSHA256)
	putTime(fields, "created_ms", version.Created)
	putList(fields, "aliases", version.Aliases, same)
	putList(fields, "steps", version.Steps, stepRecord)
	return fields
}

func stepRecord(step modelwire.Step) any {
	fields := record{"algorithm": step.Algorithm}
	putList(fields, "columns", step.Columns, same)
	return fields
}

func learnedRecord(learned modelwire.LearnedBatch) any {
	fields := record{"batch": learned.Number, "n_samples": learned.Samples}
	put(fields, "version", learned.Version)
	putList(fields, "notes", learned.Notes, same)
	return fields
}

func learnerRecord(learner *modelwire.Learner) any {
	fields := record{"model": learner.Model, "batches": learner.Batches, "samples": learner.Samples}
	put(fields, "last_version", learner.LastVersion)
	putList(fields, "recent", learner.Recent, learnedRecord)
	return record{"learner": fields}
}
