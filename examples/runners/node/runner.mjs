// A learner for Minerva in Node: boosted decision stumps, no dependency.
//
// It speaks the runner protocol (docs/runner-protocol.md): a request per line on standard input, an
// answer per line on standard output; console.error writes to the log, console.log must not be used.
// Try it: minerva test --command "node runner.mjs"

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const CUTS = 16; // thresholds tried per feature

class InvalidData extends Error {}

// --- features: every input becomes one or more numbers ---

function planFeatures(fields, records) {
  const features = [];
  for (const { name, type, values } of fields) {
    if (type === 'text') continue; // this learner cannot read
    for (const value of values ?? [null]) {
      const known = records.map((r) => toNumber(r.inputs[name], value)).filter((n) => n !== null);
      const mean = known.length ? known.reduce((a, b) => a + b, 0) / known.length : 0;
      features.push({ name, value, mean });
    }
  }
  return features;
}

function toNumber(cell, value) {
  if (cell === null || cell === undefined) return null;
  return value === null ? Number(cell) : Number(cell === value);
}

// What is missing counts as average.
const encode = (features, record) =>
  features.map(({ name, value, mean }) => toNumber(record[name], value) ?? mean);

// --- learning: each stump asks one question and adds one of two numbers to the score ---

function boost(rows, truth, { rounds, rate }, link) {
  const start = link.inverse(truth.reduce((a, b) => a + b, 0) / truth.length);
  const scores = truth.map(() => start);
  const cuts = rows[0].map((_, j) => cutsOf(rows.map((row) => row[j])));
  const stumps = [];
  for (let round = 0; round < rounds; round += 1) {
    const residuals = truth.map((t, i) => t - link.forward(scores[i]));
    const stump = bestStump(rows, residuals, scores.map(link.curvature), cuts);
    if (stump === null) break;
    stump.below *= rate;
    stump.above *= rate;
    rows.forEach((row, i) => { scores[i] += ask(stump, row); });
    stumps.push(stump);
  }
  return { start, stumps };
}

function cutsOf(numbers) {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const step = Math.max(1, Math.ceil((sorted.length - 1) / CUTS));
  const cuts = [];
  for (let i = 0; i + 1 < sorted.length; i += step) cuts.push((sorted[i] + sorted[i + 1]) / 2);
  return cuts;
}

function bestStump(rows, residuals, curvatures, cuts) {
  let best = null;
  cuts.forEach((thresholds, feature) => {
    for (const threshold of thresholds) {
      let [gBelow, hBelow, gAbove, hAbove] = [0, 1, 0, 1]; // 1: a small step where little is known
      rows.forEach((row, i) => {
        if (row[feature] < threshold) { gBelow += residuals[i]; hBelow += curvatures[i]; }
        else { gAbove += residuals[i]; hAbove += curvatures[i]; }
      });
      const gain = gBelow ** 2 / hBelow + gAbove ** 2 / hAbove;
      if (best === null || gain > best.gain) {
        best = { gain, feature, threshold, below: gBelow / hBelow, above: gAbove / hAbove };
      }
    }
  });
  return best;
}

const ask = (stump, row) => (row[stump.feature] < stump.threshold ? stump.below : stump.above);
const score = ({ start, stumps }, row) => stumps.reduce((sum, stump) => sum + ask(stump, row), start);

const logistic = (z) => 1 / (1 + Math.exp(-z));
const LINKS = {
  identity: { forward: (z) => z, inverse: (mean) => mean, curvature: () => 1 },
  logit: {
    forward: logistic,
    inverse: (mean) => Math.log((mean + 1e-6) / (1 - mean + 1e-6)),
    curvature: (z) => logistic(z) * (1 - logistic(z)),
  },
};

// --- requests ---

let model = null;

function train(request, progress) {
  const lines = readFileSync(request.data, 'utf8').split('\n').filter((line) => line !== '');
  const records = lines.map((line) => JSON.parse(line));
  if (records.length === 0) throw new InvalidData('there are no records to learn from');
  const settings = { rounds: 60, rate: 0.3, ...request.parameters };
  const features = planFeatures(request.schema.inputs, records);
  const rows = records.map((record) => encode(features, record.inputs));
  const outputs = request.schema.output.map(({ name, type, values }, done, all) => {
    progress(done / all.length, `learning ${name}`);
    const kept = records.flatMap((record, i) => (record.output[name] === null ? [] : [i]));
    if (kept.length === 0) throw new InvalidData(`output ${name} has no value to learn from`);
    const truth = kept.map((i) => records[i].output[name]);
    const some = kept.map((i) => rows[i]);
    if (type === 'number' || type === 'integer') {
      return { name, type, trees: [boost(some, truth, settings, LINKS.identity)] };
    }
    const trees = (values ?? [true]).map((value) =>
      boost(some, truth.map((t) => Number(t === value)), settings, LINKS.logit));
    return { name, type, trees };
  });
  writeFileSync(join(request.folder, 'model.json'), JSON.stringify({ features, outputs }));
  return {};
}

function predict({ columns, rows: count }) {
  const rows = Array.from({ length: count }, (_, i) =>
    model.features.map(({ name, value, mean }) => toNumber(columns[name][i], value) ?? mean));
  const predictions = {};
  for (const output of model.outputs) predictions[output.name] = rows.map((row) => answer(output, row));
  return { predictions };
}

function answer({ type, trees }, row) {
  const scores = trees.map((tree) => score(tree, row));
  if (type === 'number' || type === 'integer') return scores[0];
  const chances = scores.map((z) => logistic(z) + 1e-12);
  if (type === 'boolean') return Math.min(1, chances[0]);
  const sum = chances.reduce((a, b) => a + b, 0);
  return chances.map((chance) => chance / sum);
}

const HELLO = {
  protocol: 1,
  name: 'boosted stumps in Node',
  version: '1',
  capabilities: ['train', 'predict'],
  max_line: 64 * 1024 * 1024,
};

function handle(request) {
  switch (request.type) {
    case 'hello': return HELLO;
    case 'train': return train(request, (progress, message) => say({ id: request.id, progress, message }));
    case 'load':
      model = JSON.parse(readFileSync(join(request.folder, 'model.json'), 'utf8'));
      return {};
    case 'predict': return predict(request);
    case 'bye': return {};
    default: throw new Error(`unknown request ${request.type}`);
  }
}

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const requests = createInterface({ input: process.stdin });
requests.on('line', (line) => {
  const request = JSON.parse(line);
  try {
    say({ id: request.id, result: handle(request) });
  } catch (error) {
    console.error(error);
    const code = error instanceof InvalidData ? 'invalid_data' : 'failed';
    say({ id: request.id, error: { code, message: error.message } });
  }
  if (request.type === 'bye') requests.close();
});
