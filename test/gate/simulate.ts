/** Held-out rows and two models of a known quality, for tests of the gate. */
import { roleTasks } from '../../lib/evaluation/funnel.ts';
import type { Challenger, GateInput } from '../../lib/gate/input.ts';
import { randomStream } from '../../lib/numbers/random.ts';
import type { ValueCounts } from '../../lib/table/encode/value-counts.ts';

const RULES: GateInput['rules'] = {
  minConversions: 100,
  maxAgeMs: null,
  tolerance: 0.01,
  pcoc: [0.67, 1.5],
  labelRate: 1.5,
  maxUnknown: 0.8,
  maxRise: 0.2,
  trusted: [],
  lastingAfter: 3,
  drift: null,
};
const TASKS = roleTasks({ impression: 'impression', click: 'click', conversion: 'conversion' }, 'impression');
const LOSS = [
  { stage: 'click', output: 'pctr', weight: 1 },
  { stage: 'conversion', output: 'pctcvr', weight: 1 },
];
export const DAY = 86_400_000;
/** A tenth of its values is unknown. */
const ITEM: ValueCounts = { rows: 100, missing: 0, values: 100, unknown: 10 };

const sigmoid = (logit: number) => 1 / (1 + Math.exp(-logit));

/**
 * Rows of users whose clicks and conversions follow known probabilities, and two models that miss those by so much noise
 * on the logits, half of it the same in all rows of a user.
 */
export function simulate({
  seed,
  users = 150,
  perUser = 10,
  championNoise = 0.4,
  challengerNoise = 0.4,
  isFirst = false,
}: {
  readonly seed: number;
  readonly users?: number;
  readonly perUser?: number;
  readonly championNoise?: number;
  readonly challengerNoise?: number;
  readonly isFirst?: boolean;
}): GateInput {
  const rows = users * perUser;
  const normal = (name: string, index: number) => {
    const random = randomStream(seed, name);
    return (
      Math.sqrt(-2 * Math.log(1 - random.uniform(2 * index))) * Math.cos(2 * Math.PI * random.uniform(2 * index + 1))
    );
  };
  const chance = randomStream(seed, 'outcomes');
  const group = Float64Array.from({ length: rows }, (_, row) => Math.floor(row / perUser));
  const logits = {
    click: Array.from(
      { length: rows },
      (_, row) => -1 + normal('user', group[row] as number) + normal('click', row) / 2,
    ),
    conversion: Array.from({ length: rows }, (_, row) => -0.5 + normal('conversion', row)),
  };
  const click = Int8Array.from(logits.click, (logit, row) => Number(chance.uniform(2 * row) < sigmoid(logit)));
  const conversion = Int8Array.from(logits.conversion, (logit, row) =>
    Number(click[row] === 1 && chance.uniform(2 * row + 1) < sigmoid(logit)),
  );
  const rateOf = (label: Int8Array) => label.reduce((sum, value) => sum + value, 0) / rows;
  const rates = { click: rateOf(click), conversion: rateOf(conversion) };
  const model = (name: string, noise: number): Challenger => {
    const noisy = (stage: 'click' | 'conversion') =>
      Float32Array.from(logits[stage], (logit, row) => {
        const shared = normal(`${name}/${stage}/user`, group[row] as number);
        return sigmoid(logit + (noise * (shared + normal(`${name}/${stage}`, row))) / Math.SQRT2);
      });
    const [pctr, pcvr] = [noisy('click'), noisy('conversion')];
    return {
      probabilities: { pctr, pcvr, pctcvr: pctr.map((p, row) => p * (pcvr[row] as number)) },
      stageRates: rates,
      taskRates: { ctr: rates.click, cvr: rates.conversion / rates.click, ctcvr: rates.conversion },
      features: { counts: { train: {}, validation: {}, test: { item: ITEM } }, distributions: {} },
      repeatedKeys: 0,
      suspicious: [],
    };
  };
  return {
    rules: RULES,
    seed,
    rows: { labels: { click, conversion }, weight: null, group: { of: group, kind: 'groups' } },
    tasks: TASKS,
    loss: LOSS,
    conversion: 'conversion',
    challenger: model('challenger', challengerNoise),
    champion: isFirst
      ? null
      : {
          ...model('champion', championNoise),
          version: 'v1',
          ageMs: 10 * DAY,
          features: null,
          compared: {},
          alike: new Set(),
        },
    earlier: [],
  };
}
