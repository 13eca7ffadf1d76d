/**
 * Takes the place of the PyTorch program where that is not installed: weights as the bundle begins with, a checkpoint at
 * every step, the same exit codes. `TRAINER_FAILURE` says how it fails.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const [bundle, out, ...options] = process.argv.slice(2);
const failure = process.env.TRAINER_FAILURE ?? '';
const steps = Number(process.env.TRAINER_STEPS ?? 2);
if (!existsSync(join(bundle, 'bundle.json'))) {
  process.stderr.write(`train.py: ${bundle}/bundle.json is not there\n`);
  process.exit(4);
}
mkdirSync(out, { recursive: true });
const text = readFileSync(join(bundle, 'bundle.json'));
const facts = JSON.parse(text);
const checkpoint = join(out, 'checkpoint.pt');
const began = existsSync(checkpoint) ? JSON.parse(readFileSync(checkpoint)).step : 0;
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

function keep(step) {
  writeFileSync(`${checkpoint}.part`, JSON.stringify({ step }));
  renameSync(`${checkpoint}.part`, checkpoint);
  process.stdout.write('checkpoint kept in 0.250 s\n');
}

/** The initial values, and a mark of 1 for every row. */
function weights({ initial, tables }) {
  const bytes = readFileSync(join(bundle, initial));
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString());
  let end = bytes.length - 8 - length;
  for (const { name, rows } of tables) {
    header[`touched/${name}`] = { dtype: 'U8', shape: [rows], data_offsets: [end, end + rows] };
    end += rows;
  }
  const head = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(head.length));
  const marks = Buffer.alloc(
    tables.reduce((sum, { rows }) => sum + rows, 0),
    1,
  );
  return Buffer.concat([size, head, bytes.subarray(8 + length), marks]);
}

if (failure === 'refused') {
  process.stderr.write('train.py: rows/train-00000.parquet was changed\n');
  process.exit(4);
}
let step = began;
process.on('SIGTERM', () => {
  keep(step);
  process.exit(143);
});
process.stdout.write(`began at step ${began}\n`);
while (step < steps) {
  step += 1;
  keep(step);
  process.stdout.write(`step ${step}\n`);
  if (failure === 'killed') process.kill(process.pid, 'SIGKILL');
  if (failure === 'failed') throw new Error('training diverged');
  await delay(50);
}
const networks = facts.networks.map((network, index) => {
  const file = `${index}.safetensors`;
  const bytes = weights(network);
  writeFileSync(join(out, file), bytes);
  const { name, stopBy } = network;
  return { name, weights: file, sha256: sha256(bytes), bestEpoch: 0, stopped: 'epochs', stopBy, epochs: [] };
});
const trained = { format: facts.format, bundleSha256: sha256(text), encoderSha256: facts.encoderSha256 };
const how = { engine: `stand-in from step ${began}`, device: 'cpu', processes: 1, precision: options[1], seconds: 1 };
writeFileSync(join(out, 'trained.json'), JSON.stringify({ ...trained, ...how, networks }));
rmSync(checkpoint, { force: true });
