import { describe, expect, it } from 'vitest';
import { formatComparison } from '../../../bin/terminal/compare-text.ts';
import { compare } from '../../../lib/compare/compare.ts';
import { comparisonPage } from '../../../lib/compare/page/page.ts';
import { comparisonSchema, comparisonText } from '../../../lib/compare/result/comparison-file.ts';
import { DECLARATION, logText } from '../../bin/small-log.ts';
import { fake, OPTIONS, type SmallLog, withBench } from '../fakes.ts';

const MODELS = [fake({ name: 'esmm', skill: 0.2 }), fake({ name: 'better', skill: 0.6 })];

/** The small log converts with probability 0.1 + age / 200; a column of half of that stands for the second truth. */
function truthful(truth: string, change: (truth: number, row: number) => string | number = (value) => value): SmallLog {
  const lines = logText(3000).trimEnd().split('\n');
  const withTruth = lines.map((line, index) => {
    if (index === 0) return `${line},known,forced`;
    const known = 0.1 + Number(line.split(',')[1]) / 200;
    return `${line},${change(known, index - 1)},${known / 2}`;
  });
  const declaration = DECLARATION.replace('log: { keys: [row] }', `log: { keys: [row], truth: ${truth} }`);
  return { declaration, text: `${withTruth.join('\n')}\n` };
}

const compared = (log: SmallLog) =>
  withBench(log, (bench, folder) => compare(bench, MODELS, { ...OPTIONS, seeds: 2, folder }));

describe('a comparison on a log with a known truth', () => {
  it('says how far each model is from it, in the file, the text and the page', async () => {
    const found = await compared(truthful('{ pcvr: known, pcvr_do: forced }'));
    expect(found.truth?.models.map(({ name, kind, rows }) => `${name} ${kind} ${rows}`).slice(0, 4)).toEqual([
      'esmm pcvr clicked',
      'esmm pcvr unclicked',
      'esmm pcvr all',
      'esmm pcvr_do clicked',
    ]);
    expect(found.truth?.rows).toEqual({ clicked: 172, unclicked: 437, all: 609 });
    const lines = formatComparison(found).split('\n');
    const at = lines.findIndex((line) => line.startsWith('pcvr against'));
    expect(lines[at]).toBe(
      'pcvr against known, P(conversion | clicked by itself, features): over 172 clicked, 437 unclicked and all test rows',
    );
    expect(lines.slice(at + 2, at + 5).map((line) => line.split(/ {2,}/)[0])).toEqual(['better', 'esmm', 'the truth']);
    expect(comparisonSchema.parse(JSON.parse(comparisonText(found)))).toEqual({ formatVersion: 1, ...found });
    expect(comparisonPage(found)).toContain('<h2>How far from the truth</h2>');
  });

  it('is as without it in all else', async () => {
    const { truth: _, identity, ...rest } = await compared(truthful('{ pcvr: known }'));
    const { identity: before, ...without } = await compared({ declaration: DECLARATION, text: logText(3000) });
    expect(rest).toEqual(without);
    expect(identity).toEqual(before);
    expect(comparisonPage({ identity, ...without })).not.toContain('from the truth');
  });

  it('is refused where the truth is not there, or no probability', async () => {
    await expect(compared(truthful('{ pcvr: absent }'))).rejects.toThrow(/^columns missing: absent \(in /);
    await expect(compared(truthful('{ pcvr: known }', (value, row) => (row % 2 ? value : '')))).rejects.toThrow(
      /^known: got no number in \d+ of 609 rows, expected a probability above 0 and below 1 in each \(log\.truth\.pcvr, in /,
    );
    await expect(compared(truthful('{ pcvr: known }', () => 1))).rejects.toThrow(
      /^known: got 1 in 609 of 609 rows, expected a probability above 0 and below 1 in each \(log\.truth\.pcvr, in /,
    );
  });
});
