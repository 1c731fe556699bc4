// The generated clients on the Apache library, as a program in C++ has them.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "Health.h"
#include "Inference.h"
#include "Training.h"
#include "answer.h"

/** The server refused a call. */
struct Refused : std::runtime_error {
  explicit Refused(const ServiceError& error)
      : std::runtime_error(error.code_name + ": " + error.message + "; " + error.hint), code(error.code_name) {}
  std::string code;
};

/** How to reach the server. */
struct Options {
  std::string address, scenarios, run, transport, protocol, results, ca;
  bool multiplexed = false;
};

/** The calls of the scenarios. Each takes a step and answers a record with the field names of the IDL. */
class Client {
 public:
  explicit Client(const Options& options);
  ~Client();

  Json hello(const Json& step);
  Json echo(const Json& step);
  Json train(const Json& step);
  Json predict(const Json& step);
  Json predictMany(const Json& step);

 private:
  std::shared_ptr<apache::thrift::transport::TTransport> transport;
  std::unique_ptr<HealthClient> health;
  std::unique_ptr<InferenceClient> inference;
  std::unique_ptr<TrainingClient> training;
};
