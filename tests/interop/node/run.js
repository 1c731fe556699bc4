// Plays tests/interop/scenarios.json from Node.js; tests/interop/README.md says how. `build` puts it beside what it needs.
"use strict";

const fs = require("fs");
const { parseArgs } = require("util");
const { Client, TRANSPORTS, PROTOCOLS } = require("./client");
const { missing, play } = require("./scenario");

async function main(options) {
  const { scenarios } = JSON.parse(fs.readFileSync(options.scenarios, "utf8"));
  const records = {};
  let [passed, failed] = [0, 0];
  for (const scenario of scenarios) {
    const call = missing(scenario);
    if (call) {
      skip(scenario, records);
      console.log(`skip ${scenario.name}: ${call} not in this runner`);
      continue;
    }
    const why = await failure(scenario, options, records);
    why ? failed++ : passed++;
    console.log(why ? `FAIL ${scenario.name}: ${why}` : `ok ${scenario.name}`);
  }
  fs.writeFileSync(options.results, JSON.stringify(records, null, 1) + "\n");
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}

/** Plays one scenario on connections of its own; says why it failed. */
async function failure(scenario, options, records) {
  const client = new Client(options);
  try {
    Object.assign(records, await play(scenario, client, options.run));
    return null;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  } finally {
    client.close();
  }
}

function skip(scenario, records) {
  for (const step of scenario.steps.filter((step) => step.record)) {
    records[`${scenario.name}/${step.record}`] = "skipped";
  }
}

function parsed() {
  const text = { type: "string" };
  const { values } = parseArgs({
    options: {
      address: text, scenarios: text, data: text, run: text, transport: text, protocol: text, client: text, results: text,
      ca: text, multiplexed: { type: "boolean", default: false },
    },
  });
  const named = ["address", "scenarios", "run", "results"].every((name) => values[name]);
  if (!named || values.client !== "generated" || !TRANSPORTS[values.transport] || !PROTOCOLS[values.protocol]) {
    console.error("tests/interop/README.md lists the options; this runner has --client generated");
    process.exit(2);
  }
  return values;
}

main(parsed());
