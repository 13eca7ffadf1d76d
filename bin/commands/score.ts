import { basename, relative, resolve, sep } from 'node:path';
import { Command, Option } from 'commander';
import { CANDIDATES } from '../../lib/scoring/identity.ts';
import type { FileResult } from '../../lib/scoring/local.ts';
import { openStore } from '../../lib/store/open-store.ts';
import type { Store } from '../../lib/store/store.ts';
import { DataError } from '../../lib/table/errors.ts';
import { digestFile } from '../../lib/registry/local-files.ts';
import { EXIT_CODES, type ExitCode, runCommand } from '../exit.ts';
import { type LocalOptions, scoreInBucket } from '../local-scoring.ts';
import { bucketOption, jsonOption, memoryOption, modelOption, threadsOption } from '../options.ts';
import { formatFileResult } from '../report-text.ts';

interface ScoreOptions extends LocalOptions {
  readonly json: boolean;
}

/** `entirespace score`: candidate files, through the same handlers as in the cloud. */
export function scoreCommand(): Command {
  return new Command('score')
    .description(
      'score candidate files with the current model version; files outside the bucket are copied into its candidates/',
    )
    .argument('<files...>', 'Parquet or CSV')
    .addOption(bucketOption())
    .addOption(modelOption())
    .addOption(
      new Option('--again <which>', 'files that have an outcome already: try the failed again, or score all once more')
        .choices(['none', 'failed', 'all'])
        .default('none'),
    )
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nScores go to scores/<file>/ in the bucket; _SUCCESS is written last.\n\nExamples:\n  $ entirespace score candidates.parquet\n  $ entirespace score bucket/candidates/today/*.parquet --again failed',
    )
    .action((files: string[], options: ScoreOptions) =>
      runCommand((signal) => score(files, options, signal), options.json),
    );
}

async function score(files: readonly string[], options: ScoreOptions, signal: AbortSignal): Promise<ExitCode> {
  const store = openStore(options.bucket);
  const keys = await placeCandidates(store, options.bucket, files);
  const results = await scoreInBucket(store, options, { keys, signal, isSilent: options.json });
  return printResults(results, options, signal);
}

/** Prints what became of each file; the exit code tells whether all were scored. */
export function printResults(
  results: readonly FileResult[],
  { json, bucket }: Pick<ScoreOptions, 'json' | 'bucket'>,
  signal: AbortSignal,
): ExitCode {
  if (json) process.stdout.write(`${JSON.stringify(results)}\n`);
  else for (const result of results) process.stdout.write(`${formatFileResult(result, bucket)}\n`);
  if (signal.aborted) return EXIT_CODES.interrupted;
  return results.every(({ status }) => status === 'succeeded') ? EXIT_CODES.success : EXIT_CODES['bad data'];
}

/** Keys of the files in the bucket, after copying there what lies elsewhere. A copy that is there already stays as it is. */
export async function placeCandidates(store: Store, bucket: string, files: readonly string[]): Promise<string[]> {
  const root = resolve(bucket.replace(/^file:\/\//, ''));
  const keys: string[] = [];
  for (const file of files) {
    const inside = relative(root, resolve(file)).split(sep).join('/');
    if (inside.startsWith(CANDIDATES)) {
      keys.push(inside);
      continue;
    }
    const key = `${CANDIDATES}${basename(file)}`;
    const digest = await digestOf(file);
    const existing = await store.head(key);
    if (existing?.metadata.sha256 !== digest) await store.putFile(key, file, { metadata: { sha256: digest } });
    keys.push(key);
  }
  return keys;
}

async function digestOf(file: string): Promise<string> {
  try {
    return (await digestFile(file)).sha256;
  } catch (cause) {
    throw new DataError('no_such_file', `no such file: ${file}`, { cause });
  }
}
