/** The command as a function, in a folder of its own with a small log. */
import { EventEmitter } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { run } from '../../bin/program.ts';
import { execute, openDatabase, query } from '../../lib/table/database.ts';
import { onceARun } from '../once-a-run.ts';
import { oneThreadByDefault } from './one-thread.ts';
import { DECLARATION, logText } from './small-log.ts';
import { collector } from './terminal/collector.ts';

export interface Outcome {
  readonly code: number | null;
  /** Without what differs from run to run: paths, versions, times and speeds. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly done: Promise<Outcome>;
  /** What it has written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Sends it a signal, as Ctrl-C does. */
  readonly signal: (name: 'SIGINT' | 'SIGTERM') => void;
}

export type Environment = Readonly<Record<string, string>>;

export interface Workplace {
  /** Path in the folder, which is the working directory of every command. */
  at(...names: string[]): string;
  run(...args: string[]): Promise<Outcome>;
  /** With `typed`, at a terminal where these lines are typed. */
  start(args: readonly string[], environment?: Environment, typed?: string): Running;
  /** The environment of every command: its scratch folders are made in the folder, too. */
  environment(): Environment;
  write(name: string, content: string | Uint8Array): Promise<string>;
  /** Writes the rows of a query; the extension gives the format. */
  writeRows(name: string, sql: string): Promise<string>;
  rows(sql: string): Promise<Record<string, unknown>[]>;
  /** Every file below, with size and time of modification. */
  listing(name: string): Promise<string[]>;
}

/**
 * A folder with `shop.yaml`, `log.csv` and `log.parquet`, and a model in `bucket` where `isTrained`. Commands take one
 * thread by default. Whatever a test does, the command leaves nothing in its scratch folder.
 */
export function workplace({ isTrained = false }: { readonly isTrained?: boolean } = {}): Workplace {
  let folder = '';
  const place: Workplace = {
    at: (...names) => join(folder, ...names),
    run: (...args) => place.start(args).done,
    start: (args, environment = {}, typed) => start(folder, args, { ...place.environment(), ...environment }, typed),
    environment: () => ({ TMPDIR: join(folder, 'tmp'), NO_COLOR: '1' }),
    async write(name, content) {
      await writeFile(join(folder, name), content);
      return name;
    },
    async writeRows(name, sql) {
      await writeRows(folder, name, sql);
      return name;
    },
    rows: (sql) => inDatabase(folder, (database) => query(database, sql)),
    listing: (name) => listing(join(folder, name)),
  };

  oneThreadByDefault();
  beforeAll(async () => {
    folder = await newFolder();
    await cp(await smallLog(), folder, { recursive: true });
    if (isTrained) await cp(await trainedBucket(), place.at('bucket'), { recursive: true, preserveTimestamps: true });
  });
  afterEach(async () => expect(await readdir(join(folder, 'tmp'))).toEqual([]));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return place;
}

/** Waits until something is so. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await condition()); await setTimeout(10))
    if (Date.now() > end) throw new Error(`still not so after 60 s: ${condition}`);
}

/** The outcome of a command that fails with that exit code and message, and prints nothing else. */
export function failure(code: number, message: string): Outcome {
  return { code, stdout: '', stderr: `entirespace: ${message}\n` };
}

/** An outcome without what differs from run to run: paths, versions, times and speeds. */
export function plainOutcome({ code, stdout, stderr }: Outcome, folder: string): Outcome {
  return { code, stdout: plain(stdout, folder), stderr: plain(stderr, folder) };
}

function start(cwd: string, args: readonly string[], environment: Environment, typed?: string): Running {
  const [stdout, stderr] = [collector(), collector()];
  const signals = new EventEmitter();
  const exit = (code: number) => {
    throw new Error(`exit ${code} was asked for, expected the command to end by itself`);
  };
  const env = { ...process.env, ...environment };
  const isTTY = typed !== undefined;
  const stdin = Object.assign(Readable.from(isTTY ? [typed] : []), { isTTY });
  const io = { stdin, stdout: stdout.stream, stderr: Object.assign(stderr.stream, { isTTY }), env, cwd, signals, exit };
  const done = run(['node', 'entirespace', ...args], io).then((code) => {
    expect(signals.eventNames()).toEqual([]);
    return plainOutcome({ code, stdout: stdout.text(), stderr: stderr.text() }, cwd);
  });
  return { done, stdout: stdout.text, stderr: stderr.text, signal: (name) => void signals.emit(name) };
}

/** Path of a folder with the declaration and the log, which tests copy. */
function smallLog(): Promise<string> {
  return onceARun('small-log', async (folder) => {
    await writeFile(join(folder, 'shop.yaml'), DECLARATION);
    await writeFile(join(folder, 'log.csv'), logText(3000));
    await writeRows(folder, 'log.parquet', `SELECT * FROM read_csv('${join(folder, 'log.csv')}')`);
  });
}

/** Path of a bucket with a model, which tests copy. */
async function trainedBucket(): Promise<string> {
  const folder = await onceARun('command', async (folder) => {
    await mkdir(join(folder, 'tmp'));
    await cp(await smallLog(), folder, { recursive: true });
    const { done } = start(folder, ['train', 'shop.yaml', '--data', 'log.csv'], { TMPDIR: join(folder, 'tmp') });
    expect(await done).toMatchObject({ code: 0 });
  });
  return join(folder, 'bucket');
}

async function newFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'entirespace-command-')));
  await mkdir(join(folder, 'tmp'));
  return folder;
}

function plain(text: string, folder: string): string {
  return text
    .replaceAll(folder, '<folder>')
    .replaceAll(/\d{8}-\d{6}-[0-9a-f]{8}/g, '<version>')
    .replaceAll(/, [\d,]+ rows\/s/g, '')
    .replaceAll(/, \d+\.\d s\b/g, '');
}

async function writeRows(folder: string, name: string, sql: string): Promise<void> {
  const options = name.endsWith('.csv') ? '(FORMAT csv, HEADER true)' : '(FORMAT parquet)';
  await inDatabase(folder, (database) => execute(database, `COPY (${sql}) TO '${join(folder, name)}' ${options}`));
}

async function inDatabase<T>(folder: string, use: (database: Awaited<ReturnType<typeof openDatabase>>) => Promise<T>) {
  const database = await openDatabase({ threads: 1, memoryLimitMiB: 512, scratch: folder });
  try {
    return await use(database);
  } finally {
    await database.close();
  }
}

async function listing(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const lines = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const { size, mtimeNs } = await stat(path, { bigint: true });
      return `${path.slice(folder.length + 1)} ${size} ${mtimeNs}`;
    });
  return (await Promise.all(lines)).sort();
}
