/** A trained model in a bucket, the command in this process, and what must hold after every run of it. */
import { EventEmitter } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { run } from '../../bin/program.ts';
import { type Database, execute, literal, query } from '../../lib/table/database.ts';
import { Random } from './random.ts';
import { candidates, csv, type Table } from './tables.ts';

/** What a run of the command left behind. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Thrown where something that must hold does not. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** The means of one case. */
export interface World {
  readonly random: Random;
  /** Folder of this case, with a copy of the trained bucket in `bucket`. */
  readonly folder: string;
  /** A database for independent counts. */
  readonly database: Database;
  /** Notes what the case does, for the report of a violation. */
  note(text: string): void;
}

export const DECLARATION = `name: shop
stages: { click: { label: clicked }, conversion: { label: bought } }
log: { keys: [row] }
split: { hash: row, validation: 0.1, test: 0.2 }
entities: { user: { key: user_id }, item: { key: item, missing: unknown } }
features:
  age: { type: number, entity: user }
  item: { type: category, entity: item, dimension: 4 }
  brand: { type: category, entity: item, dimension: 2, hash: 16 }
  history: { type: bag, entity: user, delimiter: "|", dimension: 4 }
  day: { type: category, entity: context, dimension: 2 }
  item_day: { type: cross, entity: context, of: [item, day], hash: 32, dimension: 2 }
model: { hidden_units: [8] }
training: { batch_size: 256, epochs: 1 }
`;

/** Trains the model that all cases use, into `bucket` of a folder, and publishes feature tables. */
export async function prepare(folder: string): Promise<void> {
  const random = new Random(1, 'log');
  const log = candidates(random, 1);
  const rows = Array.from({ length: 2000 }, (_, row) => {
    const [values] = candidates(random, 1).rows;
    const clicked = random.chance(0.3);
    return [String(row), ...(values?.slice(1) ?? []), clicked ? '1' : '0', clicked && random.chance(0.4) ? '1' : '0'];
  });
  const plain = { delimiter: ',', quoting: 'needed', escape: '"', newline: '\n', missing: '' } as const;
  const write = (name: string, table: Table) =>
    writeFile(join(folder, name), csv(table, { ...plain, hasMark: false, isGzip: false, endsWithNewline: true }));
  await writeFile(join(folder, 'shop.yaml'), DECLARATION);
  await write('log.csv', { columns: [...log.columns, 'clicked', 'bought'], rows });
  await write('users.csv', {
    columns: ['user_id', 'age', 'history'],
    rows: Array.from({ length: 20 }, (_, user) => [`u${user}`, String(20 + user), `i${user % 14}|i1`]),
  });
  await write('items.csv', {
    columns: ['item', 'brand'],
    rows: Array.from({ length: 10 }, (_, item) => [`i${item}`, String(item)]),
  });
  await mkdir(join(folder, 'tmp'), { recursive: true });
  const bucket = ['--bucket', 'bucket'];
  const done = async (...args: string[]) => {
    const { code, stdout, stderr } = await command(folder, ...args, ...bucket);
    expect(code, [0], `${args.join(' ')} said ${stdout}${stderr}`);
  };
  await done('train', 'shop.yaml', '--data', 'log.csv', '--no-promote');
  const [version = ''] = (await readdir(join(folder, 'bucket/models/shop'))).filter((name) => /^\d/.test(name));
  await done('models', 'promote', version, '--force', '--reason', 'the only one');
  await done('features', 'shop.yaml', '--entity', 'user', '--data', 'users.csv');
  await done('features', 'shop.yaml', '--entity', 'item', '--data', 'items.csv');
}

/** Copies the trained bucket to the folder of a case. */
export async function copyBucket(from: string, to: string): Promise<void> {
  await cp(join(from, 'bucket'), join(to, 'bucket'), { recursive: true, preserveTimestamps: true });
  await mkdir(join(to, 'tmp'));
}

/** Runs the command in a folder, and checks that its output is for people and that it leaves nothing behind. */
export async function command(folder: string, ...args: string[]): Promise<Ended> {
  const [stdout, stderr] = [collector(), collector()];
  const code = await run(['node', 'entirespace', ...args], {
    stdin: Readable.from([]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: { TMPDIR: join(folder, 'tmp'), NO_COLOR: '1' },
    cwd: folder,
    signals: new EventEmitter(),
    exit: () => undefined,
  });
  const ended = { code, stdout: stdout.text(), stderr: stderr.text() };
  const unplain = UNPLAIN.find((pattern) => pattern.test(`${ended.stdout}\n${ended.stderr}`));
  if (unplain) throw new Violation(`output has ${unplain}:\n${ended.stdout}${ended.stderr}`);
  const left = readdirSync(join(folder, 'tmp'));
  if (left.length > 0) throw new Violation(`scratch files are left: ${left.join(', ')}`);
  return ended;
}

/** Stack traces, and errors that mean something only to someone who knows the code. */
const UNPLAIN = [
  /^ +at .+:\d+/m,
  /\b(Type|Reference|Syntax|Range|Assertion)Error\b/,
  /\b(Binder|Catalog|Parser|INTERNAL|Internal|Constraint|Not implemented|Mismatch Type) Error\b/,
  /\[object |\bundefined\b|\bNaN rows\b/,
];

/** Fails unless the command ended with one of the codes. */
export function expect(code: number, expected: readonly number[], what: string): void {
  if (!expected.includes(code)) throw new Violation(`${what}: exit code is ${code}, expected ${expected.join(' or ')}`);
}

/** A part of `_manifest.json`. */
interface Manifest {
  readonly rowsIn: number;
  readonly scored: number;
  readonly rejected: number;
  readonly rejectedByReason: Readonly<Record<string, number>>;
  readonly parts: readonly { readonly key: string; readonly rows: number }[];
  readonly rejects: readonly string[];
}

/**
 * Checks a candidate file's folder against the exit code: everything or nothing is there, and the counts of the
 * manifest are those of the rows that were written. Returns the manifest, `null` where the file failed.
 */
export async function checkScored(world: World, ended: Ended, name: string): Promise<Manifest | null> {
  const scores = join(world.folder, 'bucket/scores', name);
  const has = (file: string) => existsSync(join(scores, file));
  expect(ended.code, [0, 4], `score said ${ended.stdout}${ended.stderr}`);
  if (ended.code === 4) {
    if (has('_SUCCESS') || has('_manifest.json')) throw new Violation('a file that failed has scores');
    if (has('_FAILED.json')) {
      const { reason, message } = JSON.parse(readFileSync(join(scores, '_FAILED.json'), 'utf8'));
      if (reason === 'retries_exhausted') throw new Violation(`tried again what no other try can mend: ${message}`);
      // A file that has lost a column is joined with a table, and the tables of a copied bucket have other versions.
      const places = [name.slice(0, 8), 'features/'];
      if (!places.some((place) => String(message).includes(place)))
        throw new Violation(`the file is not named: ${message}`);
    }
    return null;
  }
  if (!has('_SUCCESS') || !has('_manifest.json')) throw new Violation('scores without _SUCCESS and _manifest.json');
  const manifest: Manifest = JSON.parse(readFileSync(join(scores, '_manifest.json'), 'utf8'));
  const written = await countRows(
    world,
    manifest.parts.map(({ key }) => key),
  );
  const rejects = await countRows(world, manifest.rejects);
  const sums = { rowsIn: manifest.scored + manifest.rejected, scored: written, rejected: rejects };
  for (const [field, sum] of Object.entries(sums)) {
    const told = manifest[field as keyof typeof sums];
    if (told !== sum) throw new Violation(`${field} of the manifest is ${told}, expected ${sum}`);
  }
  return manifest;
}

/** A row of scores: the key and the probabilities, exactly. */
export async function scoresOf(world: World, { parts }: Manifest): Promise<string[]> {
  const places = parts.map(({ key }) => literal(join(world.folder, 'bucket', key)));
  const rows = await query(
    world.database,
    `SELECT CAST(row AS VARCHAR) AS row, pctr, pcvr, pctcvr FROM read_parquet([${places.join(', ')}])`,
  );
  return rows.map((row) => Object.values(row).join(' ')).sort();
}

/** Writes a table to Parquet by SQL of `parquetSql`. */
export async function writeParquet(world: World, sql: string): Promise<void> {
  await execute(world.database, sql);
}

async function countRows(world: World, keys: readonly string[]): Promise<number> {
  let rows = 0;
  for (const key of keys) {
    const path = literal(join(world.folder, 'bucket', key));
    const [counted] = await query(world.database, `SELECT sum(num_rows) AS rows FROM parquet_file_metadata(${path})`);
    rows += Number(counted?.rows);
  }
  return rows;
}

function collector() {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream, text: () => chunks.join('') };
}
