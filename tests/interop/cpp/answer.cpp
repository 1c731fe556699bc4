#include "answer.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <sstream>

namespace {

bool isNear(const Json& expected, double relative, const Json& actual) {
  if (expected.is_array()) {
    return actual.is_array() && actual.size() == expected.size() &&
           std::equal(expected.begin(), expected.end(), actual.begin(),
                      [relative](const Json& left, const Json& right) { return isNear(left, relative, right); });
  }
  const double value = expected.get<double>();
  return actual.is_number() && std::abs(actual.get<double>() - value) <= relative * std::max(std::abs(value), 1e-300);
}

bool isBetween(const Json& low, const Json& high, const Json& actual) {
  if (actual.is_array()) {
    return std::all_of(actual.begin(), actual.end(), [&](const Json& each) { return isBetween(low, high, each); });
  }
  return actual.is_number() && low <= actual && actual <= high;
}

bool contains(const Json& actual, const Json& wanted) {
  if (actual.is_array()) {
    return std::any_of(actual.begin(), actual.end(), [&](const Json& each) {
      return each == wanted || (each.is_object() && each.value("name", Json()) == wanted);
    });
  }
  return actual.is_string() && actual.get_ref<const std::string&>().find(wanted.get<std::string>()) != std::string::npos;
}

Json bits(const Json& value) {
  if (value.is_array()) {
    Json list = Json::array();
    std::transform(value.begin(), value.end(), std::back_inserter(list), bits);
    return list;
  }
  if (!value.is_number_float()) return value;
  const double number = value.get<double>();
  std::uint64_t pattern;
  std::memcpy(&pattern, &number, sizeof pattern);
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(pattern));
  return digits;
}

}  // namespace

Json at(const Json& answer, const std::string& path) {
  Json value = answer;
  std::istringstream names(path);
  for (std::string name; std::getline(names, name, '.');) {
    const bool isIndex = value.is_array() && name.find_first_not_of("0123456789") == std::string::npos;
    value = isIndex && std::stoul(name) < value.size() ? Json(value[std::stoul(name)])
            : value.is_object()                        ? Json(value.value(name, Json()))
                                                       : Json();
  }
  return value;
}

bool holds(const Json& expectation, const Json& actual) {
  if (!expectation.is_object()) return expectation == actual;
  if (expectation.contains("near")) return isNear(expectation["near"], expectation["relative"], actual);
  if (expectation.contains("between")) return isBetween(expectation["between"][0], expectation["between"][1], actual);
  return contains(actual, expectation["contains"]);
}

Json recorded(const Json& answer) {
  Json found = Json::object();
  for (const char* name : {"values", "probabilities", "clusters", "distances", "transformed"}) {
    if (answer.contains(name)) found[name] = bits(answer[name]);
  }
  return found;
}

std::string shown(const Json& value) {
  const std::string text = value.dump();
  return text.size() <= 200 ? text : text.substr(0, 200) + "…";
}
