/** Feature tables in scoring: found and pinned when a file is planned, joined to each of its shards. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Declaration, EntityTable } from '../../config/declaration.ts';
import { WHOLE_TABLE_BYTES } from '../../contract/limits.ts';
import { mapAtOnce } from '../../store/parallel.ts';
import { ObjectNotFoundError, type Store } from '../../store/store.ts';
import {
  joinTables,
  lackedColumns,
  neededBuckets,
  type TableRows,
  tableColumns,
  tableFeatures,
  writeNeededRows,
} from '../../table/candidates/join-tables.ts';
import type { FoundTable, PinnedTable } from '../../table/candidates/plan.ts';
import { byPosition, type FileColumn, findColumn, type Relation } from '../../table/columns.ts';
import type { Database } from '../../table/database.ts';
import type { Encoder } from '../../table/encoder.ts';
import { parquetScan, positionalScan } from '../../table/formats/parquet/file.ts';
import { CandidateFileError } from '../errors.ts';
import {
  type FeatureFile,
  type FeatureManifest,
  newestTable,
  pinnedManifest,
  tableFolder,
  tablesFolder,
} from './feature-manifest.ts';

export interface FeatureTablesOptions {
  readonly store: Store;
  /** Existing folder for copies of tables, which outlive a shard. */
  readonly folder: string;
  /**
   * Bytes of a table up to which all of it is copied, and kept; of a larger one, so much at a time. @default 128 MiB
   */
  readonly wholeBytes?: number;
}

/** What a model version declares and reads. */
export interface TableReader {
  readonly declaration: Pick<Declaration, 'entities' | 'scoring'>;
  readonly encoder: Pick<Encoder, 'features'>;
}

export interface JoinOptions extends TableReader {
  readonly database: Database;
  readonly tables: readonly PinnedTable[];
  /** Existing folder for the joined rows, which are there as long as it is. */
  readonly scratch: string;
}

export interface FeatureTables {
  /** The newest table of each entity that has features, or columns of the score, which a file of these columns lacks. */
  find(columns: readonly FileColumn[], reader: TableReader): Promise<FoundTable[]>;
  /**
   * The rows with the columns that the tables give, as the tables were when they were pinned.
   * @throws {CandidateFileError} `feature_version_gone`
   */
  join(rows: Relation, options: JoinOptions): Promise<Relation>;
}

/** A pinned table and its files. */
interface OpenTable {
  readonly manifest: FeatureManifest;
  /** Paths of all its files, copied once; `null` for a table that is too large. */
  readonly whole: readonly LocalFile[] | null;
  readonly folder: string;
}

/** A file of a table on this machine's disk: a copy, or the store's own, which may be replaced at any time. */
interface LocalFile {
  readonly file: FeatureFile;
  readonly path: string;
  readonly isCopy: boolean;
}

/** Tables of an entity that are kept: the newest, and the one before it, with which files may still be planned. */
const KEPT_TABLES = 2;

/** The feature tables of a store. Those of one file are in use at a time. */
export function featureTables({ store, folder, wholeBytes = WHOLE_TABLE_BYTES }: FeatureTablesOptions): FeatureTables {
  /** The open tables, least recently used first. */
  const kept = new Map<string, Promise<OpenTable>>();

  async function open(pin: PinnedTable, most: number): Promise<OpenTable> {
    const id = `${pin.manifestKey} ${pin.versionId}`;
    const opening = kept.get(id) ?? openTable({ store, folder, wholeBytes }, pin);
    kept.delete(id);
    kept.set(id, opening);
    try {
      const table = await opening;
      await forgetOldest(most);
      return table;
    } catch (error) {
      kept.delete(id);
      throw error;
    }
  }

  async function forgetOldest(most: number): Promise<void> {
    for (const [id, opening] of [...kept].slice(0, Math.max(0, kept.size - most))) {
      kept.delete(id);
      const table = await opening.catch(() => null);
      if (table !== null) await rm(table.folder, { recursive: true, force: true });
    }
  }

  return {
    async find(columns, { declaration, encoder }) {
      const lacksFeatures = (entity: EntityTable) => lackedOf(entity, { declaration, encoder }, columns, []).length > 0;
      const lacking = declaration.entities
        .map((entity) => ({
          entity,
          names: lackedOf(entity, { declaration, encoder }, columns),
        }))
        .filter(({ names }) => names.length > 0);
      const found = await mapAtOnce(lacking, ({ entity, names }) => findTable(store, entity, names));
      // Of the columns that scores are computed from it is not known which table has them.
      return found.filter(({ entity, columns: given }) => given.length > 0 || lacksFeatures(entity));
    },
    async join(rows, { database, tables, declaration, encoder, scratch }) {
      const joined: TableRows[] = [];
      const used: LocalFile[] = [];
      for (const pin of tables) {
        const { manifest, whole } = await open(pin, KEPT_TABLES * Math.max(2, tables.length));
        const side = sideOf(pin, manifest, rows, { declaration, encoder });
        if (whole !== null) {
          used.push(...whole);
          const from = positionalScan(
            whole.map(({ path }) => path),
            manifest.columns,
          );
          joined.push({ ...side, from });
        } else {
          const paths = await reduce({ store, database, rows, side, scratch, wholeBytes }, manifest);
          joined.push({ ...side, from: parquetScan(paths) });
        }
      }
      const relation = await joinTables(database, rows, joined, scratch);
      await assertUnchanged(store, used);
      return relation;
    },
  };
}

async function findTable(store: Store, entity: EntityTable, names: readonly string[]): Promise<FoundTable> {
  const found = await newestTable(store, entity.entity);
  if (found === null)
    return { entity, place: `${tablesFolder(entity.entity)}, which has no table`, columns: [], pin: null };
  const { key, versionId, value: manifest } = found;
  const place = tableFolder(entity.entity, manifest.date);
  return {
    entity,
    place,
    columns: tableColumns(names, { columns: byPosition(manifest.columns), name: place }),
    pin: { entity: entity.entity, manifestKey: key, versionId },
  };
}

async function openTable(
  { store, folder, wholeBytes }: Required<FeatureTablesOptions>,
  { manifestKey, versionId }: PinnedTable,
): Promise<OpenTable> {
  const manifest = await pinnedManifest(store, manifestKey, versionId);
  if (manifest === null) throw versionGone(manifestKey, versionId);
  const own = await mkdtemp(join(folder, 'table-'));
  try {
    const isSmall = sizeOf(manifest.files) <= wholeBytes;
    return { manifest, whole: isSmall ? await toFiles(store, manifest.files, own) : null, folder: own };
  } catch (error) {
    await rm(own, { recursive: true, force: true });
    throw error;
  }
}

/** What a table gives to these rows. */
function sideOf(
  pin: PinnedTable,
  { date, key, columns }: FeatureManifest,
  rows: Relation,
  { declaration, encoder }: TableReader,
): Omit<TableRows, 'from'> {
  const entity = declaration.entities.find((declared) => declared.entity === pin.entity);
  const place = tableFolder(pin.entity, date);
  const table = { columns: byPosition(columns), name: place };
  const keyColumn = findColumn(table, key);
  if (entity === undefined || keyColumn === undefined)
    throw new RangeError(`table of ${pin.entity} is not declared, or has no column ${key} (${pin.manifestKey})`);
  const lacked = lackedOf(entity, { declaration, encoder }, rows.columns);
  return {
    entity,
    place,
    key: keyColumn,
    columns: tableColumns(lacked, table),
  };
}

/** Columns of the entity's features, and of the score, that are not among the columns given. */
function lackedOf(
  entity: EntityTable,
  { declaration, encoder }: TableReader,
  columns: readonly FileColumn[],
  scored: readonly string[] = declaration.scoring.score?.columns ?? [],
): string[] {
  const { entities } = declaration;
  return lackedColumns(tableFeatures(entity, entities, encoder.features), entities, columns, scored);
}

interface Reduction {
  readonly store: Store;
  readonly database: Database;
  readonly rows: Relation;
  readonly side: Omit<TableRows, 'from'>;
  readonly scratch: string;
  readonly wholeBytes: number;
}

/** Paths of files with the table's rows that these rows need, read from the buckets of their keys, a few at a time. */
async function reduce(
  { store, database, rows, side, scratch, wholeBytes }: Reduction,
  { files, buckets, columns }: FeatureManifest,
): Promise<string[]> {
  const needed = new Set(await neededBuckets(database, rows, side.entity, buckets));
  const wanted = files.filter(({ bucket }) => needed.has(bucket));
  const paths: string[] = [];
  // A join needs columns even where no row has a key: then any bucket gives them.
  for (const group of groupsOf(wanted.length > 0 ? wanted : files.slice(0, 1), wholeBytes)) {
    const folder = await mkdtemp(join(scratch, 'buckets-'));
    const local = await toFiles(store, group, folder);
    const path = join(scratch, `${side.entity.entity}-${paths.length}.parquet`);
    const from = positionalScan(
      local.map((file) => file.path),
      columns,
    );
    await writeNeededRows(database, rows, { ...side, from }, path);
    await assertUnchanged(store, local);
    await rm(folder, { recursive: true });
    paths.push(path);
  }
  return paths;
}

/** Runs of files of at most so many bytes together, or of one that is larger. */
function groupsOf(files: readonly FeatureFile[], bytes: number): FeatureFile[][] {
  const groups: FeatureFile[][] = [];
  for (const file of files) {
    const last = groups.at(-1);
    if (last === undefined || sizeOf(last) + file.bytes > bytes) groups.push([file]);
    else last.push(file);
  }
  return groups;
}

function toFiles(store: Store, files: readonly FeatureFile[], folder: string): Promise<LocalFile[]> {
  return mapAtOnce(files, async (file) => {
    const path = await orGone(store.toFile(file.key, folder, file.versionId));
    return { file, path, isCopy: path.startsWith(`${folder}${sep}`) };
  });
}

/** Fails if a store's own files, which are read in place, were replaced since they were opened. */
async function assertUnchanged(store: Store, files: readonly LocalFile[]): Promise<void> {
  await mapAtOnce(
    files.filter(({ isCopy }) => !isCopy),
    async ({ file: { key, versionId } }) => {
      if ((await store.head(key, versionId)) === null) throw versionGone(key, versionId);
    },
  );
}

async function orGone<T>(pending: Promise<T>): Promise<T> {
  try {
    return await pending;
  } catch (error) {
    if (!(error instanceof ObjectNotFoundError)) throw error;
    throw versionGone(error.key, error.versionId ?? '');
  }
}

function versionGone(key: string, versionId: string): CandidateFileError {
  return new CandidateFileError(
    'feature_version_gone',
    `version ${versionId} of ${key} is gone: it was replaced or deleted after the file was planned with it`,
  );
}

function sizeOf(files: readonly FeatureFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
