import type { EntityTable } from '../../lib/config/declaration.ts';
import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';
import { countOf } from '../../lib/numbers/text.ts';
import { openBucket } from '../bucket.ts';
import type { DefineCommand } from '../define-command.ts';
import {
  chosenDeclaration,
  type DeclarationOption,
  declarationArgument,
  declarationOption,
} from '../terminal/declaration.ts';
import { type Session, UsageError } from '../terminal/exit.ts';
import { pathIn, printResult } from '../terminal/io.ts';
import {
  bucketOption,
  bucketsOption,
  dateOption,
  entityOption,
  jsonOption,
  memoryOption,
  tableOption,
  threadsOption,
} from '../terminal/options.ts';

interface FeaturesOptions extends DeclarationOption {
  readonly entity: EntityTable['entity'];
  readonly data: string;
  readonly bucket: string;
  readonly date: string;
  readonly buckets?: number;
  readonly threads: number;
  readonly memory: number;
  readonly json: boolean;
}

/** `entirespace features`: a table of the features of users, or of items, for candidate files that hold pairs. */
export const defineFeatures: DefineCommand = (command, act) => {
  command
    .addArgument(declarationArgument())
    .addOption(declarationOption())
    .addOption(entityOption())
    .addOption(tableOption())
    .addOption(bucketOption())
    .addOption(dateOption())
    .addOption(bucketsOption())
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .examples(
      [
        'entirespace features --entity user --data users.parquet',
        'entirespace features shop.yaml --entity item --data "items/*.csv" --date 2026-11-23 --bucket s3://shop',
      ],
      'The table goes to features/<entity>/dt=<date>/ in the bucket; _manifest.json is written last.',
    )
    .action((argument: string | undefined, options: FeaturesOptions) =>
      act(options.json, (session) => features(chosenDeclaration(session.io, argument, options), options, session)),
    );
};

/** Checks a table, writes it to the bucket and prints what it is. */
async function features(path: string, options: FeaturesOptions, session: Session): Promise<ExitCode> {
  const { readDeclaration } = await import('../../lib/config/parse-declaration.ts');
  const { featureManifestKey, tableFolder } = await import('../../lib/scoring/rows/feature-manifest.ts');
  const { publishTable } = await import('../scoring/publish-table.ts');
  const { declaration } = await readDeclaration(pathIn(session.io, path), path);
  const table = declaration.entities.find(({ entity }) => entity === options.entity);
  if (table === undefined)
    throw new UsageError(
      `--entity: ${path} declares no table of ${options.entity}, expected entities: { ${options.entity}: { key: <column> } }`,
    );
  const { entity } = table;
  const store = await openBucket(session.io, options.bucket, 'create');
  const { date, rows, files } = await publishTable(store, table, declaration, options, session);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const place = `${options.bucket}/${tableFolder(entity, date)}`;
  printResult(
    session.io,
    options.json,
    { entity, date, manifest: featureManifestKey(entity, date), rows, files: files.length, bytes },
    `${countOf(rows, entity)} in ${countOf(files.length, 'file')}, ${countOf(bytes, 'byte')} -> ${place}`,
  );
  return EXIT_CODES.success;
}
