import { describe, expect, it } from 'vitest';
import { thisMachine } from '../../lib/config/machine.ts';
import { failure, workplace } from './workplace.ts';

const place = workplace();
const STATE_MACHINE = 'arn:aws:states:eu-west-1:123456789012:stateMachine:shop';

describe('a command line that cannot be understood', () => {
  it.each([
    ['a mistyped command', ['trian'], 'unknown command trian, did you mean train?'],
    [
      'an unknown command',
      ['sing'],
      'unknown command sing, expected one of init, validate, render, train, export-training, tune, compare, synth, evaluate, features, convert, score, monitor, serve, models, local, status, redrive, retrain, build-lambda, doctor, demo',
    ],
    ['a mistyped command of models', ['models', 'lsit'], 'unknown command lsit, did you mean list?'],
    [
      'an unknown command of models',
      ['models', 'drop'],
      'unknown command drop, expected one of list, show, promote, rollback, pin, unpin, prune, history',
    ],
    ['a mistyped option', ['validate', '--dat', 'x'], 'unknown option --dat, did you mean --data?'],
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
      'a number of threads that is not whole',
      ['train', '--data', 'x', '--threads', '1.5'],
      '--threads: got 1.5, expected a whole number from 1 to 1024',
    ],
    [
      'an option given twice',
      ['train', '--data', 'a', '-b', 'one', '--bucket', 'two'],
      '--bucket given twice, expected once',
    ],
    [
      'no process',
      ['export-training', '--processes', '0'],
      '--processes: got 0, expected a whole number from 1 to 1024',
    ],
    ['a memory of 0 MiB', ['validate', '--memory', '0'], '--memory: got 0, expected a whole number above 0'],
    [
      'more memory than the machine has',
      ['validate', '--memory', '999999999'],
      `--memory: got 999999999, expected at most ${Math.floor(thisMachine().memoryBytes / 2 ** 20)} MiB, the memory of this machine`,
    ],
    [
      'a value that is not among the choices',
      ['evaluate', '--data', 'x', '--part', 'half'],
      '--part: got half, expected one of train, validation, test, all',
    ],
    [
      'a mistyped choice',
      ['evaluate', '--data', 'x', '--part', 'tset'],
      '--part: got tset, did you mean test? expected one of train, validation, test, all',
    ],
    [
      'an option that is not a version',
      ['evaluate', '--data', 'x', '--version', 'latest'],
      '--version: got latest, expected one like <version>',
    ],
    [
      'an argument that is not a version',
      ['models', 'promote', 'latest'],
      'version: got latest, expected one like <version>',
    ],
    [
      'an endpoint that is not a URL',
      ['models', 'list', '--endpoint', 'localhost:4566'],
      '--endpoint: got localhost:4566, expected one like http://localhost:4566',
    ],
    [
      'two options that exclude each other',
      ['local', '--poll', '--watch'],
      "option '--poll' cannot be used with option '--watch'",
    ],
    [
      'a retry after 0 seconds',
      ['local', '--poll', '--retry', '0'],
      '--retry: got 0, expected a whole number from 1 to 43200',
    ],
    [
      'a retraining without --now',
      ['retrain', '-b', 's3://shop', '--state-machine', STATE_MACHINE],
      "required option '--now' not specified",
    ],
    [
      'a retraining without a state machine',
      ['retrain', '--now', '-b', 's3://shop'],
      "required option '--state-machine <arn>' not specified",
    ],
    [
      'an ARN that is not of a state machine',
      ['retrain', '--now', '-b', 's3://shop', '--state-machine', 'Training'],
      '--state-machine: got Training, expected one like arn:aws:states:eu-west-1:123456789012:stateMachine:name',
    ],
  ])('is refused: %s', async (_what, args, message) => {
    expect(await place.run(...args)).toEqual(failure(2, `${message} (--help tells more)`));
  });

  it.each([
    [
      'a folder for bad rows that does not exist',
      ['validate', 'shop.yaml', '--rejects', 'absent/bad.parquet'],
      '--rejects: got absent/bad.parquet, no such folder: <folder>/absent',
    ],
    [
      'a folder in place of the file for bad rows',
      ['validate', 'shop.yaml', '--rejects', 'tmp'],
      '--rejects: got tmp, a folder, expected the path of a file',
    ],
    [
      'a file for bad rows below a file',
      ['validate', 'shop.yaml', '--rejects', 'log.csv/bad.parquet'],
      '--rejects: got log.csv/bad.parquet, no such folder: <folder>/log.csv',
    ],
    [
      'two declarations',
      ['validate', 'shop.yaml', '-d', 'mail.yaml'],
      'declaration given twice: got shop.yaml and --declaration mail.yaml, expected one of them',
    ],
    [
      'a log in place of the declaration, as from a glob without quotes',
      ['train', '--data', 'logs/1.parquet', 'logs/2.parquet'],
      'logs/2.parquet is no declaration by its name, expected YAML (a glob of logs needs quotes)',
    ],
  ])('is refused before it is acted on: %s', async (_what, args, message) => {
    expect(await place.run(...args)).toEqual(failure(2, message));
  });

  it('is refused in JSON where JSON is asked for', async () => {
    expect(await place.run('train', '--json')).toEqual({
      code: 2,
      stdout: `{"error":{"name":"UsageError","message":"required option '--data <path>' not specified (--help tells more)"}}\n`,
      stderr: '',
    });
  });
});

describe('a bucket', () => {
  it.each([
    ['that does not exist', ['models', 'list', '-b', 'absent'], 'no such folder: absent (entirespace train makes it)'],
    ['that is a file', ['models', 'show', '-b', 'log.csv'], '<folder>/log.csv is a file, expected a folder'],
    [
      'that is below a file, before training begins',
      ['train', '-d', 'shop.yaml', '--data', 'log.csv', '-b', 'log.csv/bucket'],
      '<folder>/log.csv is a file, expected a folder',
    ],
    [
      'that is of another kind of store',
      ['score', 'log.csv', '-b', 'ftp://host/bucket'],
      'store ftp://host/bucket is of a kind that is not supported, expected a folder (a path or file:///absolute/path) or s3://bucket',
    ],
  ])('is refused %s', async (_what, args, message) => {
    expect(await place.run(...args)).toEqual(failure(2, `--bucket: ${message}`));
  });

  it.each([
    ['with an endpoint', ['models', 'list', '-b', '.', '--endpoint', 'http://localhost:4566'], '--endpoint'],
    ['where queues are to be polled', ['local', '-b', '.', '--poll'], '--poll'],
  ])('that is a folder is refused %s', async (_what, args, option) => {
    expect(await place.run(...args)).toEqual(failure(2, `${option}: expected s3://bucket as --bucket, got .`));
  });

  it('that is a folder is refused where a stack is retrained', async () => {
    expect(await place.run('retrain', '--now', '-b', '.', '--state-machine', STATE_MACHINE)).toEqual(
      failure(2, "retrain starts a deployed stack's run: expected s3://bucket as --bucket, got ."),
    );
  });

  it('that is a folder is refused where a stack is examined', async () => {
    expect(await place.run('doctor', '-b', '.')).toEqual(
      failure(2, 'doctor looks at a deployed stack: expected s3://bucket as --bucket, got .'),
    );
  });
});
