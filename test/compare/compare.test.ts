import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatComparison } from '../../bin/terminal/compare-text.ts';
import { type CompareOptions, compare } from '../../lib/compare/compare.ts';
import type { Competitor } from '../../lib/compare/competitor.ts';
import { comparisonSchema, comparisonText } from '../../lib/compare/result/comparison-file.ts';
import { DECLARATION, logText } from '../bin/small-log.ts';
import { shopDeclaration } from '../training/shop.ts';
import { syntheticLog } from '../training/synthetic-log.ts';
import { fake, OPTIONS, smallBench, withBench } from './fakes.ts';

const REFERENCE = fake({ name: 'esmm', skill: 0.2 });
const MODELS = [REFERENCE, fake({ name: 'better', skill: 0.6 }), fake({ name: 'same', skill: 0.2 })];

const small = smallBench();
const compareOn = (models: readonly Competitor[], options: Partial<CompareOptions> = {}) =>
  compare(small.bench(), models, { ...OPTIONS, folder: small.newFolder(), ...options });

describe('a comparison', () => {
  it('says which model is better than the reference, by how much and how surely', async () => {
    const found = await compareOn(MODELS);
    expect(formatComparison(found).split('\n')).toMatchInlineSnapshot(`
      [
        "better is better than esmm: +0.2268 (95% over 609 blocks of rows: +0.1834 to +0.2736) in the AUC of CTCVR with the own CTR",
        "",
        "model   CVR AUC  CTCVR shared  CTCVR own  CTR AUC  difference in CTCVR own (95%)      claim",
        "better   0.9387        0.9570     0.9688   0.9354   +0.2268 (+0.1834 to +0.2736)     better",
        "esmm     0.6964        0.8379     0.7409   0.6773                              -  reference",
        "same     0.6893        0.8355     0.7391   0.6772   −0.0019 (−0.0079 to +0.0036)          -",
        "",
        "CTCVR   log loss      NE   PCOC  calibration error  GAUC  recall of top 1%  CVR PCOC",
        "better    0.2955  0.8669  0.270              0.913     -            0.0937     0.511",
        "esmm      0.3509  1.0297  0.344              0.695     -            0.0522     0.540",
        "same      0.3512  1.0306  0.345              0.692     -            0.0513     0.540",
        "",
        "means over 3 seeds; differences from esmm of the scores averaged over seeds, with intervals over 609 blocks of rows",
        "the declared split, because the log has no time column (log.time): 2,078, 313 and 609 rows; test rows with 172 clicks and 65 conversions",
        "note: conversion is not rare here (33.5% of the clicks in the training rows convert): models of clicked rows alone may do as well as those of the entire space",
      ]
    `);
    expect(found.winner).toEqual({ name: 'better', settings: {}, isShown: true });
    expect(comparisonSchema.parse(JSON.parse(comparisonText(found)))).toEqual({ formatVersion: 1, ...found });
  });

  it('takes the best of the models that can be trained, and says which ranks above it', async () => {
    const trees = fake({ name: 'trees', skill: 0.9, isForComparisonOnly: true, isOnChosenRows: true });
    const found = await compareOn([...MODELS, trees]);
    expect(found.models[0]).toMatchObject({ name: 'trees', claim: 'better', isForComparisonOnly: true });
    expect(found.winner).toEqual({ name: 'better', settings: {}, isShown: true });
    expect(found.verdict).toMatch(
      /^better is better than esmm: \+0\.\d{4} \(95% over 609 blocks of rows: .*\) in the AUC of CTCVR with the own CTR; trees, which is for comparison only, has the greater mean, \+0\.\d{4} \(\+0\.\d{4} to \+0\.\d{4}\)$/,
    );
    // That trees rank first says nothing about the rows that networks should be trained on.
    expect(found.notes.join()).not.toContain('ranks first');
  });

  it('keeps the reference where only one that cannot be trained is better', async () => {
    const trees = fake({ name: 'trees', skill: 0.9, isForComparisonOnly: true });
    const { winner, verdict } = await compareOn([REFERENCE, trees]);
    expect(winner).toEqual({ name: 'esmm', settings: {}, isShown: false });
    expect(verdict).toMatch(
      /^no model that can be trained is shown to be better than esmm; trees, which is for comparison only, is: \+0\.\d{4} \(/,
    );
  });

  it('measures CVR on clicked rows alone', async () => {
    const { models, clicks } = await compareOn(MODELS);
    for (const { averaged } of models) expect(averaged?.tasks.cvr?.rows).toBe(clicks.test);
  });

  it('chooses settings on the validation rows, with as many trials for each model', async () => {
    const trials = [{}, { 'model.rate': 0.9 }, { 'model.rate': 0.1 }, { 'model.rate': 5 }];
    const models = [fake({ name: 'esmm', skill: 0.2, trials }), fake({ name: 'other', skill: 0.2, trials })];
    const found = await compareOn(models, { trials: 3 });
    for (const { settings, trials: tried } of found.models) {
      expect(settings).toEqual({ 'model.rate': 0.9 });
      expect(tried.map((trial) => trial.settings)).toEqual(trials.slice(0, 3));
    }
  });

  it('goes on without the seeds in which a model cannot be trained, and says so', async () => {
    const models = [
      ...MODELS,
      fake({ name: 'part', skill: 0.6, fails: [2] }),
      fake({ name: 'none', skill: 1, fails: [1, 2, 3] }),
    ];
    const found = await compareOn(models);
    const [part, none] = ['part', 'none'].map((name) => found.models.find((model) => model.name === name));
    expect(part?.seeds.map(({ seed }) => seed)).toEqual([1, 3]);
    expect(part?.claim).toBe('better');
    expect(none).toMatchObject({ claim: 'failed', seeds: [], averaged: null, differences: null });
    expect(found.models.at(-1)?.name).toBe('none');
    expect(found.notes).toContain(
      'part could not be trained in 1 run, first with seed 2: training diverged: loss got NaN',
    );
  });

  it('says where a model of rows chosen by the click ranks first, and that conversion is not rare', async () => {
    const models = [REFERENCE, fake({ name: 'base', skill: 0.6, isOnChosenRows: true })];
    const { notes } = await compareOn(models);
    expect(notes[0]).toMatch(
      /^conversion is not rare here \(3\d(\.\d)?% of the clicks in the training rows convert\), and base, /,
    );
  });

  it('gives the figures by share of the training rows', async () => {
    const found = await compareOn(MODELS, { shares: [0.1, 0.5] });
    const better = found.shares.filter(({ name }) => name === 'better');
    expect(better.map(({ share }) => share)).toEqual([0.1, 0.5, 1]);
    const aucs = better.map(({ mean }) => mean.cvr_auc as number);
    expect(aucs).toEqual(aucs.toSorted());
    expect(aucs[2]).toBe(found.models[0]?.mean.cvr_auc);
  });
});

describe('a comparison on a log with times and users', () => {
  it('tests on the second half of time, and resamples whole users', async () => {
    const text = syntheticLog({ seed: 1, rows: 4000, start: new Date('2026-01-01T00:00:00.000Z'), days: 10 });
    const found = await withBench({ declaration: shopDeclaration(), text }, (bench, folder) =>
      compare(bench, MODELS, { ...OPTIONS, folder }),
    );
    expect(found.protocol).toBe('halves of time');
    expect(found.rows).toEqual({ train: 1600, validation: 400, test: 2000 });
    expect(found.units.kind).toBe('groups');
    expect(found.models[0]?.seeds[0]?.tasks.ctcvr?.gauc).toBeGreaterThan(0.5);
    expect(formatComparison(found)).toContain(
      '\nthe first half of the log by time trains, its last fifth validates, the second half tests: 1,600, 400 and 2,000 rows; ',
    );
  });

  it('makes no claim by few users', async () => {
    const text = syntheticLog({
      seed: 1,
      rows: 4000,
      start: new Date('2026-01-01T00:00:00.000Z'),
      days: 10,
    }).replaceAll(/^(\d+,[^,]+),[^,]+(?=,)/gm, (_, before: string) => `${before},${Number(before.split(',')[0]) % 5}`);
    const found = await withBench({ declaration: shopDeclaration(), text }, (bench, folder) =>
      compare(bench, MODELS, { ...OPTIONS, folder }),
    );
    expect(found.models.map(({ claim }) => claim).toSorted()).toEqual([
      'not shown to differ',
      'not shown to differ',
      'reference',
    ]);
    expect(found.winner).toEqual({ name: 'esmm', settings: {}, isShown: false });
    expect(found.notes).toContain(
      'no model is said to be better or worse: 5 groups to resample, expected at least 30 (log.group)',
    );
  });
});

describe('records', () => {
  it('give the same file, whatever is run again, and how much at once', async () => {
    const folder = small.newFolder();
    const seeds: number[] = [];
    const models = [
      fake({ name: 'esmm', skill: 0.2 }),
      fake({ name: 'better', skill: 0.6, onRun: (seed) => seeds.push(seed) }),
    ];
    const first = comparisonText(await compareOn(models, { folder }));
    expect(seeds.toSorted()).toEqual([1, 2, 3]);
    const [one = '', two = ''] = (await readdir(folder)).filter((name) => name.startsWith('better')).toSorted();
    const bytes = await readFile(join(folder, one));
    await writeFile(join(folder, one), bytes.subarray(0, bytes.length - 4));
    await writeFile(join(folder, two), 'nothing');
    const damages: string[] = [];
    const onDamage = (_: string, why: string) => damages.push(why);
    expect(comparisonText(await compareOn(models, { atOnce: 1, folder, onDamage }))).toBe(first);
    expect(seeds.slice(3)).toEqual([1, 2]);
    expect(damages).toEqual(['its scores are not those that were written', 'it has no header that can be read']);
  });

  it('serve a comparison of more seeds', async () => {
    const folder = small.newFolder();
    const seeds: number[] = [];
    const models = [fake({ name: 'esmm', skill: 0.2, onRun: (seed) => seeds.push(seed) })];
    await compareOn(models, { atOnce: 1, folder });
    await compareOn(models, { seeds: 5, atOnce: 1, folder });
    expect(seeds).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('a log on which models cannot be compared', () => {
  it('is refused where no test row has a conversion', async () => {
    const text = logText(3000).replaceAll(/,1,1$/gm, ',1,0').replace(/,1,0$/m, ',1,1');
    await expect(
      withBench({ text }, (bench, folder) => compare(bench, MODELS, { ...OPTIONS, folder })),
    ).rejects.toThrow(
      'models cannot be compared on the test rows with click: none has conversion, expected some that have it and some that have not (split by the hash of row: 10% validation, 20% test, in log.csv)',
    );
  });

  it('is compared by CVR where each test row has a click, and refused by CTR', async () => {
    const rows = logText(3000).trimEnd().split('\n');
    const lines = rows.map((line, row) => {
      const isTest = row % 5 === 0 && line.includes(',1,');
      return row === 0 ? `${line},part` : `${line},${isTest ? 'test' : row % 7 === 0 ? 'validation' : 'train'}`;
    });
    const log = {
      text: `${lines.join('\n')}\n`,
      declaration: DECLARATION.replace(
        /^split: .*$/m,
        'split: { column: part, train: [train], validation: [validation], test: [test] }',
      ),
    };
    await withBench(log, async (bench, folder) => {
      const { models } = await compare(bench, MODELS, { ...OPTIONS, by: 'cvr_auc', folder });
      expect(models.find(({ name }) => name === 'better')).toMatchObject({ claim: 'better', mean: { ctr_auc: null } });
      await expect(compare(bench, MODELS, { ...OPTIONS, by: 'ctr_auc', folder })).rejects.toThrow(
        'models cannot be compared on the test rows: each of them has click, expected some that have it and some that have not (split by the values of part: train train; validation validation; test test, in log.csv)',
      );
    });
  });
});
