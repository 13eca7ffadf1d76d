/** The report of a version, made from real models, and read as a browser reads it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import type { GateDecision } from '../../lib/gate/decide.ts';
import { putMonitoringVerdict } from '../../lib/gate/monitoring-verdict.ts';
import { settle } from '../../lib/gate/settle.ts';
import { memoryStore } from '../../lib/store/memory-store.ts';
import type { Store } from '../../lib/store/store.ts';
import { withLog } from '../../lib/table/open-log.ts';
import { type TrainedModel, trainOn } from '../../lib/training/train.ts';
import { type ConcludeOptions, judgeAndPublish, publishUnjudged } from '../../training/judge-and-publish.ts';
import { type SyntheticLog, syntheticLog } from '../training/synthetic-log.ts';

const LOG: SyntheticLog = { seed: 1, rows: 12_000, start: new Date('2026-01-01T00:00:00.000Z'), days: 10 };
const NEXT: SyntheticLog = { ...LOG, seed: 2, start: new Date('2026-01-03T00:00:00.000Z') };
/** For tests that do not depend on how good the model is. */
const FEW: SyntheticLog = { ...NEXT, rows: 4000 };
/** The name of an item that is up to something. */
const HOSTILE = "<img src=x onerror=alert(1)>&''";

const declare = ({
  item = true,
  training = '',
  split = 'time: true, validation: 0.1, test: 0.2',
} = {}): string => `name: shop
stages: { click: { label: clicked }, conversion: { label: bought } }
log: { keys: [row], time: time, group: user }
split: { ${split} }
features:
  age: { type: number, entity: user }
${item ? '  item: { type: category, entity: item, dimension: 4 }\n' : ''}model: { hidden_units: [8] }
training: { batch_size: 256, epochs: 3, learning_rate: 0.02${training} }
gate: { min_conversions: 100 }
report: { segments: [item] }
`;

interface Made {
  readonly trained: TrainedModel;
  readonly decision: GateDecision | null;
  readonly page: Document;
  readonly text: string;
  readonly problems: readonly string[];
}

/** What is used of a page here; the types of browsers are none of Node.js. */
interface Element {
  readonly textContent: string;
  getAttribute(name: string): string | null;
  querySelector(selector: string): Element | null;
  querySelectorAll(selector: string): Iterable<Element>;
}
interface Document extends Element {
  readonly title: string;
}

let folder: string;
let made = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Recipe {
  readonly store?: Store;
  readonly declaration?: string;
  readonly csv?: string;
  readonly isJudged?: boolean;
  readonly hourlyUsd?: number | null;
  /** Done to the trained model before its report is made. */
  readonly spoil?: (trained: TrainedModel) => Promise<void>;
}

async function make({
  store = memoryStore(),
  declaration: text = declare(),
  csv = syntheticLog(NEXT),
  isJudged = true,
  hourlyUsd = null,
  spoil,
}: Recipe = {}): Promise<Made> {
  const scratch = join(folder, String(made++));
  await mkdir(scratch);
  const dataPath = join(scratch, 'log.csv');
  await writeFile(dataPath, csv);
  const limits = { scratch, threads: 1, memoryLimitMiB: 512 };
  const problems: string[] = [];
  const log = { ...limits, dataPath, declaration: parseDeclaration(text, 'shop.yaml') };
  const { trained, version, at, decision } = await withLog(log, async (opened) => {
    const run = await trainOn(opened, { ...limits, declarationText: text });
    await spoil?.(run.trained);
    const options: ConcludeOptions = {
      ...limits,
      ...run,
      store,
      opened,
      began: opened.began,
      hourlyUsd,
      onReportProblem: ({ message }) => void problems.push(message),
    };
    const published = isJudged
      ? await judgeAndPublish(options)
      : { ...(await publishUnjudged(options)), decision: null };
    return { ...published, trained: run.trained };
  });
  if (decision !== null) await settle(store, { name: 'shop', version, at }, decision);
  const { body } = await store.get(`models/shop/${version}/report.html`);
  const html = new TextDecoder().decode(body);
  const { document } = parseHTML(html) as unknown as { document: Document };
  return { trained, decision, page: document, text: html, problems };
}

const texts = (page: Element, selector: string) =>
  [...page.querySelectorAll(selector)].map(({ textContent }) => textContent.replaceAll(/\s+/g, ' ').trim());

/** The table below a heading, row by row. */
function tableOf(page: Element, heading: string, index = 0): string[][] {
  const section = [...page.querySelectorAll('section')].find((one) => texts(one, 'h2')[0] === heading);
  const found = section && [...section.querySelectorAll('table')][index];
  if (!found) throw new Error(`no table ${index} below ${heading}`);
  return [...found.querySelectorAll('tr')].map((row) => texts(row, 'th, td'));
}

describe('the report of a better version', () => {
  let better: Made;
  let before: Made;
  beforeAll(async () => {
    const store = memoryStore();
    // Clicks do not depend on the age: such a model is no more than a hair better than the base rate.
    const weak = declare({ item: false, training: ', shuffle: rows' });
    before = await make({ store, declaration: weak, csv: syntheticLog(LOG) });
    const csv = syntheticLog(NEXT).replaceAll(',i3,', `,"${HOSTILE}",`);
    better = await make({
      store,
      csv,
      hourlyUsd: 0.25,
      declaration: declare({ training: ', calibration: platt, calibration_of: product' }),
    });
  });

  it('says first what was decided, and why', () => {
    const { page, decision } = better;
    expect(decision?.verdict).toBe('promoted');
    expect(texts(page, 'h2')).toEqual([
      'Promoted',
      'How good it is',
      'Checks',
      'Are the probabilities right?',
      'Does it rank well?',
      'How it learned',
      'Where it ranks well, and where not',
      'What it looks at',
      'The data',
      'Has the data changed?',
      'The run',
    ]);
    expect(texts(page, '.verdict p')).toEqual([`Better than ${decision?.champion}, which it replaces.`]);
    expect(texts(page, '.verdict li')).toEqual(decision?.reasons);
  });

  it('compares with the version before on the same rows, with the intervals of the gate', () => {
    const { page, decision, trained } = better;
    const outputs = decision?.figures.outputs ?? [];
    const [head, ...rows] = tableOf(page, 'How good it is');
    expect(head).toEqual(['output', 'AUC', 'PCOC', 'log loss', 'NE', 'rows', 'positives']);
    expect(rows.map(([name]) => name)).toEqual(
      ['CTR', 'CVR (clicked)', 'CTCVR'].flatMap((title) => [title, 'version before', 'difference']),
    );
    for (const [index, { challenger, champion, difference, rows: counted }] of outputs.entries()) {
      const [own, other, change] = rows.slice(3 * index, 3 * index + 3);
      const { lower, upper } = challenger.auc;
      expect(own?.[1]).toBe(
        `${trained.metrics.tasks[index]?.auc.value?.toFixed(4)}[${lower?.toFixed(3)} to ${upper?.toFixed(3)}]`,
      );
      expect(own?.[2]).toBe(
        `${challenger.pcoc.value?.toFixed(3)}[${challenger.pcoc.lower?.toFixed(3)} to ${challenger.pcoc.upper?.toFixed(3)}]`,
      );
      expect(own?.[5]).toBe(counted.toLocaleString('en-US'));
      expect(other?.[1]).toBe(
        `${champion?.auc.value?.toFixed(4)}[${champion?.auc.lower?.toFixed(3)} to ${champion?.auc.upper?.toFixed(3)}]`,
      );
      expect(change?.[1]).toMatch(/^[+\u2212]0\.\d{4}\[[+\u2212]0\.\d{4} to [+\u2212]0\.\d{4}\]$/);
      expect(change?.[1]?.slice(1, 7)).toBe(Math.abs(difference?.auc.value ?? 0).toFixed(4));
    }
  });

  it('lists every check with what it found', () => {
    const guards = better.decision?.figures.guards ?? [];
    expect(texts(better.page, 'summary')[0]).toBe(`All ${guards.length} checks hold`);
    expect(tableOf(better.page, 'Checks').slice(1)).toEqual(guards.map(({ sentence }) => ['yes', sentence]));
  });

  it('draws reliability, ROC, lift and importance for each task, and the loss of each stage', () => {
    const plots = [...better.page.querySelectorAll('svg')];
    const named = plots.map((plot) => plot.getAttribute('aria-label')?.split(/[:;]/)[0]);
    const each = (name: string) => ['pctr', 'pcvr', 'pctcvr'].map((output) => `${name} ${output}`);
    expect(named).toEqual([
      ...each('Reliability of'),
      ...each('ROC curve of'),
      ...each('Lift of'),
      'Loss of click by epoch',
      'Loss of conversion by epoch',
      ...each('Importance of the features for'),
    ]);
    for (const plot of plots) expect(plot.getAttribute('role')).toBe('img');
    // Both versions' curves, and the diagonal.
    expect([...(plots[3]?.querySelectorAll('path[d^="M"]') ?? [])].length).toBeGreaterThanOrEqual(3);
  });

  it('says what calibration did to each probability', () => {
    const [head, ...rows] = tableOf(better.page, 'Are the probabilities right?');
    expect(head?.slice(0, 5)).toEqual(['output', 'PCOC before', 'after', 'AUC before', 'after']);
    expect(texts(better.page, 'p')).toContain('Calibration: platt of the product: declared.');
    expect(rows.map(([, , after]) => after)).toEqual(
      better.trained.metrics.tasks.map(({ pcoc }) => pcoc.value?.toFixed(3)),
    );
    expect(rows.some(([, raw, after]) => raw !== after)).toBe(true);
    const [, , , before, after] = rows.at(-1) as string[];
    expect(after).toBe(before);
  });

  it('shows segments separately, even those with unusual names', () => {
    const [head, ...rows] = tableOf(better.page, 'Where it ranks well, and where not');
    expect(head).toEqual([
      'item',
      'rows',
      'CTR positives',
      'AUC',
      'CVR (clicked) positives',
      'AUC',
      'CTCVR positives',
      'AUC',
    ]);
    expect(rows.map(([name]) => name).toSorted()).toEqual(
      [HOSTILE, ...[0, 1, 2, 4, 5, 6, 7, 8, 9].map((item) => `i${item}`)].toSorted(),
    );
    const counted = rows.reduce((sum, [, rows_ = '']) => sum + Number(rows_.replaceAll(',', '')), 0);
    expect(counted).toBe(better.decision?.figures.rows);
  });

  it('finds that clicks depend on the item, and conversions given a click on the age', () => {
    const [head, ...rows] = tableOf(better.page, 'What it looks at');
    expect(head).toEqual(['feature', 'CTR: AUC lost', 'CVR (clicked): AUC lost', 'CTCVR: AUC lost']);
    const lost = (feature: string, task: number) =>
      Number(
        rows
          .find(([name]) => name === feature)
          ?.[task]?.split('[')[0]
          ?.replace('\u2212', '-'),
      );
    expect(lost('item', 1)).toBeGreaterThan(0.1);
    expect(Math.abs(lost('age', 1))).toBeLessThan(0.02);
    expect(lost('age', 2)).toBeGreaterThan(0.03);
    expect(Math.abs(lost('item', 2))).toBeLessThan(0.03);
  });

  it('compares the training rows with those of the version before', () => {
    expect(texts(better.page, 'section').at(-2)).toContain(`against those of ${better.decision?.champion}:`);
    const rows = tableOf(better.page, 'Has the data changed?').slice(1);
    expect(rows.map(([feature, , reading]) => [feature, reading])).toEqual([
      ['item', 'new, or of another type'],
      ['age', 'steady'],
    ]);
  });

  it('says what the log held, and what the run took', () => {
    const { parts } = better.trained.summary;
    const rows = tableOf(better.page, 'The data').slice(1);
    expect(rows.map(([part, count]) => [part, count])).toEqual(
      (['train', 'validation', 'test'] as const).map((part) => [part, parts[part].rows.toLocaleString('en-US')]),
    );
    const run = texts(better.page, 'section').at(-1);
    expect(run).toMatch(/time\d+ s until this report, \d+ s of it for training and evaluation/);
    expect(run).toMatch(/at most 0\.00\d USD, at 0\.25 USD an hour on demand/);
  });

  it('needs nothing but itself, and lets nothing in', () => {
    for (const { text, page } of [better, before]) {
      expect([...page.querySelectorAll('img, script, link, iframe, object')]).toEqual([]);
      expect(text).not.toMatch(/<script|<link|<img|@import|url\(|href=/i);
      expect(text.replaceAll('http://www.w3.org/', '')).not.toMatch(/https?:/);
      expect(text).toContain(`content="default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;"`);
    }
  });

  it('is all that a first version has, without what there is nothing to compare with', () => {
    expect(texts(before.page, 'h2')[0]).toBe('First version');
    expect(
      tableOf(before.page, 'How good it is')
        .slice(1)
        .map(([name]) => name),
    ).toEqual(['CTR', 'CVR (clicked)', 'CTCVR']);
    expect(texts(before.page, 'section').at(-2)).toBe(
      'Has the data changed?No version before it tells what it was trained on.',
    );
  });
});

describe('a report', () => {
  it('of a funnel that has a stage more than before shows the new version alone', async () => {
    const store = memoryStore();
    await make({ store, declaration: declare({ split: 'hash: row, validation: 0.1, test: 0.3' }) });
    const grown = declare({ split: 'hash: row, validation: 0.1, test: 0.3' }).replace(
      'click: { label: clicked },',
      'click: { label: clicked }, cart: { label: carted },',
    );
    const [header = '', ...lines] = syntheticLog(FEW).trimEnd().split('\n');
    const csv = `${[`${header},carted`, ...lines.map((line) => `${line},${line.split(',')[5]}`)].join('\n')}\n`;
    const { page, problems, decision } = await make({ store, declaration: grown, csv });
    expect(problems).toEqual([]);
    expect(decision?.reasons[0]).toMatch(/^the current version has no output /);
    expect(tableOf(page, 'How good it is').map(([name]) => name)).not.toContain('version before');
  });

  it('of a sampled log shows the rates of the full one, and the number of rows that are too young', async () => {
    const declaration = declare()
      .replace('group: user }', 'group: user, kept: 0.25 }')
      .replace('{ label: bought }', '{ label: bought, within: 2d }');
    const { page, trained } = await make({ csv: syntheticLog(FEW), declaration });
    const { labels, rows } = trained.summary.parts.test;
    const [, , , test = []] = tableOf(page, 'The data');
    const { positives = 0, weightedPositives = 0, weightedRows = 1, unknown = 0 } = labels.click ?? {};
    expect(test.slice(3, 6)).toEqual([
      positives.toLocaleString('en-US'),
      `${Number(((100 * weightedPositives) / weightedRows).toPrecision(3))}%`,
      unknown.toLocaleString('en-US'),
    ]);
    expect(weightedPositives / weightedRows).toBeLessThan(0.8 * (positives / rows));
    const young = labels.conversion?.unknown ?? 0;
    expect(young).toBeGreaterThan(300);
    expect(test.at(-1)).toBe(young.toLocaleString('en-US'));
    expect(texts(page, 'section')[1]).toMatch(
      new RegExp(
        `^How good it is ?On ${(rows - young).toLocaleString('en-US')} held-out rows.*; ${young.toLocaleString('en-US')} younger rows are left out`,
      ),
    );
  });

  it('has the same AUC for all rows and for a segment that is all rows', async () => {
    const [header = '', ...lines] = syntheticLog(FEW).trimEnd().split('\n');
    const csv = `${[`${header},site`, ...lines.map((line) => `${line},all`)].join('\n')}\n`;
    const { page, trained } = await make({
      csv,
      declaration: declare().replace('segments: [item]', 'segments: [site]'),
    });
    const [, row = []] = tableOf(page, 'Where it ranks well, and where not');
    const { tasks } = trained.metrics;
    expect(row).toEqual([
      'all',
      (tasks[0]?.rows ?? 0).toLocaleString('en-US'),
      ...tasks.flatMap(({ positives, auc }) => [positives.toLocaleString('en-US'), auc.value?.toFixed(3)]),
    ]);
  });

  it('is made of a funnel without roles', async () => {
    const declaration = declare().replace(
      'click: { label: clicked }, conversion: { label: bought }',
      'seen: { label: clicked }, taken: { label: bought }',
    );
    const { page, problems } = await make({ csv: syntheticLog(FEW), declaration });
    expect(problems).toEqual([]);
    expect(
      tableOf(page, 'What it looks at')
        .slice(1)
        .map(([feature]) => feature)
        .toSorted(),
    ).toEqual(['age', 'item']);
  });

  it('says that it was not judged', async () => {
    const { page } = await make({ csv: syntheticLog(FEW), isJudged: false });
    expect(texts(page, '.verdict')).toEqual(['Not judged Published without asking the gate: no version was replaced.']);
    expect(tableOf(page, 'How good it is')).toHaveLength(4);
  });

  it('says which numbers refused it, and that monitoring was in alarm', async () => {
    const store = memoryStore();
    await make({ store });
    const reason = 'pctcvr on 2026-01-11: predicted over observed is 1.42';
    await putMonitoringVerdict(store, { model: 'shop', at: '2026-01-11T23:00:00.000Z', level: 'act', reason });
    const { page, decision } = await make({
      store,
      csv: syntheticLog({ ...NEXT, seed: 3, start: new Date('2026-01-12'), lost: 0.7 }),
    });
    expect(decision?.verdict).toBe('refused');
    expect(texts(page, '.verdict h2')).toEqual(['Refused']);
    expect(texts(page, '.verdict p')).toEqual([
      `It is not used: ${decision?.champion} stays, for these reasons.`,
      'Also:',
    ]);
    expect(texts(page, '.verdict li')).toEqual([...(decision?.reasons ?? []), ...(decision?.figures.notes ?? [])]);
    expect(decision?.figures.notes.at(-1)).toBe(
      `monitoring of the version in use: act, 2026-01-11 23:00 UTC: ${reason}; the new version is judged all the same`,
    );
    expect(texts(page, 'section').at(-2)).toBe(
      `What monitoring said last act, 2026-01-11 23:00 UTC: ${reason} Of the versions in use until then; monitoring/shop/index.html in the bucket has its page.`,
    );
    expect(texts(page, 'summary')[0]).toMatch(/^\d+ of \d+ checks do not hold$/);
  });

  it('is made where no held-out row has a conversion', async () => {
    const [header = '', ...lines] = syntheticLog(FEW).trimEnd().split('\n');
    const withPart = lines.map((line, row) => (row < 3000 ? `${line},a` : `${line.replace(/,1$/, ',0')},b`));
    const { page, problems } = await make({
      csv: `${[`${header},part`, ...withPart].join('\n')}\n`,
      declaration: declare({ split: 'column: part, train: [a], test: [b]' }),
    });
    expect(problems).toEqual([]);
    expect(tableOf(page, 'How good it is').at(-1)?.slice(0, 3)).toEqual(['CTCVR', '-', '-']);
    // What there is to say of clicks is said.
    expect(
      tableOf(page, 'What it looks at')
        .slice(1)
        .map(([feature]) => feature),
    ).toEqual(['item', 'age']);
  });

  it('is made where no row is held out', async () => {
    const { page, problems } = await make({
      csv: syntheticLog(FEW),
      declaration: declare({ split: 'hash: row, validation: 0.1, test: 0' }),
    });
    expect(problems).toEqual([]);
    expect(texts(page, '.verdict li')).toEqual(['there is no row to judge by: no mature row is held out']);
  });

  it('that cannot be made costs no model: it says so itself', async () => {
    const broken = ({ folder: place }: TrainedModel) => writeFile(join(place, 'model.onnx'), 'no model');
    const { page, problems } = await make({ csv: syntheticLog(FEW), isJudged: false, spoil: broken });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/model\.onnx is no ONNX model: /);
    expect(texts(page, 'h2')).toEqual(['Not judged', 'No figures']);
    expect(texts(page, 'section').at(-1)).toBe(`No figures${problems[0]}`);
  });
});
