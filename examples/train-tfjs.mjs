/**
 * A small but real training run on TensorFlow.js: a network learns a panel's output from hour, season and clouds.
 *
 * Shows what makes a job movable in time: a checkpoint every epoch (weights, optimizer, step), written before the
 * `progress` file that speaks of it; SIGTERM saves and exits 143; the next start goes on from the checkpoint, at the
 * very step. Data is made here from a seed, so the losses agree to five digits wherever and however often it was stopped.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';

const epochs = Number(process.env.EPOCHS ?? 12);
const stepsPerEpoch = 40;
const batchSize = 64;
const steps = epochs * stepsPerEpoch;
const folder = process.env.SUNWARD_CHECKPOINT_DIR ?? '.';
const checkpointPath = `${folder}/checkpoint.json`;

let stopped = false;
process.on('SIGTERM', () => {
  stopped = true;
});

/** The same number in [0, 1) for the same two integers. */
function chance(step, i) {
  let bits = Math.imul(step + 1, 0x9e3779b1) ^ Math.imul(i + 1, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 15), 0x2c1b3c6d);
  bits = Math.imul(bits ^ (bits >>> 12), 0x297a2d39);
  return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32;
}

/** Hour, day of the year and cloud cover, each in [0, 1), and the output they give, in parts of the peak. */
function batch(step) {
  const inputs = [];
  const outputs = [];
  for (let i = 0; i < batchSize; i++) {
    const [hour, day, cloud] = [chance(step, 3 * i), chance(step, 3 * i + 1), chance(step, 3 * i + 2)];
    const season = 0.75 - 0.25 * Math.cos(2 * Math.PI * day);
    inputs.push([hour, day, cloud]);
    outputs.push([Math.max(0, Math.sin(2 * Math.PI * (hour - 0.25))) * season * (1 - 0.75 * cloud ** 3)]);
  }
  return [tf.tensor2d(inputs), tf.tensor2d(outputs)];
}

const saved = (tensor) => ({ shape: tensor.shape, dtype: tensor.dtype, values: [...tensor.dataSync()] });
const restored = ({ shape, dtype, values }) => tf.tensor(values, shape, dtype);
function write(path, value) {
  writeFileSync(`${path}.new`, value);
  renameSync(`${path}.new`, path);
}

await tf.setBackend('cpu');
const dense = (units, activation, seed) =>
  tf.layers.dense({ units, activation, kernelInitializer: tf.initializers.glorotUniform({ seed }) });
const model = tf.sequential();
model.add(tf.layers.inputLayer({ inputShape: [3] }));
for (const layer of [dense(64, 'relu', 1), dense(64, 'relu', 2), dense(1, 'linear', 3)]) model.add(layer);
const optimizer = tf.train.adam(0.003);
const lossOf = (inputs, outputs) => tf.losses.meanSquaredError(outputs, model.apply(inputs)).asScalar();

let step = 0;
if (existsSync(checkpointPath)) {
  const checkpoint = JSON.parse(readFileSync(checkpointPath, 'utf8'));
  step = checkpoint.step;
  model.setWeights(checkpoint.weights.map(restored));
  await optimizer.setWeights(checkpoint.optimizer.map(({ name, ...tensor }) => ({ name, tensor: restored(tensor) })));
  console.log(`resumed at step ${step} of ${steps}`);
}

async function save() {
  const state = (await optimizer.getWeights()).map(({ name, tensor }) => ({ name, ...saved(tensor) }));
  write(checkpointPath, JSON.stringify({ step, weights: model.getWeights().map(saved), optimizer: state }));
  write(`${folder}/progress`, String(step / steps));
}

/** Mean squared error over batches that are never trained on. */
function validationLoss() {
  return tf.tidy(() => {
    let sum = 0;
    for (let i = 0; i < 4; i++) sum += lossOf(...batch(-2 - i)).dataSync()[0];
    return sum / 4;
  });
}

while (step < steps) {
  tf.tidy(() => {
    const [inputs, outputs] = batch(step);
    optimizer.minimize(() => lossOf(inputs, outputs));
  });
  step++;
  await turn(); // lets SIGTERM in
  if (stopped) {
    await save();
    console.log(`stopped at step ${step} of ${steps}, saved`);
    process.exit(143);
  }
  if (step % stepsPerEpoch === 0) {
    await save();
    console.log(`epoch ${step / stepsPerEpoch} of ${epochs} loss ${validationLoss().toFixed(6)}`);
  }
}
write(`${folder}/model.json`, JSON.stringify({ loss: validationLoss(), weights: model.getWeights().map(saved) }));
console.log(`done, loss ${validationLoss().toFixed(6)}, model in model.json`);
