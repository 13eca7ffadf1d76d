/** Every model of the family goes the whole way, by the command alone. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { MODELS } from '../../../lib/model/models/index.ts';
import { DECLARATION, logText } from '../../bin/small-log.ts';
import { workplace } from '../../bin/workplace.ts';

const place = workplace();
/** What the section `model` says, by a name for files: every type, and every kind of tower. */
const CHOICES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.keys(MODELS).map((type) => [type, `type: ${type}`])),
  mmoe: 'tower: mmoe',
  ple: 'tower: ple, crosses: dcn, wide: [item, history]',
  'wide-by-tower': 'type: esmm-ns, crosses: dcn, cross_rank: 2, wide: [item]',
};
const NAMES = Object.keys(CHOICES);

/** Trains a model into a bucket; what the command prints as JSON, and its exit code. */
async function train(name: string, bucket: string) {
  const isDelayed = name.startsWith('delay');
  const declared = isDelayed ? timed(DECLARATION) : DECLARATION;
  const model = declared.replace('model: { ', `model: { ${CHOICES[name]}, `);
  const training =
    'training: { calibration: platt, calibration_of: product, batch_size: 512, epochs: 6, learning_rate: 0.003 }';
  await place.write('longer.csv', isDelayed ? timedLog(logText(10_000)) : logText(10_000));
  const declaration = await place.write(`${name}.yaml`, model.replace(/training: .*/, training));
  const { code, stdout } = await place.run(
    ...['train', '-d', declaration, '--data', 'longer.csv', '--threads', '2', '--json', '-b', bucket],
  );
  return { code, ...JSON.parse(stdout) };
}

/** Returns a declaration whose conversions have times, and are final after a day. */
function timed(text: string): string {
  return text
    .replace('{ label: bought }', '{ label: bought, at: bought_at, within: 1d }')
    .replace('{ keys: [row] }', '{ keys: [row], time: shown_at }');
}

/** Returns a log with a row a minute, whose conversions come up to eight hours later, at the latest with its last row. */
function timedLog(text: string): string {
  const [header, ...lines] = text.trimEnd().split('\n');
  const at = (minutes: number) => new Date(Date.UTC(2026, 4, 1) + minutes * 60_000).toISOString();
  const rows = lines.map((line, row) => {
    const bought = Math.min(row + ((row * 37) % 480), lines.length - 1);
    return `${line},${at(row)},${line.endsWith(',1') ? at(bought) : ''}`;
  });
  return `${[`${header},shown_at,bought_at`, ...rows].join('\n')}\n`;
}

interface Trained {
  readonly epochs: readonly { readonly trainLosses: Readonly<Record<string, number>> }[];
}

describe.each(NAMES)('the model %s', (name) => {
  it('is trained, calibrated, gated, reported and exported', async () => {
    const trained = await train(name, name);
    expect(trained).toMatchObject({ code: 0, isCurrent: true, decision: { verdict: 'first' } });
    const networks: readonly Trained[] = trained.networks ?? [trained];
    const losses = networks.flatMap(({ epochs }) => Object.keys(epochs[0]?.trainLosses ?? {}));
    // Those that a type has besides the stages' are called after the stage: `conversion by IPS`.
    expect(losses.filter((loss) => !loss.includes(' '))).toEqual(['click', 'conversion']);
    expect(trained.metrics.tasks.ctr.auc).toBeGreaterThan(0.6);
    const file = async (path: string) => readFile(place.at(await versionFolder(place, name), path), 'utf8');
    expect(Object.keys(JSON.parse(await file('calibration.json')).calibrators)).toEqual(['click', 'conversion']);
    expect(await file('report.html')).toContain('<svg');
    const { stdout } = await place.run('models', 'show', '-b', name);
    expect(stdout).toContain('\ncalibrated platt of the product: declared\n');
  });

  it('scores the same outputs, of which pctcvr is the product of the two others', async () => {
    expect(await place.run('score', 'log.parquet', '-b', name)).toMatchObject({ code: 0 });
    const scores = `read_parquet('${place.at(name, 'scores/log.parquet/part-*.parquet')}')`;
    const [facts] = await place.rows(
      `SELECT count(*) AS rows, max(abs(pctcvr / (pctr * pcvr) - 1)) AS difference, stddev(pcvr) AS deviation FROM ${scores}`,
    );
    expect(Number(facts?.rows)).toBe(3000);
    expect(Number(facts?.difference)).toBeLessThan(1e-5);
    expect(Number(facts?.deviation)).toBeGreaterThan(1e-3);
  });

  it('is compared with a current version of whatever other model', async () => {
    const { decision, code } = await train(NAMES[(NAMES.indexOf(name) + 1) % NAMES.length] as string, name);
    expect(decision.champion).toBe('<version>');
    expect(decision.figures.outputs.map(({ task }: { readonly task: string }) => task)).toEqual([
      'ctr',
      'cvr',
      'ctcvr',
    ]);
    expect(code).toBe(decision.verdict === 'refused' ? 7 : 0);
  });
});

async function versionFolder({ listing }: typeof place, bucket: string): Promise<string> {
  const manifests = (await listing(bucket)).filter((line) => line.includes('manifest.json'));
  const [folder = ''] = manifests.map((line) => /^(models\/shop\/2[^/]+)\//.exec(line)?.[1]).filter(Boolean);
  return `${bucket}/${folder}`;
}
