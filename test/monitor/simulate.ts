/** What monitoring keeps of the days of a simulated shop, drawn from probabilities that are right: no files, no joins. */
import type { DayRecord, History, VersionDay } from '../../lib/monitor/history.ts';
import { FIRST_LOGIT, LOGIT_BINS, LOGIT_STEP, trimmedBins } from '../../lib/numbers/logit-bins.ts';
import { randomStream } from '../../lib/numbers/random.ts';
import type { MeasuredOutput } from '../../lib/table/monitor/sum-queries.ts';
import { AGE_PARTS, type JoinedSums, type KnownSums, type YoungSums } from '../../lib/table/monitor/sums.ts';
import { funnelTasks } from '../../lib/training/held-out/funnel-tasks.ts';
import { declaration, VERSIONS } from './world.ts';

const DAY_MS = 86_400_000;
const FIRST_DAY = Date.UTC(2026, 10, 1);
/** Of a conversion, in days, as the declaration has it. */
const WITHIN = 2;
const FEATURES = 30;

export const tasks = funnelTasks(declaration);

export interface Shop {
  readonly seed: number;
  /** Rows of a day. */
  readonly rows: number;
  readonly days: number;
  /** Conversions of a day happen this many times as often as predicted. @default 1 */
  readonly conversions?: (day: number) => number;
}

/** An impression; times in days since the first one began. */
interface Row {
  readonly pctr: number;
  readonly pcvr: number;
  readonly click: boolean;
  readonly conversion: boolean;
  readonly at: number;
  /** When its conversion came. */
  readonly came: number;
}

/** Returns what is kept in the night after each of these days, and the time of that night. */
export function simulate(shop: Shop, nights: readonly number[]): { readonly history: History; readonly now: Date }[] {
  const stream = randomStream(shop.seed, 'shop');
  let drawn = 0;
  const uniform = () => stream.uniform(drawn++);
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const rows = Array.from({ length: shop.days }, (_, day) => rowsOf(shop, day, uniform, normal));
  const features = rows.map(() => featuresOf(shop.rows, normal));
  const outputs = rows.map(outputsOf);
  const record = (day: number, end: number) =>
    recordOf(day, rows[day] ?? [], { features: features[day] ?? {}, outputs: outputs[day] ?? {} }, end);
  const settled = rows.map((_, day) => record(day, Number.POSITIVE_INFINITY));
  return nights.map((night) => {
    const end = night + 1;
    const days = settled.slice(0, end).map((final, day) => (day + 1 + WITHIN <= end ? final : record(day, end)));
    const now = new Date(FIRST_DAY + end * DAY_MS);
    return { history: { formatVersion: 1, model: 'shop', end: now.toISOString(), days, told: {} }, now };
  });
}

function rowsOf(
  { rows, conversions = () => 1 }: Shop,
  day: number,
  uniform: () => number,
  normal: () => number,
): Row[] {
  return Array.from({ length: rows }, (_, i) => {
    const pctr = 1 / (1 + Math.exp(2.2 - 0.9 * normal()));
    const pcvr = 1 / (1 + Math.exp(1.4 - 0.9 * normal()));
    const click = uniform() < pctr;
    const conversion = click && uniform() < pcvr * conversions(day);
    const at = day + (i + 0.5) / rows;
    return { pctr, pcvr, click, conversion, at, came: at + Math.min(WITHIN - 0.01, -0.3 * Math.log(1 - uniform())) };
  });
}

function featuresOf(rows: number, normal: () => number): VersionDay['features'] {
  const counted = (share: number) =>
    Math.max(0, Math.round(rows * share + normal() * Math.sqrt(rows * share * (1 - share))));
  return Object.fromEntries(
    Array.from({ length: FEATURES }, (_, index) => {
      const usual = { missing: 0.01 * (index % 5), unknown: 0.02 * (index % 4) };
      const counts = { rows, missing: counted(usual.missing), values: rows, unknown: counted(usual.unknown) };
      return [`feature ${index}`, { ...counts, usual }];
    }),
  );
}

function outputsOf(rows: readonly Row[]): NonNullable<VersionDay['outputs']> {
  return Object.fromEntries(
    tasks.map((task) => {
      const scores = rows.map((row) => scoreOf(row, task));
      const [total, squares] = [sum(scores, (p) => p), sum(scores, (p) => p * p)];
      return [task.output, { rows: rows.length, sum: total, sumOfSquares: squares, bins: binsOf(scores, () => 1) }];
    }),
  );
}

function recordOf(
  day: number,
  rows: readonly Row[],
  scored: Pick<VersionDay, 'features' | 'outputs'>,
  end: number,
): DayRecord {
  return {
    day: new Date(FIRST_DAY + day * DAY_MS).toISOString().slice(0, 10),
    outcomes: { rows: rows.length, unscored: 0 },
    versions: {
      [VERSIONS[0]]: {
        files: 1,
        rowsIn: rows.length,
        scored: rows.length,
        rejected: 0,
        seconds: 1,
        lastAt: new Date(FIRST_DAY + (day + 1) * DAY_MS).toISOString(),
        ...scored,
        counts: { rows: rows.length, keys: rows.length, matched: rows.length },
        joined: joinedOf(rows, end),
      },
    },
  };
}

function joinedOf(rows: readonly Row[], end: number): JoinedSums {
  const known: Record<string, KnownSums> = {};
  const young: Record<string, YoungSums> = {};
  for (const task of tasks) {
    const asked = task.given === null ? rows : rows.filter(({ click }) => click);
    const isFinal = ({ at }: Row) => task.label === 'click' || at + WITHIN <= end;
    const final = asked.filter(isFinal);
    if (final.length > 0) known[task.output] = knownSums(final, task);
    if (final.length < asked.length)
      young[task.output] = youngSums(
        asked.filter((row) => !isFinal(row)),
        task,
        end,
      );
  }
  const delays = byPart(
    rows.filter(({ conversion, at }) => conversion && at + WITHIN <= end),
    ({ came, at }) => came - at,
    () => 1,
  );
  return { outcomes: rows.length, known, young, delays: { conversion: delays }, segments: [], paired: {} };
}

function knownSums(rows: readonly Row[], task: MeasuredOutput): KnownSums {
  const scores = rows.map((row) => scoreOf(row, task));
  const labels = rows.map((row) => (hasHappened(row, task, Number.POSITIVE_INFINITY) ? 1 : 0));
  const of = (index: number) => labels[index] as number;
  return {
    rows: rows.length,
    weight: rows.length,
    predicted: sum(scores, (p) => p),
    variance: sum(scores, (p) => p * (1 - p)),
    positives: sum(labels, (label) => label),
    loss: sum(scores, (p, index) => -Math.log(of(index) === 1 ? p : 1 - p)),
    entropy: sum(scores, (p) => -p * Math.log(p) - (1 - p) * Math.log(1 - p)),
    bins: {
      weight: binsOf(scores, () => 1),
      predicted: binsOf(scores, (p) => p),
      positives: binsOf(scores, (_, index) => of(index)),
    },
  };
}

function youngSums(rows: readonly Row[], task: MeasuredOutput, end: number): YoungSums {
  const age = ({ at }: Row) => end - at;
  const happened = (row: Row) => hasHappened(row, task, end);
  return {
    predicted: byPart(rows, age, (row) => scoreOf(row, task)),
    positives: byPart(rows, age, (row) => (happened(row) ? 1 : 0)),
    early: byPart(rows, age, (row) => (happened(row) && row.came - row.at <= age(row) / 2 ? 1 : 0)),
  };
}

function scoreOf({ pctr, pcvr }: Row, { output }: MeasuredOutput): number {
  return output === 'pctr' ? pctr : output === 'pcvr' ? pcvr : pctr * pcvr;
}

function hasHappened({ click, conversion, came }: Row, { label }: MeasuredOutput, end: number): boolean {
  return label === 'click' ? click : conversion && came < end;
}

/** Sums by parts of the time within which labels become final. */
function byPart(rows: readonly Row[], time: (row: Row) => number, value: (row: Row) => number): number[] {
  const parts = new Array<number>(AGE_PARTS).fill(0);
  for (const row of rows) {
    const part = Math.min(AGE_PARTS - 1, Math.floor((AGE_PARTS * time(row)) / WITHIN));
    parts[part] = (parts[part] as number) + value(row);
  }
  return parts;
}

function binsOf(scores: readonly number[], value: (score: number, index: number) => number) {
  const all = new Array<number>(LOGIT_BINS).fill(0);
  for (const [index, p] of scores.entries()) {
    const bin = Math.floor((Math.log(p / (1 - p)) - FIRST_LOGIT) / LOGIT_STEP);
    const kept = Math.min(LOGIT_BINS - 1, Math.max(0, bin));
    all[kept] = (all[kept] as number) + value(p, index);
  }
  return trimmedBins(all);
}

function sum(values: readonly number[], of: (value: number, index: number) => number): number {
  return values.reduce((total, value, index) => total + of(value, index), 0);
}
