// Plays tests/interop/scenarios.json from C++; tests/interop/README.md says how. `build` makes it.
#include <algorithm>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <set>

#include "answer.h"
#include "client.h"

namespace {

/** A call of the scenarios: the arguments that this runner knows, and how it is made. */
struct Call {
  std::set<std::string> arguments;
  Json (Client::*make)(const Json& step);
};

const std::map<std::string, Call> kCalls = {
    {"hello", {{"name"}, &Client::hello}},
    {"echo", {{"bytes"}, &Client::echo}},
    {"train", {{"model", "steps", "table", "target", "targets"}, &Client::train}},
    {"predict", {{"model", "matrix"}, &Client::predict}},
    {"predict_many", {{"items"}, &Client::predictMany}},
};
const std::set<std::string> kExpectations = {"call", "expect", "expect_error", "record", "from"};

bool isFractions(const Json& values) {
  return std::all_of(values.begin(), values.end(), [](const Json& value) { return value.is_number_float(); });
}

/** The first thing that a step needs and this runner has not; empty if it can be played. */
std::string missing(const Json& step) {
  const std::string call = step["call"];
  const auto known = kCalls.find(call);
  if (known == kCalls.end()) return call;
  for (const auto& [name, value] : step.items()) {
    if (!known->second.arguments.count(name) && !kExpectations.count(name)) return call + " with " + name;
  }
  for (const Json& item : step.value("items", Json::array())) {
    if (!item.contains("matrix")) return call + " with a table";
  }
  for (const Json& each : step.value("steps", Json::array())) {
    if (each.contains("columns") || !each["parameters"].empty()) return "parameters of steps";
  }
  const Json columns = step.value("table", Json::object());
  return std::all_of(columns.begin(), columns.end(), isFractions) ? "" : "train with a table of anything but fractions";
}

std::string missingOf(const Json& scenario) {
  for (const Json& step : scenario["steps"]) {
    if (const std::string what = missing(step); !what.empty()) return what;
  }
  return "";
}

Json substituted(const Json& step, const std::string& run) {
  std::string text = step.dump();
  for (std::size_t at; (at = text.find("{run}")) != std::string::npos;) text.replace(at, 5, run);
  return Json::parse(text);
}

Json called(const Json& step, Client& client) {
  Json answer;
  try {
    answer = (client.*kCalls.at(step["call"]).make)(step);
  } catch (const Refused& refusal) {
    if (!step.contains("expect_error")) throw;
    const Json& expected = step["expect_error"];
    const std::string contains = expected["contains"];
    if (refusal.code == expected["code"] && std::string(refusal.what()).find(contains) != std::string::npos) return Json::object();
    throw Mismatch("refused with " + std::string(refusal.what()) + ", expected " + shown(expected));
  }
  if (step.contains("expect_error")) throw Mismatch("answered " + shown(answer) + ", expected " + shown(step["expect_error"]));
  const Json expected = step.value("expect", Json::object());
  for (const auto& [path, expectation] : expected.items()) {
    const Json actual = at(answer, path);
    if (!holds(expectation, actual)) throw Mismatch(path + " is " + shown(actual) + ", expected " + shown(expectation));
  }
  return answer;
}

/** Plays one scenario on a connection of its own and adds what it records. */
void play(const Json& scenario, const Options& options, Json& records) {
  Client client(options);
  int number = 0;
  for (const Json& each : scenario["steps"]) {
    const Json step = substituted(each, options.run);
    ++number;
    try {
      const Json answer = called(step, client);
      if (step.contains("record")) {
        records[scenario["name"].get<std::string>() + "/" + step["record"].get<std::string>()] = recorded(answer);
      }
    } catch (const std::exception& error) {
      throw Mismatch("step " + std::to_string(number) + ", " + step["call"].get<std::string>() + ": " + error.what());
    }
  }
}

void skip(const Json& scenario, Json& records) {
  for (const Json& step : scenario["steps"]) {
    if (step.contains("record")) records[scenario["name"].get<std::string>() + "/" + step["record"].get<std::string>()] = "skipped";
  }
}

/** Answers how many failed. */
int playAll(const Options& options) {
  const Json scenarios = Json::parse(std::ifstream(options.scenarios))["scenarios"];
  Json records = Json::object();
  int passed = 0, failed = 0;
  for (const Json& scenario : scenarios) {
    const std::string name = scenario["name"];
    if (const std::string what = missingOf(scenario); !what.empty()) {
      skip(scenario, records);
      std::cout << "skip " << name << ": " << what << " not in this runner" << std::endl;
      continue;
    }
    try {
      play(scenario, options, records);
      ++passed;
      std::cout << "ok " << name << std::endl;
    } catch (const std::exception& error) {
      ++failed;
      std::cout << "FAIL " << name << ": " << error.what() << std::endl;
    }
  }
  std::ofstream(options.results) << records.dump(1) << "\n";
  std::cout << passed << " passed, " << failed << " failed" << std::endl;
  return failed;
}

Options parsed(int count, char** arguments) {
  Options options;
  std::string data, client;
  const std::map<std::string, std::string*> texts = {
      {"--address", &options.address},     {"--scenarios", &options.scenarios}, {"--run", &options.run},
      {"--transport", &options.transport}, {"--protocol", &options.protocol},   {"--results", &options.results},
      {"--ca", &options.ca},               {"--data", &data},                   {"--client", &client},
  };
  for (int at = 1; at < count; ++at) {
    const std::string name = arguments[at];
    if (name == "--multiplexed") {
      options.multiplexed = true;
    } else if (texts.count(name) && at + 1 < count) {
      *texts.at(name) = arguments[++at];
    } else {
      throw std::invalid_argument("there is no option " + name);
    }
  }
  if (client != "generated") throw std::invalid_argument("this runner has --client generated");
  return options;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return playAll(parsed(count, arguments)) == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "; tests/interop/README.md lists the options" << std::endl;
    return 2;
  }
}
