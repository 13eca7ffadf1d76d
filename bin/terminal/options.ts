/** Options that several commands share. */
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { ENGINES } from '../../lib/config/engines.ts';
import { thisMachine } from '../../lib/config/machine.ts';
import { nearest } from '../../lib/config/nearest.ts';
import { isVersionId } from '../../lib/registry/keys.ts';
import { RepeatableOption } from './command-line.ts';
import { UsageError } from './exit.ts';
import { type Io, pathIn } from './io.ts';

// More than any machine has; DuckDB would start any number of threads that it is given.
const MOST_THREADS = 1024;
// A bucket's number in its key has five digits.
const MOST_BUCKETS = 99_999;
const MOST_PORT = 65_535;
// The longest that SQS can hide a message.
const MOST_SECONDS = 43_200;

export const dataOption = () =>
  new RepeatableOption(
    '--data <path>',
    'impression log: a file, folder or glob of Parquet or CSV; given several times, all are read as one log',
  ).makeOptionMandatory();
export const tableOption = () =>
  new Option(
    '--data <path>',
    'table with one row for each user, or item: a file, folder or glob of Parquet or CSV',
  ).makeOptionMandatory();
export const bucketOption = () =>
  new Option('-b, --bucket <folder>', 'folder, or s3://bucket, that holds models/, candidates/ and scores/').default(
    'bucket',
  );
export const endpointOption = () =>
  new Option('--endpoint <url>', 'AWS of an emulator, such as http://localhost:4566 (default: AWS)').argParser(httpUrl);
export const modelOption = () => new Option('-m, --model <name>', "model name (default: the bucket's only one)");
export const jsonOption = () => new Option('--json', 'one JSON document on standard output').default(false);
export const rejectsOption = () =>
  new Option(
    '--rejects <file>',
    'where the bad rows of the log go, as Parquet; written only where there are any',
  ).default('rejects.parquet');
export const entityOption = () =>
  new Option('-e, --entity <entity>', 'what the table describes, as declared: user, item, ...').makeOptionMandatory();
export const dateOption = () =>
  new Option('--date <YYYY-MM-DD>', 'date of the table; scoring takes the newest')
    .default(new Date().toISOString().slice(0, 10), 'today, UTC')
    .argParser(calendarDate);
export const dryRunOption = () =>
  new Option('--dry-run', 'only tell what it would take: shards, time, memory and USD; nothing is written').default(
    false,
  );
export const bucketsOption = () =>
  new Option(
    '--buckets <n>',
    'files of the table, by the hash of the key (default: one for each 250,000 rows)',
  ).argParser(wholeNumber(MOST_BUCKETS));
export const engineOption = () =>
  choiceOption(
    '--engine <engine>',
    "what computes the training steps (default: the declaration's training.engine)",
    ENGINES,
  );
export const threadsOption = () =>
  new Option('--threads <n>', 'threads of training and scoring')
    .default(thisMachine().processors)
    .argParser(wholeNumber(MOST_THREADS));
export const memoryOption = () =>
  new Option('--memory <MiB>', 'memory for reading and encoding; more goes to scratch disk')
    .default(Math.floor(machineMiB() / 4))
    .argParser(memoryMiB);

export const processesOption = () =>
  new Option(
    '--processes <n>',
    'processes that encode and write the rows, which share threads and memory (default: one for each thread, as memory allows)',
  ).argParser(wholeNumber(MOST_THREADS));

export const portOption = () =>
  new Option('--port <n>', 'port of HTTP; 0 for any that is free').default(8080).argParser(portNumber);
export const tableMemoryOption = () =>
  new Option('--table-memory <MiB>', 'most memory of a feature table, which is held whole')
    .default(2048)
    .argParser(wholeNumber(Number.MAX_SAFE_INTEGER));

export const secondsOption = (name: string, description: string) =>
  new Option(`${name} <seconds>`, description).argParser(wholeNumber(MOST_SECONDS));

function portNumber(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= MOST_PORT) return Number(text);
  throw new InvalidArgumentError(`expected a whole number from 0 to ${MOST_PORT}`);
}

/**
 * Where the bad rows go: checked before the log is read, for they are written after it.
 * @throws {UsageError} where no file can be there.
 */
export function rejectsPath(io: Pick<Io, 'cwd'>, { rejects }: { readonly rejects: string }): string {
  const path = pathIn(io, rejects);
  const folder = dirname(resolve(path));
  const facts = statSync(folder, { throwIfNoEntry: false });
  if (!facts?.isDirectory()) throw new UsageError(`--rejects: got ${rejects}, no such folder: ${folder}`);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`--rejects: got ${rejects}, a folder, expected the path of a file`);
  return path;
}

/** `--keep`: how many of the newest versions of a model stay. */
export function keepOption(): Option {
  return new Option('--keep <n>', 'newest versions to keep, besides the current one and that of a rollback')
    .argParser(wholeNumber(Number.MAX_SAFE_INTEGER))
    .makeOptionMandatory();
}

/** An option whose value is one of a few words. */
export function choiceOption(flags: string, description: string, words: readonly string[]): Option {
  return new Option(flags, description).choices(words).argParser((word: string) => {
    if (words.includes(word)) return word;
    const meant = nearest(word, words);
    throw new InvalidArgumentError(
      `${meant === undefined ? '' : `did you mean ${meant}? `}expected one of ${words.join(', ')}`,
    );
  });
}

/** Parses the ARN of a state machine. */
export function stateMachineArn(text: string): string {
  if (!/^arn:[\w-]+:states:[\w-]+:\d{12}:stateMachine:[\w-]+$/.test(text))
    throw new InvalidArgumentError('expected one like arn:aws:states:eu-west-1:123456789012:stateMachine:name');
  return text;
}

/** Parses a model version's id. */
export function versionId(text: string): string {
  if (!isVersionId(text)) throw new InvalidArgumentError('expected one like 20260131-235959-0123abcd');
  return text;
}

/** Parses a day of the calendar. */
export function calendarDate(text: string): string {
  const time = Date.parse(`${text}T00:00Z`);
  // JavaScript rolls the 30th of February over to March: such a day is none.
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text)
    throw new InvalidArgumentError('expected a day such as 2026-05-08');
  return text;
}

/** Parses memory in MiB. With more than the machine's, the process would be ended where work needs it. */
function memoryMiB(text: string): number {
  const value = wholeNumber(Number.MAX_SAFE_INTEGER)(text);
  const most = machineMiB();
  if (value > most) throw new InvalidArgumentError(`expected at most ${most} MiB, the memory of this machine`);
  return value;
}

/** The memory of this machine, or the limit of the container, in MiB. */
function machineMiB(): number {
  return Math.floor(thisMachine().memoryBytes / 2 ** 20);
}

/** Parses a whole number from 1 to `most`. */
export function wholeNumber(most: number): (text: string) => number {
  const expected = most === Number.MAX_SAFE_INTEGER ? 'above 0' : `from 1 to ${most}`;
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1 || value > most)
      throw new InvalidArgumentError(`expected a whole number ${expected}`);
    return value;
  };
}

function httpUrl(text: string): string {
  if (!/^https?:\/\/[^/]/.test(text) || !URL.canParse(text))
    throw new InvalidArgumentError('expected one like http://localhost:4566');
  return text;
}
