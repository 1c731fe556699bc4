// What a step expects of an answer, as tests/interop/README.md says.
"use strict";

/** What stands at a dotted path; null if nothing does. */
function at(answer, path) {
  return path.split(".").reduce((value, name) => value?.[name], answer) ?? null;
}

/** Whether one expectation holds. */
function holds(expectation, actual) {
  if (expectation === null || typeof expectation !== "object" || Array.isArray(expectation)) {
    return JSON.stringify(expectation) === JSON.stringify(actual);
  }
  if ("near" in expectation) return isNear(expectation.near, expectation.relative, actual);
  if ("between" in expectation) return isBetween(expectation.between, actual);
  return contains(actual, expectation.contains);
}

function isNear(expected, relative, actual) {
  if (!Array.isArray(expected)) {
    return typeof actual === "number" && Math.abs(actual - expected) <= relative * Math.max(Math.abs(expected), 1e-300);
  }
  const sameLength = Array.isArray(actual) && actual.length === expected.length;
  return sameLength && expected.every((value, index) => isNear(value, relative, actual[index]));
}

function isBetween([low, high], actual) {
  if (Array.isArray(actual)) return actual.every((each) => isBetween([low, high], each));
  return typeof actual === "number" && low <= actual && actual <= high;
}

function contains(actual, wanted) {
  if (Array.isArray(actual)) return actual.some((each) => each === wanted || each?.name === wanted);
  return typeof actual === "string" && actual.includes(wanted);
}

/** The predictions of an answer; numbers, all of them doubles here, as the hex digits of their bits. */
function recorded(answer) {
  const names = ["values", "probabilities", "distances", "transformed"].filter((name) => answer[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, bits(answer[name])]));
}

function bits(value) {
  if (Array.isArray(value)) return value.map(bits);
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString("hex");
}

/** A value as an error shows it. */
function shown(value) {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}

module.exports = { at, holds, recorded, shown };
