/** What the models of delayed feedback are for: the rate of conversions of which many have not been seen yet. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { randomStream } from '../../../lib/numbers/random.ts';
import { withLog } from '../../../lib/table/open-log.ts';
import { trainOn } from '../../../lib/training/train.ts';

const DAY_MS = 86_400_000;
const DAYS = 10;
const CLICK_RATE = 0.5;
/** Kinds of rows, with the share of their clicks that convert at some time, and the mean delay in days. */
const CELLS = [
  { conversion: 0.3, delay: 2 },
  { conversion: 0.15, delay: 0.3 },
];
const ROWS = 60_000;

let folder: string;
let made = 0;
/** The share of the clicked rows of each cell that convert at some time. */
let rates: readonly number[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'delayed-'));
  const made = log();
  rates = made.rates;
  await writeFile(join(folder, 'log.csv'), made.text);
});
afterAll(() => rm(folder, { recursive: true }));

/** CSV of rows that are spread over ten days, with the conversions that are seen by the end of these. */
function log(): { readonly text: string; readonly rates: readonly number[] } {
  const [clicks, conversions, delays] = ['clicks', 'conversions', 'delays'].map((name) => randomStream(1, name));
  const time = (days: number) => new Date(Date.UTC(2026, 4, 1) + days * DAY_MS).toISOString();
  const counts = CELLS.map(() => ({ clicked: 0, converted: 0 }));
  const lines = Array.from({ length: ROWS }, (_, row) => {
    const cell = row % CELLS.length;
    const { conversion, delay } = CELLS[cell] as (typeof CELLS)[number];
    const count = counts[cell] as (typeof counts)[number];
    const shown = (row / ROWS) * DAYS;
    const isClicked = (clicks?.uniform(row) as number) < CLICK_RATE;
    const isConverted = isClicked && (conversions?.uniform(row) as number) < conversion;
    const bought = shown - delay * Math.log(1 - (delays?.uniform(row) as number));
    const isSeen = isConverted && bought < DAYS;
    count.clicked += Number(isClicked);
    count.converted += Number(isConverted);
    return [row, `c${cell}`, time(shown), Number(isClicked), Number(isSeen), isSeen ? time(bought) : ''].join(',');
  });
  return {
    text: `row,cell,shown_at,clicked,bought,bought_at\n${lines.join('\n')}\n`,
    rates: counts.map(({ clicked, converted }) => converted / clicked),
  };
}

/** Returns the mean pcvr of the held-out rows of each cell, and the PCOC of pcvr on those of them that are old enough. */
async function trained(model: string, conversion: string) {
  const declarationText = `name: delayed
stages: { click: { label: clicked }, conversion: ${conversion} }
log: { keys: [row], time: shown_at }
split: { hash: row, validation: 0.1, test: 0.1 }
features: { cell: { type: category, entity: item, dimension: 4 } }
model: { hidden_units: [8], type: ${model} }
training: { batch_size: 512, epochs: 6, learning_rate: 0.01, learning_rate_decay: linear }
report: { segments: [cell] }
`;
  const scratch = join(folder, String(made++));
  await mkdir(scratch);
  const declaration = parseDeclaration(declarationText, 'delayed.yaml');
  const options = {
    declaration,
    declarationText,
    dataPath: join(folder, 'log.csv'),
    scratch,
    threads: 1,
    memoryLimitMiB: 512,
  };
  return withLog(options, async (opened) => {
    const { heldOut, trained: model } = await trainOn(opened, options);
    const [segment] = heldOut.segments;
    const pcvr = CELLS.map((_, cell) => {
      const code = segment?.values.indexOf(`c${cell}`);
      const rows = [...(segment?.codes ?? [])].flatMap((of, row) => (of === code ? [row] : []));
      return rows.reduce((sum, row) => sum + (heldOut.probabilities.pcvr?.[row] as number), 0) / rows.length;
    });
    return { pcvr, pcoc: model.metrics.tasks.find(({ task }) => task.name === 'cvr')?.pcoc.value ?? Number.NaN };
  });
}

const AT = '{ label: bought, at: bought_at, within: 8d }';

it.each(['delayed', 'delay-buckets'])('%s finds the rate of conversions at any time', async (model) => {
  const { pcvr, pcoc } = await trained(model, AT);
  rates.forEach((rate, cell) => {
    expect((pcvr[cell] as number) / rate, `pcvr of cell ${cell} over its rate`).toBeGreaterThan(0.95);
    expect((pcvr[cell] as number) / rate, `pcvr of cell ${cell} over its rate`).toBeLessThan(1.05);
  });
  // Young rows are not measured as if their conversions would not come.
  expect(pcoc).toBeGreaterThan(0.9);
  expect(pcoc).toBeLessThan(1.1);
});

it('esmm takes what has not been seen for no conversion', async () => {
  const { pcvr } = await trained('esmm', '{ label: bought }');
  expect((pcvr[0] as number) / (rates[0] as number)).toBeLessThan(0.85);
});
