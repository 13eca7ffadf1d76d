import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { failure, type Outcome, workplace } from './workplace.ts';

const place = workplace({ isTrained: true });
const SHOP = 'bucket/models/shop';
let version = '';

beforeAll(async () => {
  version = (await readdir(place.at(SHOP))).find((name) => name.startsWith('2')) ?? '';
});

/** Runs it while one file of the bucket is damaged, and checks that the bucket is left alone. */
async function withDamage(file: string, damage: (bytes: Buffer) => Buffer | null, args: readonly string[]) {
  const path = place.at(SHOP, file.replace('<version>', version));
  const bytes = await readFile(path);
  const damaged = damage(bytes);
  if (damaged === null) await rm(path);
  else await writeFile(path, damaged);
  try {
    const before = await place.listing('bucket');
    const outcome = await place.run(...args);
    expect(await place.listing('bucket')).toEqual(before);
    return outcome;
  } finally {
    await writeFile(path, bytes);
  }
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const middle = copy.length >> 1;
  copy.writeUInt8(copy.readUInt8(middle) ^ 1, middle);
  return copy;
}

const DAMAGED =
  'current.json of shop is not JSON, got "{}x" (in file://<folder>/bucket); entirespace models promote <version> --model shop --force writes it anew';
const SCORE = ['score', 'log.csv'];
const EVALUATE = ['evaluate', '--data', 'log.csv'];

describe('a model of which a byte has changed is neither evaluated nor used', () => {
  it.each([
    ['model.onnx', EVALUATE],
    ['model.onnx', SCORE],
    ['model.onnx', ['local']],
    ['vocabularies/item.parquet', SCORE],
    ['encoder.json', SCORE],
    ['declaration.yaml', SCORE],
    ['probe.json', EVALUATE],
  ])('%s, by %j', async (file, args) => {
    const { code, stdout, stderr } = await withDamage(`<version>/${file}`, flipped, args);
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' });
    expect(stderr.replaceAll(/[0-9a-f]{64}/g, '<sha256>')).toBe(
      `entirespace: shop <version> does not match its manifest: ${file}: sha256 got <sha256>, expected <sha256> (in file://<folder>/bucket)\n`,
    );
  });

  it('its manifest', async () => {
    const outcome = await withDamage('<version>/manifest.json', () => Buffer.from('{"name": "sh'), SCORE);
    expect(outcome).toEqual({
      code: 5,
      stdout: '',
      stderr:
        'entirespace: manifest of shop <version> is not JSON, got "{\\"name\\": \\"sh" (in file://<folder>/bucket)\n',
    });
  });

  it.each([
    ['score', SCORE],
    ['models', ['models', 'show']],
    ['train, before it trains', ['train', 'shop.yaml', '--data', 'log.csv']],
  ])('its pointer to the current version, by %s', async (_what, args) => {
    const outcome = await withDamage('current.json', () => Buffer.from('{}x'), args);
    expect(outcome).toEqual({
      code: 5,
      stdout: '',
      stderr: `entirespace: ${DAMAGED}\n`,
    });
  });

  it('its manifest, and its version is listed all the same', async () => {
    const damage = () => Buffer.from('{"name": "sh');
    const outcome = await withDamage('<version>/manifest.json', damage, ['models', 'list']);
    expect({ ...outcome, stdout: outcome.stdout.replaceAll(/ +/g, ' ') }).toEqual({
      code: 5,
      stdout: 'model version created gate\nshop <version> - first current\n',
      stderr:
        'entirespace: manifest of shop <version> is not JSON, got "{\\"name\\": \\"sh" (in file://<folder>/bucket)\n',
    });
  });

  it('its pointer to the current version, and its versions are listed all the same', async () => {
    const list = ['models', 'list'];
    expect(await withDamage('current.json', () => Buffer.from('{}x'), list)).toEqual({
      code: 5,
      stdout: expect.stringMatching(/^model .*\nshop {3}<version> {2}.* {2}first {2}[^a-z]*\n$/),
      stderr: `entirespace: ${DAMAGED}\n`,
    });
    const json = await withDamage('current.json', () => Buffer.from('{}x'), [...list, '--json']);
    expect({ ...json, stdout: JSON.parse(json.stdout) }).toEqual({
      code: 5,
      stdout: [
        {
          name: 'shop',
          current: null,
          pin: null,
          problem: DAMAGED,
          versions: [expect.objectContaining({ version: '<version>', problem: null })],
        },
      ],
      stderr: '',
    });
  });
});

describe('a model of which a file is missing is not used', () => {
  it.each([['model.onnx'], ['vocabularies/history.parquet']])('%s', async (file) => {
    expect(await withDamage(`<version>/${file}`, () => null, SCORE)).toEqual({
      code: 5,
      stdout: '',
      stderr: `entirespace: shop <version> does not match its manifest: ${file} is missing (in file://<folder>/bucket)\n`,
    });
  });

  it('its manifest, without which there is no model', async () => {
    expect(await withDamage('<version>/manifest.json', () => null, SCORE)).toEqual({
      code: 5,
      stdout: '',
      stderr: 'entirespace: no model in file://<folder>/bucket: train one\n',
    });
  });

  it('its pointer to the current version', async () => {
    expect(await withDamage('current.json', () => null, SCORE)).toEqual({
      code: 5,
      stdout: '',
      stderr: 'entirespace: model shop has no current version (in file://<folder>/bucket): train one, or promote one\n',
    });
  });
});

describe('a model that does not exist', () => {
  it.each([
    ['score', ['score', 'log.csv', '-m', 'shoe'], 'no model shoe in file://<folder>/bucket; there are: shop'],
    ['models list', ['models', 'list', '-m', 'shoe'], 'no model shoe in file://<folder>/bucket; there are: shop'],
    [
      'models promote',
      ['models', 'promote', '20260131-235959-0123abcd'],
      'no version <version> of model shop in file://<folder>/bucket; there are: <version>',
    ],
    ['models rollback', ['models', 'rollback'], 'model shop has no version before <version> in file://<folder>/bucket'],
  ])('is reported by %s, and nothing changes', async (_what, args, message) => {
    const before = await place.listing('bucket');
    expect(await place.run(...args)).toEqual(failure(5, message));
    expect(await place.listing('bucket')).toEqual(before);
  });
});

describe('evaluation rows of one class', () => {
  const oneClass = () =>
    place.writeRows('cold.parquet', `SELECT * REPLACE (0 AS bought) FROM '${place.at('log.parquet')}'`);

  it('have no metric that needs both classes, and the table says why', async () => {
    const { code, stdout } = await place.run('evaluate', '--data', await oneClass(), '--part', 'all');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^CTCVR +3,000 +0 +- \[1\]/m);
    expect(stdout).toContain('\n[1] no positive rows\n');
  });

  it('have null and the reason in JSON, and the progress is beside it', async () => {
    const { code, stdout, stderr } = await place.run('evaluate', '--data', await oneClass(), '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^evaluate: 609\/609 rows.*\n$/) });
    const { tasks } = JSON.parse(stdout).metrics;
    expect(tasks.ctcvr).toMatchObject({ rows: 609, positives: 0, auc: null, reasons: { auc: 'no positive rows' } });
    expect(tasks.ctr.auc).toBeTypeOf('number');
  });
});

describe('versions', () => {
  const current = async () => JSON.parse(await readFile(place.at(SHOP, 'current.json'), 'utf8')).version as string;

  it('of one seed have the same bytes, and are promoted and rolled back by hand', async () => {
    const trained = await place.run('train', 'shop.yaml', '--data', 'log.csv', '--no-promote', '--json');
    expect(trained).toMatchObject({ code: 0, stderr: expect.stringMatching(/^epoch 2\/2: training loss /m) });
    expect(JSON.parse(trained.stdout)).toMatchObject({ name: 'shop', isCurrent: false, bestEpoch: 2 });
    const versions = (await readdir(place.at(SHOP))).filter((name) => name.startsWith('2')).sort();
    expect(versions).toHaveLength(2);
    const second = versions[1] as string;

    for (const file of ['model.onnx', 'encoder.json', 'vocabularies/item.parquet', 'vocabularies/history.parquet']) {
      const [one, two] = await Promise.all(versions.map((id) => readFile(place.at(SHOP, id, file))));
      expect(one?.equals(two as Buffer), file).toBe(true);
    }

    const listed = (await place.run('models', 'list')).stdout.split('\n');
    expect(
      listed.map((line) =>
        line
          .replaceAll(/\d+\.\d+/g, '<n>')
          .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, '<time>')
          .replaceAll(/ +/g, ' '),
      ),
    ).toEqual([
      'model version created gate pctr AUC pctr log loss pcvr AUC pcvr log loss pctcvr AUC pctcvr log loss',
      'shop <version> <time> first <n> <n> <n> <n> <n> <n> current',
      'shop <version> <time> - <n> <n> <n> <n> <n> <n>',
      '',
    ]);
    const { tasks } = JSON.parse(trained.stdout).metrics;
    expect(listed[2]).toContain(tasks.ctr.auc.toFixed(4));
    expect(await place.run('models', 'promote', second)).toEqual({
      code: 0,
      stdout: 'shop <version> is the current version\n',
      stderr: '',
    });
    expect(await current()).toBe(second);
    expect(await place.run('models', 'show')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^shop <version> \(current\), [\d,]+ bytes, created /),
    });
    expect(await place.run('models', 'rollback', '--json')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^{"name":"shop","version":"<version>","reason":"rolled back by hand",.*}\n$/),
    });
    expect(await current()).toBe(version);
    expect(JSON.parse((await place.run('models', 'list', '--json')).stdout)).toMatchObject([
      {
        name: 'shop',
        current: '<version>',
        versions: [
          { version: '<version>', verdict: 'first', forced: false, problem: null },
          {
            verdict: null,
            metrics: [
              { output: 'pctr', auc: tasks.ctr.auc, logLoss: tasks.ctr.log_loss },
              { output: 'pcvr', auc: tasks.cvr.auc, logLoss: tasks.cvr.log_loss },
              { output: 'pctcvr', auc: tasks.ctcvr.auc, logLoss: tasks.ctcvr.log_loss },
            ],
          },
        ],
      },
    ]);
  });

  it('are pinned and unpinned by hand, which list and show tell', async () => {
    const timeless = ({ stdout, ...outcome }: Outcome) => ({
      ...outcome,
      stdout: stdout.replaceAll(/\d{4}-\d\d-\d\dT\S+Z/g, '<time>').trimEnd(),
    });
    const run = async (...args: string[]) => timeless(await place.run('models', ...args));
    await run('promote', version);
    expect((await run('unpin', '--reason', 'tidy')).code).toBe(0);
    expect(await run('unpin')).toEqual({
      code: 0,
      stdout: 'shop is not pinned, <version> is its current version',
      stderr: '',
    });
    expect(await run('pin', '--reason', 'sale until Sunday')).toEqual({
      code: 0,
      stdout:
        'shop <version> is the current version, pinned since <time>: sale until Sunday; no training run promotes another until entirespace models unpin',
      stderr: '',
    });
    expect((await run('list')).stdout).toMatch(
      /^shop {3}<version> {2}.* {2}current, pinned since <time>: sale until Sunday$/m,
    );
    expect((await run('show')).stdout).toMatch(
      /^shop <version> \(current, pinned since <time>: sale until Sunday\), [\d,]+ bytes, /,
    );
    expect(JSON.parse((await place.run('models', 'list', '--json')).stdout)).toMatchObject([
      { current: '<version>', pin: { reason: 'sale until Sunday' }, problem: null },
    ]);
    expect((await run('unpin')).stdout).toBe(
      'shop <version> is pinned no more: the next training run may promote its version',
    );
  });

  it('of two models need the name of one', async () => {
    const declaration = await readFile(place.at('shop.yaml'), 'utf8');
    await place.write('mail.yaml', declaration.replace('name: shop', 'name: mail'));
    const trained = await place.run('train', 'mail.yaml', '--data', 'log.parquet');
    expect(trained).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /published mail <version>, now the current version \(in bucket\)\nreport: bucket\/models\/mail\/<version>\/report\.html\n$/,
      ),
    });
    const before = await place.listing('bucket');
    expect(await place.run(...SCORE)).toEqual({
      code: 2,
      stdout: '',
      stderr: 'entirespace: --model is needed: file://<folder>/bucket has several models, mail, shop\n',
    });
    expect(await place.listing('bucket')).toEqual(before);
    expect(await place.run(...SCORE, '-m', 'mail')).toMatchObject({
      code: 0,
      stdout: 'candidates/log.csv: 3,000 rows scored, 0 rejected, by mail <version> -> bucket/scores/log.csv/\n',
    });
  });
});
