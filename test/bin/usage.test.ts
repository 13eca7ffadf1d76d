import { readFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { workplace } from './workplace.ts';

const place = workplace();
const STATE_MACHINE = 'arn:aws:states:eu-west-1:123456789012:stateMachine:shop';

describe('the help', () => {
  it.each([
    [['--help']],
    [['validate', '--help']],
    [['train', '--help']],
    [['evaluate', '--help']],
    [['score', '--help']],
    [['models', '--help']],
    [['models', 'list', '--help']],
    [['models', 'show', '--help']],
    [['models', 'promote', '--help']],
    [['models', 'rollback', '--help']],
    [['features', '--help']],
    [['local', '--help']],
    [['build-lambda', '--help']],
    [['doctor', '--help']],
    [['retrain', '--help']],
    [['demo', '--help']],
  ])('of %j has an example', async (args) => {
    const { code, stdout, stderr } = await place.run(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`\n  $ entirespace ${args.slice(0, -1).join(' ')}`);
  });

  it('tells every exit code', async () => {
    const { stdout } = await place.run('help');
    expect(stdout).toContain(
      'Exit codes: 0 success, 1 unexpected error, 2 usage, 3 bad declaration, 4 bad data, 5 bad or missing model, 6 disk or memory, 7 refused by the gate, 130 interrupted',
    );
  });

  it('is what a command line without a command gets, as an error', async () => {
    const { code, stdout, stderr } = await place.run();
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: entirespace \[options\] \[command\]\n/);
  });

  it('tells the version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await place.run('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('a command line is refused', () => {
  it.each([
    ['an unknown command', ['trian'], 'unknown command trian, did you mean train?'],
    [
      'a command that is like no other',
      ['sing'],
      'unknown command sing, expected one of validate, train, evaluate, features, score, models, local, redrive, retrain, build-lambda, doctor, demo',
    ],
    ['a mistyped command of models', ['models', 'lsit'], 'unknown command lsit, did you mean list?'],
    [
      'an unknown command of models',
      ['models', 'drop'],
      'unknown command drop, expected one of list, show, promote, rollback, history',
    ],
    ['an unknown option', ['validate', '--dat', 'x'], 'unknown option --dat, did you mean --data?'],
    [
      'an unknown option with its value',
      ['validate', '--bukcet=b'],
      'unknown option --bukcet, expected one of --declaration, --data, --rejects, --threads, --memory, --json, --help',
    ],
    ['a mistyped option that is needed', ['train', '--dta', 'logs/'], 'unknown option --dta, did you mean --data?'],
    [
      'a mistyped option of a models command',
      ['models', 'list', '--bukcet', 'b'],
      'unknown option --bukcet, did you mean --bucket?',
    ],
    [
      'an unknown option of a models command',
      ['models', 'list', '--colour'],
      'unknown option --colour, expected one of --bucket, --endpoint, --model, --json, --help',
    ],
    ['a missing option', ['train'], "required option '--data <path>' not specified"],
    ['a missing argument', ['score'], "missing required argument 'files'"],
    [
      'too many arguments',
      ['train', '--data', 'x', 'shop.yaml', 'y'],
      'too many arguments for train: got 2, expected at most 1',
    ],
    ['an argument where there is none', ['doctor', 's3://shop'], 'too many arguments for doctor: got 1, expected none'],
    [
      'no whole number of threads',
      ['train', '--data', 'x', '--threads', '1.5'],
      '--threads: got 1.5, expected a whole number from 1 to 1024',
    ],
    ['no memory', ['validate', '--memory', '0'], '--memory: got 0, expected a whole number above 0'],
    [
      'a value that is none of the choices',
      ['evaluate', '--data', 'x', '--part', 'half'],
      '--part: got half, expected one of train, validation, test, all',
    ],
    [
      'a mistyped choice',
      ['evaluate', '--data', 'x', '--part', 'tset'],
      '--part: got tset, did you mean test? expected one of train, validation, test, all',
    ],
    [
      'what is no version',
      ['evaluate', '--data', 'x', '--version', 'latest'],
      '--version: got latest, expected one like <version>',
    ],
    [
      'what is no version to promote',
      ['models', 'promote', 'latest'],
      'version: got latest, expected one like <version>',
    ],
    [
      'an endpoint that is no URL',
      ['models', 'list', '--endpoint', 'localhost:4566'],
      '--endpoint: got localhost:4566, expected one like http://localhost:4566',
    ],
    [
      'polling and watching at once',
      ['local', '--poll', '--watch'],
      "option '--poll' cannot be used with option '--watch'",
    ],
    [
      'a retry after no time',
      ['local', '--poll', '--retry', '0'],
      '--retry: got 0, expected a whole number from 1 to 43200',
    ],
    [
      'a retraining that shall not be now',
      ['retrain', '-b', 's3://shop', '--state-machine', STATE_MACHINE],
      "required option '--now' not specified",
    ],
    [
      'a retraining of nobody knows what',
      ['retrain', '--now', '-b', 's3://shop'],
      "required option '--state-machine <arn>' not specified",
    ],
    [
      'what is no state machine',
      ['retrain', '--now', '-b', 's3://shop', '--state-machine', 'Training'],
      '--state-machine: got Training, expected one like arn:aws:states:eu-west-1:123456789012:stateMachine:name',
    ],
  ])('with %s', async (_what, args, message) => {
    expect(await place.run(...args)).toEqual({
      code: 2,
      stdout: '',
      stderr: `entirespace: ${message} (--help tells more)\n`,
    });
  });

  it.each([
    [
      'with a folder for bad rows that is not there',
      ['validate', 'shop.yaml', '--rejects', 'absent/bad.parquet'],
      '--rejects: got absent/bad.parquet, no such folder: <folder>/absent',
    ],
    [
      'with two declarations',
      ['validate', 'shop.yaml', '-d', 'mail.yaml'],
      'declaration given twice: got shop.yaml and --declaration mail.yaml, expected one of them',
    ],
    [
      'with a log for the declaration, as a glob without quotes is',
      ['train', '--data', 'logs/1.parquet', 'logs/2.parquet'],
      'logs/2.parquet is no declaration by its name, expected YAML (a glob of logs needs quotes)',
    ],
  ])('%s', async (_what, args, message) => {
    expect(await place.run(...args)).toEqual({ code: 2, stdout: '', stderr: `entirespace: ${message}\n` });
  });

  it('as JSON where JSON is asked for', async () => {
    expect(await place.run('train', '--json')).toEqual({
      code: 2,
      stdout: `{"error":{"name":"UsageError","message":"required option '--data <path>' not specified (--help tells more)"}}\n`,
      stderr: '',
    });
  });
});

describe('a bucket is refused', () => {
  it.each([
    ['which is not there', ['models', 'list', '-b', 'absent'], 'no such folder: absent'],
    ['which is a file', ['models', 'show', '-b', 'log.csv'], '<folder>/log.csv is a file, expected a folder'],
    [
      'which is below a file, before training begins',
      ['train', '-d', 'shop.yaml', '--data', 'log.csv', '-b', 'log.csv/bucket'],
      '<folder>/log.csv is a file, expected a folder',
    ],
    [
      'which is of another kind',
      ['score', 'log.csv', '-b', 'ftp://host/bucket'],
      'store ftp://host/bucket is of a kind that is not supported, expected a folder (a path or file:///absolute/path) or s3://bucket',
    ],
  ])('%s', async (_what, args, message) => {
    expect(await place.run(...args)).toEqual({ code: 2, stdout: '', stderr: `entirespace: --bucket: ${message}\n` });
  });
});

describe('a folder is refused as the bucket', () => {
  it.each([
    ['at an endpoint', ['models', 'list', '-b', '.', '--endpoint', 'http://localhost:4566'], '--endpoint'],
    ['which has no queues to poll', ['local', '-b', '.', '--poll'], '--poll'],
  ])('%s', async (_what, args, option) => {
    const stderr = `entirespace: ${option}: expected s3://bucket as --bucket, got .\n`;
    expect(await place.run(...args)).toEqual({ code: 2, stdout: '', stderr });
  });
});

it('a folder is refused as the bucket of a stack that is retrained', async () => {
  expect(await place.run('retrain', '--now', '-b', '.', '--state-machine', STATE_MACHINE)).toEqual({
    code: 2,
    stdout: '',
    stderr: "entirespace: retrain starts a deployed stack's run: expected s3://bucket as --bucket, got .\n",
  });
});

it('an endpoint where nobody answers is told of, and is not taken for a full disk', async () => {
  vi.stubEnv('AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'true');
  expect(await place.run('models', 'list', '-b', 's3://shop', '--endpoint', 'http://127.0.0.1:1')).toEqual({
    code: 1,
    stdout: '',
    stderr: 'entirespace: cannot list s3://shop/models/: connect ECONNREFUSED 127.0.0.1:1\n',
  });
});

describe('the declaration', () => {
  const valid = (name: string) => ({
    code: 0,
    stdout: `${name} is valid: 2 stages, 3 features, 2 embedding tables\n`,
    stderr: '',
  });

  it.each([[['shop.yaml']], [['-d', 'shop.yaml']], [['shop.yaml', '-d', './shop.yaml']]])(
    'is the argument or the option: %j',
    async (args) => expect(await place.run('validate', ...args)).toEqual(valid('shop.yaml')),
  );

  it('is entirespace.yaml where none is named', async () => {
    expect(await place.run('validate')).toEqual({
      code: 3,
      stdout: '',
      stderr: 'entirespace: entirespace.yaml:1:1 no such file\n',
    });
    await copyFile(place.at('shop.yaml'), place.at('entirespace.yaml'));
    expect(await place.run('validate')).toEqual(valid('entirespace.yaml'));
  });
});

describe('a declaration is refused', () => {
  const refused = async (file: string, message: string) =>
    expect(await place.run('validate', '-d', file)).toEqual({
      code: 3,
      stdout: '',
      stderr: `entirespace: ${message}\n`,
    });

  it('where it is not there', () => refused('absent.yaml', 'absent.yaml:1:1 no such file'));

  it('where it is empty', async () =>
    refused(
      await place.write('empty.yaml', ''),
      'empty.yaml:1:1 got an empty file, expected a map with name, stages, log and features',
    ));

  it('where it is no YAML', async () =>
    refused(
      await place.write('open.yaml', 'name: ['),
      'open.yaml:1:8 flow sequence in block collection must be sufficiently indented and end with a ]',
    ));

  it('where it is no declaration, without repeating all of it', async () =>
    refused(
      await place.write('noise.yaml', 'x'.repeat(500)),
      `noise.yaml:1:1 got "${'x'.repeat(60)}...", expected a map with name, stages, log and features`,
    ));

  it('with all of its mistakes at once', async () => {
    const text = `name: Shop!
stages:
  click: { label: clicked }
  conversion: { label: bought, witin: 7d }
log: { kyes: [row] }
split: { hash: row, validation: 1.5 }
features:
  age: { type: numbr, entity: user }
  item: { type: category, entity: thing }
  pctr: { type: number, entity: user }
  history: { type: bag, entity: user, delimiter: "|", max_length: 0 }
model: { hidden_units: [] }
training: { epochs: 0 }
`;
    await refused(
      await place.write('ten.yaml', text),
      `ten.yaml:1:7 name: got "Shop!", expected a name of a-z, 0-9 and -
ten.yaml:4:32 stages.conversion.witin: unknown key, did you mean within? expected one of from, label, weight, complement_of, exclusive, within, inconsistent, max_inconsistent
ten.yaml:5:1 log.keys: missing, expected a list
ten.yaml:5:8 log.kyes: unknown key, did you mean keys? expected one of keys, time, group, kept, outcomes, max_rejected
ten.yaml:6:33 split.validation: got 1.5, expected a share of at least 0 and below 1
ten.yaml:8:16 features.age.type: got "numbr", expected one of "category", "bag", "number"
ten.yaml:9:35 features.item.entity: got "thing", expected one of "user", "item", "context"
ten.yaml:10:3 features.pctr: got pctr, a name of the scores' probabilities, expected another
ten.yaml:11:67 features.history.max_length: got 0, expected a whole number of at least 1
ten.yaml:12:10 model.hidden_units: got an empty list, expected at least one layer
ten.yaml:13:21 training.epochs: got 0, expected a whole number of at least 1`,
    );
  });
});

describe('a machine without room is told of', () => {
  it('where the scratch folder is not there', async () => {
    const { done } = place.start(['validate', '-d', 'shop.yaml', '--data', 'log.csv'], { TMPDIR: '/nowhere' });
    expect(await done).toEqual({
      code: 6,
      stdout: '',
      stderr: 'entirespace: cannot make a scratch folder in /nowhere: ENOENT (TMPDIR names another place)\n',
    });
  });

  it('where memory does not do, without blaming the file', async () => {
    const { code, stderr } = await place.run('validate', '-d', 'shop.yaml', '--data', 'log.csv', '--memory', '1');
    expect(code).toBe(6);
    expect(stderr).toMatch(/^entirespace: Out of Memory Error: .*\n$/);
  });
});
