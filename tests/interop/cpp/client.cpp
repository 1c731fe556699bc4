#include "client.h"

#include <cstring>
#include <vector>

#include "connection.h"

namespace {

/** Numbers in the order of this machine, which has to be that of the wire. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are little-endian");

Tensor tensorOf(const std::vector<double>& values, const std::vector<int64_t>& shape) {
  Tensor tensor;
  tensor.__set_dtype(DType::F64);
  tensor.__set_shape(shape);
  tensor.__set_data(std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)));
  return tensor;
}

template <typename Number>
Json nested(const Tensor& tensor) {
  std::vector<Number> values(tensor.data.size() / sizeof(Number));
  std::memcpy(values.data(), tensor.data.data(), values.size() * sizeof(Number));
  if (tensor.shape.size() < 2) return values;
  Json rows = Json::array();
  const auto width = static_cast<std::ptrdiff_t>(tensor.shape[1]);
  for (auto row = values.begin(); row != values.end(); row += width) rows.push_back(std::vector<Number>(row, row + width));
  return rows;
}

/** A list of numbers is one row. */
Tensor matrixOf(const Json& matrix) {
  std::vector<double> values;
  std::vector<int64_t> shape{static_cast<int64_t>(matrix.size())};
  if (matrix[0].is_array()) shape.push_back(static_cast<int64_t>(matrix[0].size()));
  for (const Json& each : matrix.flatten()) values.push_back(each);
  return tensorOf(values, shape);
}

Table tableOf(const Json& columns) {
  Table table;
  for (const auto& [name, values] : columns.items()) {
    Column column;
    column.__set_name(name);
    column.__set_type(ColumnType::FLOAT);
    column.__set_type_name("FLOAT");
    column.__set_tensor(tensorOf(values.get<std::vector<double>>(), {static_cast<int64_t>(values.size())}));
    table.columns.push_back(column);
  }
  table.__isset.columns = true;
  return table;
}

TrainRequest trainRequest(const Json& step) {
  TrainRequest request;
  std::vector<Step> steps;
  for (const Json& each : step["steps"]) {
    steps.emplace_back();
    steps.back().__set_algorithm(each["algorithm"]);
  }
  request.__set_model(step["model"]);
  request.__set_steps(steps);
  request.__set_table(tableOf(step["table"]));
  if (step.contains("target")) request.__set_target(step["target"]);
  if (step.contains("targets")) request.__set_targets(step["targets"]);
  return request;
}

Json record(const Job& job) {
  Json fields = {{"id", job.id}, {"state_name", job.state_name}, {"model", job.model}};
  if (job.__isset.version) fields["version"] = job.version;
  return fields;
}

Json record(const PredictResponse& answer) {
  Json fields = {{"model", answer.model}, {"version", answer.version}};
  if (answer.__isset.generation) fields["generation"] = answer.generation;
  if (answer.__isset.values) fields["values"] = nested<double>(answer.values);
  if (answer.__isset.probabilities) fields["probabilities"] = nested<double>(answer.probabilities);
  if (answer.__isset.clusters) fields["clusters"] = nested<int64_t>(answer.clusters);
  if (answer.__isset.distances) fields["distances"] = nested<double>(answer.distances);
  if (answer.__isset.transformed) fields["transformed"] = nested<double>(answer.transformed);
  return fields;
}

Json record(const PredictOutcome& outcome) {
  if (outcome.__isset.response) return {{"response", record(outcome.response)}};
  return {{"error", {{"code_name", outcome.error.code_name}, {"message", outcome.error.message}}}};
}

/** Makes a call; what the server refuses is thrown as one exception. */
template <typename Call>
void answered(Call call) {
  try {
    call();
  } catch (const ServiceError& error) {
    throw Refused(error);
  }
}

bool hasEnded(const Job& job) {
  return job.state_name == "SUCCEEDED" || job.state_name == "FAILED" || job.state_name == "CANCELLED";
}

}  // namespace

Client::Client(const Options& options) {
  const auto protocol = connected(options);
  transport = protocol->getTransport();
  health = std::make_unique<HealthClient>(protocol, of("Health", protocol, options.multiplexed));
  inference = std::make_unique<InferenceClient>(protocol, of("Inference", protocol, options.multiplexed));
  training = std::make_unique<TrainingClient>(protocol, of("Training", protocol, options.multiplexed));
}

Client::~Client() { transport->close(); }

Json Client::hello(const Json& step) {
  HelloRequest request;
  request.__set_name(step["name"]);
  HelloResponse answer;
  answered([&] { health->hello(answer, request); });
  return {{"greeting", answer.greeting}, {"server", answer.server}, {"version", answer.version}};
}

Json Client::echo(const Json& step) {
  std::string payload(step["bytes"].get<std::size_t>(), '\0');
  for (std::size_t at = 0; at < payload.size(); ++at) payload[at] = static_cast<char>(at * at % 65521);
  EchoRequest request;
  request.__set_payload(payload);
  EchoResponse answer;
  answered([&] { health->echo(answer, request); });
  return {{"bytes", answer.payload == payload ? step["bytes"] : Json("other bytes came back")}};
}

Json Client::train(const Json& step) {
  TrainResponse started;
  answered([&] { training->train(started, trainRequest(step)); });
  Job job = started.job;
  while (!hasEnded(job)) {
    WatchJobRequest request;
    request.__set_job_id(job.id);
    request.__set_after_sequence(job.sequence);
    request.__set_wait_ms(5'000);
    WatchJobResponse watched;
    answered([&] { training->watch_job(watched, request); });
    job = watched.job;
  }
  if (job.state_name == "FAILED") throw Refused(job.error);
  return record(job);
}

Json Client::predict(const Json& step) {
  PredictRequest request;
  request.__set_model(step["model"]);
  request.__set_matrix(matrixOf(step["matrix"]));
  PredictResponse answer;
  answered([&] { inference->predict(answer, request); });
  return record(answer);
}

Json Client::predictMany(const Json& step) {
  std::vector<PredictItem> items;
  for (const Json& each : step["items"]) {
    items.emplace_back();
    items.back().__set_model(each["model"]);
    items.back().__set_matrix(matrixOf(each["matrix"]));
  }
  PredictManyRequest request;
  request.__set_items(items);
  PredictManyResponse answer;
  answered([&] { inference->predict_many(answer, request); });
  Json outcomes = Json::array();
  for (const PredictOutcome& outcome : answer.outcomes) outcomes.push_back(record(outcome));
  return {{"outcomes", outcomes}};
}
