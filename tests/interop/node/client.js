// The generated clients on the Apache library, as a program for Node.js has them.
"use strict";

const fs = require("fs");
const Int64 = require("node-int64");
const thrift = require("thrift");
const health = require("./gen/health_types");
const inference = require("./gen/inference_types");
const training = require("./gen/training_types");
const types = require("./gen/types_types");

const SERVICES = {
  Health: require("./gen/Health"),
  Inference: require("./gen/Inference"),
  Training: require("./gen/Training"),
};
/** THeader is a protocol here, over a transport that knows where its header ends. */
const TRANSPORTS = {
  framed: thrift.TFramedTransport,
  unframed: thrift.TBufferedTransport,
  http: thrift.TBufferedTransport,
  theader: thrift.TBufferedTransport,
};
const PROTOCOLS = { binary: thrift.TBinaryProtocol, compact: thrift.TCompactProtocol, json: thrift.TJSONProtocol };
const HEADER_PROTOCOLS = { binary: 0, compact: 2 };
const TIMEOUT_MS = 60_000;
const ENDED = ["SUCCEEDED", "FAILED", "CANCELLED"];

/** The server refused a call. */
class Refused extends Error {
  constructor({ code_name, message, hint }) {
    super(`${code_name}: ${message}; ${hint}`);
    this.code = code_name;
  }
}

/** The calls of the scenarios. Each takes a step and answers a record with the field names of the IDL. */
class Client {
  constructor(options) {
    this.options = options;
    this.connections = [];
    this.clients = {};
    // Never settles but when a connection breaks: the library leaves the calls that wait on it without an answer.
    this.broken = new Promise((_, reject) => (this.fail = reject));
    this.broken.catch(() => {});
  }

  close() {
    for (const connection of this.connections) connection.end?.();
  }

  hello({ name }) {
    return this.call("Health", "hello", new health.HelloRequest({ name }));
  }

  async echo({ bytes }) {
    const payload = Buffer.from(Array.from({ length: bytes }, (_, at) => (at * at % 65521) % 256));
    const answer = await this.call("Health", "echo", new health.EchoRequest({ payload }));
    return { bytes: payload.equals(answer.payload) ? bytes : "other bytes came back" };
  }

  async train({ model, steps, table, target, targets }) {
    const columns = Object.entries(table).map(([name, values]) => column(name, values));
    const pipeline = steps.map(({ algorithm }) => new types.Step({ algorithm }));
    const request = { model, steps: pipeline, table: new types.Table({ columns }), target, targets };
    let { job } = await this.call("Training", "train", new training.TrainRequest(request));
    while (!ENDED.includes(job.state_name)) {
      const watch = { job_id: job.id, after_sequence: new Int64(job.sequence ?? 0), wait_ms: new Int64(5_000) };
      ({ job } = await this.call("Training", "watch_job", new training.WatchJobRequest(watch)));
    }
    if (job.state_name === "FAILED") throw new Refused(job.error);
    return job;
  }

  predict({ model, matrix }) {
    return this.call("Inference", "predict", new inference.PredictRequest({ model, matrix: matrixOf(matrix) }));
  }

  predict_many({ items }) {
    const asked = items.map(({ model, matrix }) => new inference.PredictItem({ model, matrix: matrixOf(matrix) }));
    return this.call("Inference", "predict_many", new inference.PredictManyRequest({ items: asked }));
  }

  async call(service, method, request) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
    });
    try {
      this.clients[service] ??= this.connect(service);
      return record(await Promise.race([this.clients[service][method](request), this.broken, late]));
    } catch (error) {
      throw error instanceof types.ServiceError ? new Refused(error) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** One connection a service: the library looks for the method of an answer in the one client of its connection. */
  connect(service) {
    const connection = open(this.options);
    connection.on("error", this.fail);
    this.connections.push(connection);
    if (this.options.multiplexed) return new thrift.Multiplexer().createClient(service, SERVICES[service], connection);
    const create = this.options.transport === "http" ? thrift.createHttpClient : thrift.createClient;
    const client = create(SERVICES[service], connection);
    if (this.options.transport === "theader") client.output.setProtocolId(HEADER_PROTOCOLS[this.options.protocol]);
    return client;
  }
}

function open({ address, transport, protocol, ca }) {
  const [host, port] = address.split(":");
  const certificates = ca && { ca: fs.readFileSync(ca), rejectUnauthorized: true };
  const options = {
    transport: TRANSPORTS[transport],
    protocol: transport === "theader" ? thrift.THeaderProtocol : PROTOCOLS[protocol],
  };
  if (transport === "http") {
    return thrift.createHttpConnection(host, Number(port), { ...options, https: Boolean(ca), nodeOptions: certificates ?? {} });
  }
  const create = ca ? thrift.createSSLConnection : thrift.createConnection;
  return create(host, Number(port), { ...options, ...certificates });
}

function column(name, values) {
  return new types.Column({ name, type_name: "FLOAT", type: types.ColumnType.FLOAT, tensor: tensor(values, [values.length]) });
}

/** A list of numbers is one row. */
function matrixOf(matrix) {
  const rows = Array.isArray(matrix[0]) ? matrix : [matrix];
  const shape = rows === matrix ? [rows.length, rows[0].length] : [matrix.length];
  return tensor(rows.flat(), shape);
}

function tensor(values, shape) {
  const data = Buffer.alloc(values.length * 8);
  values.forEach((value, at) => data.writeDoubleLE(Number(value), at * 8));
  return new types.Tensor({ dtype: types.DType.F64, shape: shape.map((length) => new Int64(length)), data });
}

/** A generated struct as a record: numbers, tensors as lists, what is absent left out. */
function record(value) {
  if (value instanceof Int64) return value.toNumber();
  if (value instanceof types.Tensor) return nested(value);
  if (Array.isArray(value)) return value.map(record);
  if (Buffer.isBuffer(value) || value === null || typeof value !== "object") return value;
  const fields = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(fields.map(([name, field]) => [name, record(field)]));
}

function nested({ data, shape }) {
  const values = Array.from({ length: data.length / 8 }, (_, at) => data.readDoubleLE(at * 8));
  const [, width] = shape.map(Number);
  if (width === undefined) return values;
  return Array.from({ length: values.length / width }, (_, row) => values.slice(row * width, (row + 1) * width));
}

module.exports = { Client, Refused, TRANSPORTS, PROTOCOLS };
