/** The kinds of cases: damaged files of every kind, and valid ones whose result is known. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Damaged, damage } from './damage.ts';
import { sendDamaged } from './messages.ts';
import { damagedModelFile } from './model-files.ts';
import { hostileColumns, hostileName } from './names.ts';
import { candidates, csv, type Dialect, dialect, parquetSql, type Table } from './tables.ts';
import { checkScored, command, DECLARATION, expect, scoresOf, Violation, type World, writeParquet } from './world.ts';

/** Runs one case and throws a `Violation` where something does not hold that must. */
type Case = (world: World) => Promise<void>;

/** Each kind of case, with its share of the cases. */
export const KINDS: Readonly<Record<string, { readonly share: number; readonly run: Case }>> = {
  'parquet candidates': { share: 14, run: damagedParquet },
  'csv candidates': { share: 14, run: damagedCsv },
  'gzip candidates': { share: 5, run: damagedGzip },
  log: { share: 10, run: damagedLog },
  declaration: { share: 14, run: damagedDeclaration },
  'model file': { share: 6, run: damagedModelFile },
  'model version': { share: 8, run: damagedModel },
  records: { share: 6, run: damagedRecord },
  messages: { share: 6, run: sendDamaged },
  'feature tables': { share: 4, run: damagedFeatures },
  'file names': { share: 5, run: oddName },
  'column names': { share: 4, run: oddColumns },
  'valid candidates': { share: 12, run: validCandidates },
  'valid log': { share: 6, run: validLog },
};

async function damagedParquet(world: World): Promise<void> {
  const { random, folder } = world;
  const table = candidates(random, 300);
  const path = join(folder, 'candidates.parquet');
  await writeParquet(world, parquetSql(table, path, random));
  const bytes = await readFile(path);
  const footer = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
  const damaged = await damageFile(world, path, random.chance(0.4) ? { from: footer } : {});
  const manifest = await checkScored(world, await score(world, 'candidates.parquet'), 'candidates.parquet');
  if (manifest === null) return;
  if (damaged.bytes.length < bytes.length && damaged.from === damaged.bytes.length)
    throw new Violation('a file that was cut off has scores');
  // The number of rows is in the footer. Values have no checksum: a damaged page may hold other values of its type.
  if (damaged.bytes.length === bytes.length && damaged.to <= footer) expectRows(manifest.rowsIn, table);
}

async function damagedCsv(world: World): Promise<void> {
  const { random, folder } = world;
  const table = candidates(random, 300);
  const written = describe(world, { ...dialect(random), isGzip: false });
  const path = join(folder, 'candidates.csv');
  const bytes = csv(table, written);
  await writeFile(path, bytes);
  const damaged = await damageFile(world, path);
  const manifest = await checkScored(world, await score(world, 'candidates.csv'), 'candidates.csv');
  if (manifest === null) return;
  const lines = damaged.bytes.toString('latin1').split(/\r\n|\r|\n/).length;
  if (manifest.rowsIn > lines) throw new Violation(`rowsIn is ${manifest.rowsIn} of ${lines} lines`);
  if (isNeutral(bytes, damaged)) expectRows(manifest.rowsIn, table);
}

async function damagedGzip(world: World): Promise<void> {
  const { random, folder } = world;
  const table = candidates(random, 300);
  const path = join(folder, 'candidates.csv.gz');
  const bytes = csv(table, describe(world, { ...dialect(random), isGzip: true }));
  await writeFile(path, bytes);
  const damaged = await damageFile(world, path);
  const manifest = await checkScored(world, await score(world, 'candidates.csv.gz'), 'candidates.csv.gz');
  // Gzip has a checksum, so what can be unpacked is what was packed.
  const content = unpacked(damaged.bytes);
  if (content === null && manifest !== null) throw new Violation('a file that cannot be unpacked has scores');
  if (manifest !== null && content?.equals(gunzipSync(bytes))) expectAll(manifest, table);
}

async function damagedLog(world: World): Promise<void> {
  const { random, folder } = world;
  const table = labelled(world);
  const written = describe(world, dialect(random));
  const name = random.pick(['log.parquet', written.isGzip ? 'log.csv.gz' : 'log.csv']);
  const path = join(folder, name);
  if (name === 'log.parquet') await writeParquet(world, parquetSql(table, path, random));
  else await writeFile(path, csv(table, written));
  await damageFile(world, path);
  await writeFile(join(folder, 'shop.yaml'), DECLARATION);
  const ended = await command(folder, 'validate', 'shop.yaml', '--data', name, '--json');
  expect(ended.code, [0, 4], `validate said ${ended.stdout}${ended.stderr}`);
  const { log, error } = JSON.parse(ended.stdout);
  if (ended.code === 4 && !String(error?.message).includes('log')) throw new Violation(`no file in ${ended.stdout}`);
  if (ended.code !== 0) return;
  const { rows, rejected, parts } = log.summary;
  const inParts = ['train', 'validation', 'test'].reduce((sum, part) => sum + parts[part].rows, 0);
  if (rows !== rejected + inParts)
    throw new Violation(`${rows} rows, but ${rejected} rejected and ${inParts} in parts`);
}

async function damagedDeclaration(world: World): Promise<void> {
  const path = join(world.folder, 'shop.yaml');
  await writeFile(path, DECLARATION);
  for (let times = world.random.between(1, 3); times > 0; times -= 1) await damageFile(world, path);
  const ended = await command(world.folder, 'validate', 'shop.yaml');
  expect(ended.code, [0, 3], `validate said ${ended.stdout}${ended.stderr}`);
  if (ended.code === 3 && !ended.stderr.includes('shop.yaml')) throw new Violation(`no file in ${ended.stderr}`);
}

async function damagedModel(world: World): Promise<void> {
  const { random, folder } = world;
  const table = candidates(random, 30);
  await writeFile(join(folder, 'before.csv'), csv(table, PLAIN));
  await writeFile(join(folder, 'after.csv'), csv(table, PLAIN));
  const files = (await below(join(folder, 'bucket/models'))).filter((path) => !path.endsWith('report.html'));
  const path = random.pick(files);
  const bytes = await readFile(path);
  await damageFile(world, path);
  const ended = await score(world, 'after.csv');
  expect(ended.code, [0, 5], `score said ${ended.stdout}${ended.stderr}`);
  if (ended.code === 5) {
    if (existsSync(join(folder, 'bucket/scores'))) throw new Violation('a damaged model has written scores');
    return;
  }
  const after = await checkScored(world, ended, 'after.csv');
  await writeFile(path, bytes);
  const before = await checkScored(world, await score(world, 'before.csv'), 'before.csv');
  await expectSameScores(world, before, after);
}

async function damagedRecord(world: World): Promise<void> {
  const { random, folder } = world;
  const table = candidates(random, 30);
  await writeFile(join(folder, 'candidates.csv'), csv(table, PLAIN));
  await checkScored(world, await score(world, 'candidates.csv'), 'candidates.csv');
  const records = ['_work', '_state', 'scores', '.entirespace'].map((name) => below(join(folder, 'bucket', name)));
  const files = (await Promise.all(records)).flat().filter((path) => /\.json$|_SUCCESS$/.test(path));
  const path = random.pick(files);
  await damageFile(world, path);
  const again = random.pick([[], ['--again', 'all'], ['--again', 'failed']]);
  world.note(`score ${again.join(' ')}`);
  const ended = await score(world, 'candidates.csv', ...again);
  expect(ended.code, [0, 4, 5], `score said ${ended.stdout}${ended.stderr}`);
  if (ended.code !== 0 && !/_work|_state|scores\/|\.entirespace|candidates\.csv/.test(ended.stderr))
    throw new Violation(`no place in ${ended.stderr}`);
}

async function damagedFeatures(world: World): Promise<void> {
  const { random, folder } = world;
  const all = candidates(random, 60);
  const wanted = ['row', 'user_id', 'item', 'day'];
  const table: Table = {
    columns: wanted,
    rows: all.rows.map((row) =>
      wanted.map((name) => row[all.columns.indexOf(name)] ?? (name === 'item' ? 'i1' : null)),
    ),
  };
  await writeFile(join(folder, 'pairs.csv'), csv(table, PLAIN));
  await damageFile(world, random.pick(await below(join(folder, 'bucket/features'))));
  const ended = await score(world, 'pairs.csv');
  const manifest = await checkScored(world, ended, 'pairs.csv').catch((error) => {
    if (/pairs\.csv|features\//.test(ended.stderr) && [4, 5].includes(ended.code)) return null;
    throw error;
  });
  if (manifest !== null) expectRows(manifest.rowsIn, table);
}

async function oddName(world: World): Promise<void> {
  const { random, folder } = world;
  const table = candidates(random);
  const log = labelled(world);
  const { name, decoys } = hostileName(random, random.pick(['csv', 'parquet']));
  world.note(`file ${JSON.stringify(name)} beside ${JSON.stringify(decoys)}`);
  for (const decoy of decoys) {
    for (const place of ['bucket/candidates', '.', 'logs']) {
      const { columns, rows } = place === 'logs' ? log : table;
      await writeTable(world, join(folder, place, decoy), { columns, rows: [...rows, ...rows] });
    }
  }
  await writeTable(world, join(folder, name), table);
  await writeTable(world, join(folder, 'logs', name), log);
  const manifest = await checkScored(world, await score(world, `./${name}`), name);
  if (manifest !== null) expectAll(manifest, table);
  else if (!/^[._]/.test(name)) throw new Violation('a file with a name that the file system allows was refused');
  await writeFile(join(folder, 'shop.yaml'), DECLARATION);
  const ended = await command(folder, 'validate', 'shop.yaml', '--data', `logs/${name}`, '--json');
  expect(ended.code, [0], `validate said ${ended.stdout}${ended.stderr}`);
  expectRows(JSON.parse(ended.stdout).log.summary.rows, log);
}

async function oddColumns(world: World): Promise<void> {
  const { random, folder } = world;
  const table = candidates(random);
  const extra = hostileColumns(random, table.columns);
  world.note(`columns ${JSON.stringify(extra)}`);
  const odd = {
    columns: [...table.columns, ...extra],
    rows: table.rows.map((row) => [...row, ...extra.map(() => random.pick(['7', 'x', null]))]),
  };
  const name = random.pick(['odd.csv', 'odd.parquet']);
  await writeFile(join(folder, 'plain.csv'), csv(table, PLAIN));
  if (name === 'odd.csv')
    await writeFile(join(folder, name), csv(odd, describe(world, { ...dialect(random), isGzip: false })));
  else await writeParquet(world, parquetSql(odd, join(folder, name)));
  await expectAlike(world, table, ['plain.csv', name]);
}

async function validCandidates(world: World): Promise<void> {
  const { random, folder } = world;
  const table = candidates(random, 100);
  const shuffled = reordered(table, random.shuffle(table.columns));
  await writeParquet(world, parquetSql(table, join(folder, 'plain.parquet')));
  const written = describe(world, dialect(random));
  const name = random.pick(['other.parquet', written.isGzip ? 'other.csv.gz' : 'other.csv']);
  if (name === 'other.parquet') await writeParquet(world, parquetSql(shuffled, join(folder, name), random));
  else await writeFile(join(folder, name), csv(shuffled, written));
  await expectAlike(world, table, ['plain.parquet', name]);
}

async function validLog(world: World): Promise<void> {
  const { random, folder } = world;
  const table = labelled(world);
  await writeFile(join(folder, 'shop.yaml'), DECLARATION);
  await writeParquet(world, parquetSql(table, join(folder, 'plain.parquet')));
  const half = random.below(table.rows.length);
  const halves = [table.rows.slice(0, half), table.rows.slice(half)].filter((rows) => rows.length > 0);
  await mkdir(join(folder, 'log'));
  const isCsv = random.chance(0.5);
  for (const [index, rows] of halves.entries()) {
    const part = reordered({ columns: table.columns, rows }, random.shuffle(table.columns));
    const written = describe(world, dialect(random));
    const path = join(folder, 'log', `part-${index}`);
    if (isCsv) await writeFile(`${path}.csv${written.isGzip ? '.gz' : ''}`, csv(part, written));
    else await writeParquet(world, parquetSql(part, `${path}.parquet`, random));
  }
  const logs: string[] = [];
  for (const data of ['plain.parquet', 'log']) {
    const ended = await command(folder, 'validate', 'shop.yaml', '--data', data, '--json');
    expect(ended.code, [0], `validate of ${data} said ${ended.stdout}${ended.stderr}`);
    const { summary, distinct } = JSON.parse(ended.stdout).log;
    const { rows, rejected, parts, missing, dropped } = summary;
    logs.push(JSON.stringify({ rows, rejected, parts, missing, dropped, distinct }));
  }
  if (logs[0] !== logs[1]) throw new Violation(`the same rows, told in two ways:\n${logs.join('\n')}`);
}

const PLAIN: Dialect = {
  delimiter: ',',
  quoting: 'needed',
  escape: '"',
  newline: '\n',
  hasMark: false,
  isGzip: false,
  missing: '',
  endsWithNewline: true,
};

function score({ folder }: World, ...args: string[]) {
  return command(folder, 'score', ...args, '--bucket', 'bucket');
}

/** Scores two files of the same rows, and fails unless all rows of both have the same scores. */
async function expectAlike(world: World, table: Table, names: readonly [string, string]): Promise<void> {
  const ended = await score(world, ...names);
  expect(ended.code, [0], `score said ${ended.stdout}${ended.stderr}`);
  const [one, other] = [await checkScored(world, ended, names[0]), await checkScored(world, ended, names[1])];
  for (const manifest of [one, other]) if (manifest !== null) expectAll(manifest, table);
  await expectSameScores(world, one, other);
}

type Manifest = Awaited<ReturnType<typeof checkScored>>;

async function expectSameScores(world: World, one: Manifest, other: Manifest): Promise<void> {
  if (one === null || other === null) throw new Violation('one of two files with the same rows has no scores');
  const [expected, got] = [await scoresOf(world, one), await scoresOf(world, other)];
  const differs = got.findIndex((row, index) => row !== expected[index]);
  if (differs >= 0) throw new Violation(`scores differ: got ${got[differs]}, expected ${expected[differs]}`);
}

function expectRows(rowsIn: number, { rows }: Table): void {
  if (rowsIn !== rows.length) throw new Violation(`rowsIn is ${rowsIn}, expected ${rows.length}`);
}

function expectAll(manifest: NonNullable<Manifest>, table: Table): void {
  expectRows(manifest.rowsIn, table);
  if (manifest.rejected > 0) throw new Violation(`rejected: ${JSON.stringify(manifest.rejectedByReason)}`);
}

/** Writes a table to a file of any name, CSV or Parquet by its ending. */
async function writeTable(world: World, path: string, table: Table): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (path.endsWith('.csv')) return writeFile(path, csv(table, PLAIN));
  const plain = join(world.folder, 'tmp', 'written.parquet');
  await writeParquet(world, parquetSql(table, plain));
  await rename(plain, path);
}

async function damageFile(world: World, path: string, where: Parameters<typeof damage>[2] = {}): Promise<Damaged> {
  const damaged = damage(await readFile(path), world.random, where);
  world.note(`${path.slice(world.folder.length + 1)}: ${damaged.done}`);
  await writeFile(path, damaged.bytes);
  return damaged;
}

/** Whether letters or digits of the rows have become others, which leaves every field in its place. */
function isNeutral(bytes: Buffer, { bytes: damaged, from, to }: Damaged): boolean {
  if (damaged.length !== bytes.length || from <= bytes.indexOf('\n')) return false;
  return [bytes, damaged].every((all) => /^[a-z0-9]*$/i.test(all.toString('latin1', from, to)));
}

function describe(world: World, written: Dialect): Dialect {
  world.note(JSON.stringify(written));
  return written;
}

/** A log that has enough rows to learn from. */
function labelled({ random }: World): Table {
  const { columns, rows } = candidates(random, 200, 80);
  const labels = () => random.pick(['00', '10', '11']).split('');
  return { columns: [...columns, 'clicked', 'bought'], rows: rows.map((row) => [...row, ...labels()]) };
}

function reordered({ columns, rows }: Table, order: readonly string[]): Table {
  const places = order.map((name) => columns.indexOf(name));
  return { columns: order, rows: rows.map((row) => places.map((place) => row[place] ?? null)) };
}

function unpacked(bytes: Buffer): Buffer | null {
  try {
    return gunzipSync(bytes);
  } catch {
    return null;
  }
}

async function below(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
