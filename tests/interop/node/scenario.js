// Plays the steps of a scenario and compares what is answered with what is expected.
"use strict";

const { Refused } = require("./client");
const { at, holds, recorded, shown } = require("./expectations");

/** The arguments of each call that this runner makes. */
const CALLS = {
  hello: ["name"],
  echo: ["bytes"],
  train: ["model", "steps", "table", "target", "targets"],
  predict: ["model", "matrix"],
  predict_many: ["items"],
};
const EXPECTATIONS = ["call", "expect", "expect_error", "record", "from"];

/** The first thing that a scenario needs and this runner has not; undefined if it can be played. */
function missing(scenario) {
  return scenario.steps.map(missingOf).find(Boolean);
}

function missingOf(step) {
  const known = CALLS[step.call];
  if (!known) return step.call;
  const other = Object.keys(step).find((name) => !known.includes(name) && !EXPECTATIONS.includes(name));
  if (other) return `${step.call} with ${other}`;
  if (step.items?.some((item) => !item.matrix)) return `${step.call} with a table`;
  if (step.steps?.some((each) => each.columns || Object.keys(each.parameters).length)) return "parameters of steps";
  // JavaScript reads 1.0 as 1, so the type of a column shows only where a number is no whole one.
  const columns = Object.values(step.table ?? {});
  return columns.every((values) => values.every((value) => typeof value === "number" && !Number.isInteger(value)))
    ? undefined
    : "train with a table of anything but fractions";
}

/** What the steps record, by key; throws where an answer is not as expected. */
async function play(scenario, client, run) {
  const records = {};
  for (const [number, template] of scenario.steps.entries()) {
    const step = JSON.parse(JSON.stringify(template).replaceAll("{run}", run));
    try {
      const answer = await called(step, client);
      if (step.record) records[`${scenario.name}/${step.record}`] = recorded(answer);
    } catch (error) {
      error.message = `step ${number + 1}, ${step.call}: ${error.message}`;
      throw error;
    }
  }
  return records;
}

async function called(step, client) {
  let answer;
  try {
    answer = await client[step.call](step);
  } catch (error) {
    if (!(error instanceof Refused) || !step.expect_error) throw error;
    const { code, contains } = step.expect_error;
    if (error.code === code && error.message.includes(contains)) return {};
    throw new Error(`refused with ${error.message}, expected ${code}: …${contains}…`);
  }
  if (step.expect_error) throw new Error(`answered ${shown(answer)}, expected ${step.expect_error.code}`);
  for (const [path, expectation] of Object.entries(step.expect ?? {})) {
    const actual = at(answer, path);
    if (!holds(expectation, actual)) throw new Error(`${path} is ${shown(actual)}, expected ${shown(expectation)}`);
  }
  return answer;
}

module.exports = { missing, play };
