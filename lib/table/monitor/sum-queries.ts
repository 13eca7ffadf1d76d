/** The queries that sum joined rows, by the day of scoring and the version whose score counts. */
import type { Declaration } from '../../config/declaration.ts';
import { FIRST_LOGIT, LOGIT_BINS, LOGIT_STEP, trimmedBins } from '../../numbers/logit-bins.ts';
import { type DelayedStage, delayedStages } from '../check/delays.ts';
import { type LabelledStage, labelledStages } from '../check/labels.ts';
import { type Database, query } from '../database.ts';
import {
  AGE_PARTS,
  type JoinedSums,
  type KnownSums,
  type PairedSums,
  type SegmentSums,
  type YoungSums,
} from './sums.ts';

/** An output, and what it is measured by: the stage `label`, on the rows that reached the stage `given`. */
export interface MeasuredOutput {
  readonly output: string;
  readonly label: string;
  /** `null` for all rows. */
  readonly given: string | null;
}

/** What is summed. */
export interface SumOptions {
  readonly declaration: Declaration;
  /** The i-th of them is measured by the column `p<i>`. */
  readonly tasks: readonly MeasuredOutput[];
  /** As `PreparedLog.end`. */
  readonly end: number | null;
}

/** How many values of a segment column are kept of a day. */
const MOST_VALUES = 12;

/** Sums that are being collected. */
interface Collected {
  outcomes: number;
  readonly known: Record<string, KnownSums>;
  readonly young: Record<string, YoungSums>;
  readonly delays: Record<string, number[]>;
  readonly segments: SegmentSums[];
  readonly paired: Record<string, Record<string, PairedSums>>;
}

type Rows = Awaited<ReturnType<typeof query>>;

/**
 * Sums joined rows by day of scoring and version.
 * @param from SQL of the rows of `joinDay`, with the columns `day` and `version` of their scores
 * @param isPaired Whether several versions may have scored the same outcome.
 */
export async function sumJoined(
  database: Database,
  from: string,
  options: SumOptions,
  isPaired: boolean,
): Promise<ReadonlyMap<string, ReadonlyMap<string, JoinedSums>>> {
  const days = new Map<string, Map<string, Collected>>();
  const of = ({ day, version }: Rows[number]): Collected => {
    const versions = days.get(String(day)) ?? new Map<string, Collected>();
    days.set(String(day), versions);
    const sums = versions.get(String(version)) ?? {
      outcomes: 0,
      known: {},
      young: {},
      delays: {},
      segments: [],
      paired: {},
    };
    versions.set(String(version), sums);
    return sums;
  };
  const last = `${from} WHERE is_last`;
  for (const row of await query(database, `SELECT day, version, count(*) AS n FROM ${last} GROUP BY ALL`))
    of(row).outcomes = Number(row.n);
  for (const [index, task] of options.tasks.entries()) {
    const sql = taskSql(options, task, index);
    for (const [row, sums] of grouped(await query(database, knownQuery(last, sql)))) of(row).known[task.output] = sums;
    if (sql.withinMs !== null)
      for (const row of await query(database, youngQuery(last, sql))) addYoung(of(row).young, task.output, row);
    if (isPaired)
      for (const row of await query(database, pairedQuery(from, sql))) {
        const { paired } = of(row);
        const before = String(row.before);
        paired[before] = { ...paired[before], [task.output]: pairedSums(row) };
      }
  }
  for (const [index, stage] of delayedStages(options.declaration).entries())
    for (const row of await query(database, delayQuery(last, options, stage, index))) {
      const { delays } = of(row);
      delays[stage.name] ??= new Array<number>(AGE_PARTS).fill(0);
      (delays[stage.name] as number[])[Number(row.part)] = Number(row.n);
    }
  const measured = segmentTask(options.tasks);
  if (measured !== null)
    for (const [index, column] of options.declaration.report.segments.entries()) {
      const sql = taskSql(options, options.tasks[measured] as MeasuredOutput, measured);
      for (const row of await query(database, segmentQuery(last, sql, index)))
        of(row).segments.push(segmentSums(column, row));
    }
  return days;
}

/** The output by which segments are told apart: the last one that is measured on all rows. */
export function segmentTask(tasks: readonly MeasuredOutput[]): number | null {
  const byRole = tasks.findIndex(({ output }) => output === 'pctcvr');
  const index = byRole >= 0 ? byRole : tasks.findLastIndex(({ given }) => given === null);
  return index < 0 ? null : index;
}

/** A task as SQL. */
interface TaskSql {
  readonly p: string;
  readonly y: string;
  /** The rows on which the output is measured. */
  readonly isMeasured: string;
  /** Of these the rows whose label is final. */
  readonly isKnown: string;
  readonly withinMs: number | null;
  readonly end: number | null;
  /** Time of the event; `null` where it is not known. */
  readonly event: string | null;
}

function taskSql({ declaration, end }: SumOptions, { label, given }: MeasuredOutput, index: number): TaskSql {
  const stages = labelledStages(declaration);
  const position = (name: string) => stages.findIndex((stage) => stage.name === name);
  const within = (name: string | null) => stages.find((stage) => stage.name === name)?.withinMs ?? null;
  const waits = [within(label), within(given)].filter((ms) => ms !== null);
  const withinMs = waits.length === 0 || end === null ? null : Math.max(...waits);
  const delayed = delayedStages(declaration).findIndex(({ name }) => name === label);
  return {
    // float32 rounds a probability to 0 or 1 where its logarithm is still finite.
    p: `least(greatest(CAST(p${index} AS DOUBLE), 1e-12), 1 - 1e-7)`,
    y: `CAST(l${position(label)} AS DOUBLE)`,
    isMeasured: `p${index} IS NOT NULL${given === null ? '' : ` AND l${position(given)} = 1`}`,
    isKnown: withinMs === null ? 'true' : `t + ${withinMs} <= ${end}`,
    withinMs,
    end,
    event: delayed < 0 ? null : `a${delayed}`,
  };
}

function knownQuery(last: string, { p, y, isMeasured, isKnown }: TaskSql): string {
  const rows = `SELECT day, version, w, ${p} AS p, ${y} AS y FROM ${last} AND ${isMeasured} AND ${isKnown}`;
  const bin = `CAST(least(${LOGIT_BINS - 1}, greatest(0, floor((ln(p / (1 - p)) - (${FIRST_LOGIT})) / ${LOGIT_STEP}))) AS INTEGER)`;
  return `SELECT day, version, ${bin} AS bin, count(*) AS n, sum(w) AS weight, sum(w * p) AS predicted,
    sum(w * p * (1 - p)) AS variance, sum(w * y) AS positives,
    sum(-w * (y * ln(p) + (1 - y) * ln(1 - p))) AS loss, sum(-w * (p * ln(p) + (1 - p) * ln(1 - p))) AS entropy
    FROM (${rows}) GROUP BY ALL`;
}

function youngQuery(last: string, { p, y, isMeasured, isKnown, withinMs, end, event }: TaskSql): string {
  const early = event === null ? '0' : `sum(w * ${y}) FILTER (${event} - t <= (${end} - t) / 2)`;
  return `SELECT day, version, ${partSql(`(${end} - t)`, withinMs ?? 1)} AS part, sum(w * ${p}) AS predicted,
    sum(w * ${y}) AS positives, ${early} AS early
    FROM ${last} AND ${isMeasured} AND NOT ${isKnown} GROUP BY ALL`;
}

function delayQuery(last: string, { declaration, end }: SumOptions, stage: DelayedStage, index: number): string {
  const label = labelledStages(declaration).findIndex(({ name }: LabelledStage) => name === stage.name);
  const isKnown = end === null ? 'true' : `t + ${stage.withinMs} <= ${end}`;
  return `SELECT day, version, ${partSql(`(a${index} - t)`, stage.withinMs)} AS part, count(*) AS n
    FROM ${last} AND l${label} = 1 AND a${index} IS NOT NULL AND ${isKnown} GROUP BY ALL`;
}

function segmentQuery(last: string, { p, y, isMeasured, isKnown }: TaskSql, index: number): string {
  return `SELECT * FROM (SELECT day, version, s${index} AS value, count(*) AS n, sum(w * ${p}) AS predicted, sum(w * ${y}) AS positives,
    coalesce(sum(m), 0) AS money FROM ${last} AND ${isMeasured} AND ${isKnown} GROUP BY ALL)
    QUALIFY row_number() OVER (PARTITION BY day, version ORDER BY predicted + positives DESC, value) <= ${MOST_VALUES}`;
}

function pairedQuery(from: string, { p, y, isMeasured, isKnown }: TaskSql): string {
  const rows = `SELECT r, day, version, is_last, w, -(${y} * ln(${p}) + (1 - ${y}) * ln(1 - ${p})) AS loss FROM ${from} WHERE ${isMeasured} AND ${isKnown}`;
  return `WITH rows AS NOT MATERIALIZED (${rows})
    SELECT own.day, own.version, other.version AS before, count(*) AS n, sum(own.w * (other.loss - own.loss)) AS difference,
    sum((own.w * (other.loss - own.loss)) ** 2) AS squares
    FROM rows AS own JOIN (SELECT * FROM rows WHERE NOT is_last) AS other ON own.r = other.r WHERE own.is_last GROUP BY ALL`;
}

/** Position of a time among the parts of `within`. */
function partSql(ms: string, withinMs: number): string {
  return `CAST(least(${AGE_PARTS - 1}, greatest(0, floor(${AGE_PARTS} * ${ms} / ${withinMs}.0))) AS INTEGER)`;
}

/** Collects the rows of each day and version, which are those of its bins. */
function grouped(rows: Rows): (readonly [Rows[number], KnownSums])[] {
  const groups = new Map<string, Rows>();
  for (const row of rows) {
    const key = `${row.day} ${row.version}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map((group) => {
    const total = (name: string) => group.reduce((sum, row) => sum + Number(row[name]), 0);
    const byBin = (name: string) => {
      const all = new Array<number>(LOGIT_BINS).fill(0);
      for (const row of group) all[Number(row.bin)] = Number(row[name]);
      return trimmedBins(all);
    };
    const sums: KnownSums = {
      rows: total('n'),
      weight: total('weight'),
      predicted: total('predicted'),
      variance: total('variance'),
      positives: total('positives'),
      loss: total('loss'),
      entropy: total('entropy'),
      bins: { weight: byBin('weight'), predicted: byBin('predicted'), positives: byBin('positives') },
    };
    return [group[0] as Rows[number], sums] as const;
  });
}

function addYoung(young: Record<string, YoungSums>, output: string, row: Rows[number]): void {
  const none = () => new Array<number>(AGE_PARTS).fill(0);
  const sums = young[output] ?? { predicted: none(), positives: none(), early: none() };
  const put = (name: keyof YoungSums) => sums[name].with(Number(row.part), Number(row[name] ?? 0));
  young[output] = { predicted: put('predicted'), positives: put('positives'), early: put('early') };
}

function pairedSums({ n, difference, squares }: Rows[number]): PairedSums {
  return { rows: Number(n), difference: Number(difference), squares: Number(squares) };
}

function segmentSums(column: string, { value, n, predicted, positives, money }: Rows[number]): SegmentSums {
  return {
    column,
    value: value == null ? null : String(value),
    rows: Number(n),
    predicted: Number(predicted),
    positives: Number(positives),
    money: Number(money),
  };
}
