// What a step expects of an answer, as tests/interop/README.md says.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

using Json = nlohmann::ordered_json;

/** An answer is not what a scenario expects. */
struct Mismatch : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/** What stands at a dotted path; null if nothing does. */
Json at(const Json& answer, const std::string& path);

/** Whether one expectation holds. */
bool holds(const Json& expectation, const Json& actual);

/** The predictions of an answer, doubles as the hex digits of their bits. */
Json recorded(const Json& answer);

/** A value as an error shows it. */
std::string shown(const Json& value);
