/** Writes and reads an encoder as files: `encoder.json`, `inputs.json`, `vocabularies/*.parquet` and `probe.json`. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BUILD, type BuildOptions } from '../../contract/build.ts';
import { type Database, execute, queryOne } from '../database.ts';
import { makeProbe, type Probe, probeMark, verifyProbe } from '../encode/probe.ts';
import { INPUTS_FILE } from '../encoded.ts';
import { ENCODER_FORMAT, type Encoder, type Vocabulary } from '../encoder.ts';
import { firstId } from '../kinds/id-sources.ts';
import { readPath, writePath } from '../paths.ts';
import { createEnum, isUsedByLists } from './vocabularies.ts';

/** Contents of `encoder.json`: everything of an encoder except its vocabularies. */
interface EncoderFile extends Omit<Encoder, 'vocabularies'> {
  readonly format: number;
  /** Number of values in each vocabulary, by table. */
  readonly vocabularySizes: Readonly<Record<string, number>>;
}

/** Contents of `probe.json`. */
interface ProbeFile extends Probe {
  /** `probeMark` of what wrote it; absent where that was no build. */
  readonly writtenBy?: string;
}

const ENCODER_FILE = 'encoder.json';
const PROBE_FILE = 'probe.json';

/** Writes an encoder and its probe into a folder, which is created if it does not exist. */
export async function writeEncoder(
  database: Database,
  encoder: Encoder,
  folder: string,
  { build = BUILD }: BuildOptions = {},
): Promise<void> {
  const { vocabularies, ...rest } = encoder;
  await mkdir(join(folder, 'vocabularies'), { recursive: true });
  const vocabularySizes: Record<string, number> = {};
  for (const [name, { table, size }] of Object.entries(vocabularies)) {
    vocabularySizes[name] = size;
    const rows = `SELECT value, id, count FROM ${table} ORDER BY id`;
    await execute(
      database,
      `COPY (${rows}) TO ${writePath(vocabularyPath(folder, name))} (FORMAT parquet, COMPRESSION zstd)`,
    );
  }
  const file: EncoderFile = { format: ENCODER_FORMAT, ...rest, vocabularySizes };
  await writeJson(join(folder, ENCODER_FILE), file);
  await writeJson(join(folder, INPUTS_FILE), encoder.inputs);
  const probe = await makeProbe(database, encoder);
  const writtenBy = probeMark(build, file, probe);
  await writeJson(join(folder, PROBE_FILE), { ...probe, ...(writtenBy !== null && { writtenBy }) } satisfies ProbeFile);
}

/**
 * Reads an encoder and its vocabularies into a database, and verifies it with its probe, unless this build wrote both.
 * @throws {EncoderMismatchError} if the probe is not encoded as was recorded.
 * @throws {Error} if the files have another format, or a vocabulary has other values than recorded.
 */
export async function readEncoder(
  database: Database,
  folder: string,
  { build = BUILD }: BuildOptions = {},
): Promise<Encoder> {
  const file = await readJson<EncoderFile>(folder, ENCODER_FILE);
  const { format, vocabularySizes, ...rest } = file;
  if (format !== ENCODER_FORMAT)
    throw new Error(`encoder has format ${format}, expected ${ENCODER_FORMAT} (in ${folder})`);
  const vocabularies: Record<string, Vocabulary> = {};
  for (const { name, ids } of rest.embeddings) {
    if (ids.kind !== 'vocabulary') continue;
    const isInLists = isUsedByLists(rest.features, name);
    vocabularies[name] = await readVocabulary(database, folder, name, {
      size: vocabularySizes[name] ?? 0,
      first: firstId(ids),
      isInLists,
    });
  }
  const encoder: Encoder = { ...rest, vocabularies };
  const probe = await readJson<ProbeFile>(folder, PROBE_FILE);
  const mark = probeMark(build, file, probe);
  if (mark === null || mark !== probe.writtenBy) await verifyProbe(database, encoder, probe, folder);
  return encoder;
}

async function readVocabulary(
  database: Database,
  folder: string,
  name: string,
  { size, first, isInLists }: { readonly size: number; readonly first: number; readonly isInLists: boolean },
): Promise<Vocabulary> {
  const table = database.uniqueName('vocabulary');
  await execute(
    database,
    `CREATE TABLE ${table} AS SELECT value, id, count FROM read_parquet(${readPath(vocabularyPath(folder, name))}) ORDER BY id`,
  );
  const facts = await queryOne(
    database,
    `SELECT count(DISTINCT value) AS size, COALESCE(min(id), ${first}) AS least, COALESCE(max(id), ${first - 1}) AS most FROM ${table}`,
  );
  const [got, least, most] = [facts.size, facts.least, facts.most].map(Number);
  if (got !== size || least !== first || most !== first + size - 1) {
    throw new Error(
      `vocabulary ${name} has ${got} values with ids ${least} to ${most}, expected ${size} from ${first} (in ${folder})`,
    );
  }
  return { table, enumType: isInLists ? await createEnum(database, table) : null, size };
}

function vocabularyPath(folder: string, name: string): string {
  return join(folder, 'vocabularies', `${encodeURIComponent(name)}.parquet`);
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Reads a JSON file without checking its contents: the manifest of a version has the SHA-256 of each of its files. */
async function readJson<T>(folder: string, file: string): Promise<T> {
  const text = await readFile(join(folder, file), 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is not JSON (in ${folder})`, { cause: error });
  }
}
