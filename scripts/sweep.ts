/**
 * Sweeps over bias and sparsity on logs of a known truth, and measures how far models' pcvr is from it over the entire
 * space: a grid of observed bias and click rate for the paper's competitors, and a hidden bias for the models that debias.
 * Prints tables in Markdown, and writes a figure. Logs and recorded runs stay in a folder, so that it can be interrupted.
 *
 *     npm run build && tsx scripts/sweep.ts [--folder sweep] [--figure docs/sweep.svg] [--rows 100000] [--seeds 3]
 *                                       [--models esmm,base,esmm-ns] [--click-rates 0.02,0.1,0.3]
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sweepFigure } from './sweep/figure.ts';
import { gridTable, hiddenTable, type SweptCell } from './sweep/tables.ts';

const COMMAND = fileURLToPath(new URL('../dist/entirespace.js', import.meta.url));
const OBSERVED = [0, 0.5, 1, 1.5];
const HIDDEN = [0, 1];
const CONVERSION_RATE = 0.1;
const HIDDEN_MODELS = ['esmm', 'base', 'escm2-ips', 'escm2-dr', 'dcmt'];

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: 'sweep' },
    figure: { type: 'string', default: 'docs/sweep.svg' },
    rows: { type: 'string', default: '100000' },
    seeds: { type: 'string', default: '3' },
    models: { type: 'string', default: 'esmm,base,esmm-ns' },
    'click-rates': { type: 'string', default: '0.02,0.1,0.3' },
  },
});

const gridModels = values.models.split(',');
await mkdir(values.folder, { recursive: true });
const grid: SweptCell[] = [];
for (const clickRate of values['click-rates'].split(',').map(Number))
  for (const observedBias of OBSERVED)
    grid.push(await sweepCell({ clickRate, observedBias, hiddenBias: 0 }, gridModels));
const hidden: SweptCell[] = [];
for (const hiddenBias of HIDDEN)
  hidden.push(await sweepCell({ clickRate: 0.1, observedBias: 1, hiddenBias }, HIDDEN_MODELS));
console.log(gridTable(grid, gridModels));
console.log(hiddenTable(hidden, HIDDEN_MODELS));
await writeFile(values.figure, sweepFigure(grid, gridModels.slice(1)));

/** Writes a log, unless it is there, and compares models on it. */
async function sweepCell(biases: SweptCell['biases'], models: readonly string[]): Promise<SweptCell> {
  const { clickRate, observedBias, hiddenBias } = biases;
  const folder = join(
    values.folder,
    `click-${clickRate}-observed-${observedBias}-hidden-${hiddenBias}-rows-${values.rows}`,
  );
  if (!existsSync(join(folder, 'entirespace.yaml'))) {
    await rm(folder, { recursive: true, force: true });
    const sizes = { rows: values.rows, users: 3000, items: 1000, 'conversion-rate': CONVERSION_RATE };
    const all = {
      out: folder,
      ...sizes,
      'click-rate': clickRate,
      'observed-bias': observedBias,
      'hidden-bias': hiddenBias,
    };
    await run(['synth', ...Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)])]);
  }
  const out = join(folder, 'comparison');
  const declared = [join(folder, 'entirespace.yaml'), '--data', join(folder, 'log'), '--out', out];
  await run(['compare', ...declared, '--models', models.join(','), '--seeds', values.seeds, '--trials', '1']);
  return { biases, found: JSON.parse(await readFile(join(out, 'comparison.json'), 'utf8')) };
}

/** Runs the command, with what it says on standard error; ends this process as it does where it fails. */
async function run(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject).on('exit', (status) => resolve(status ?? 1));
  });
  if (code !== 0) process.exit(code);
}
