import { PREFIXES } from '../../../lib/contract/bucket.ts';
import { EXIT_CODES, type ExitCode } from '../../../lib/contract/exit-codes.ts';
import { checkPrefix } from '../../../lib/store/request.ts';
import { bucketFolder, type EndpointOptions, openBucket } from '../../bucket.ts';
import type { DefineCommand } from '../../define-command.ts';
import { type Session, UsageError } from '../../terminal/exit.ts';
import { printResult } from '../../terminal/io.ts';
import { bucketOption, calendarDate, endpointOption, jsonOption } from '../../terminal/options.ts';

interface StatusOptions extends EndpointOptions {
  readonly bucket: string;
  readonly prefix?: string;
  readonly day?: string;
  readonly arrivals?: string;
  readonly shards?: string;
  readonly json: boolean;
}

/** `entirespace status`: how the candidate files of a bucket stand. */
export const defineStatus: DefineCommand = (command, act) => {
  command
    .addOption(bucketOption())
    .option('--prefix <path>', 'only files whose path below candidates/ begins so, such as a folder')
    .option('--day <YYYY-MM-DD>', 'only files that came to the bucket on this day, UTC', calendarDate)
    .option('--arrivals <url>', "a stack's output ArrivalsQueue, for its dead letters (default: found by the bucket)")
    .option('--shards <url>', "a stack's output ShardsQueue (default: found by the other's name)")
    .addOption(endpointOption())
    .addOption(jsonOption())
    .examples(
      ['entirespace status --bucket s3://my-bucket --day 2026-05-08', 'entirespace status --prefix eu/ --json'],
      'Exits with 4 where files have failed, or where there are dead letters.',
    )
    .action((options: StatusOptions) => act(options.json, (session) => status(options, session)));
};

async function status(options: StatusOptions, { io, signal }: Session): Promise<ExitCode> {
  const { scoringStatus } = await import('../../../lib/scoring/status/scoring-status.ts');
  const { formatStatus } = await import('../../scoring/status-text.ts');
  const store = await openBucket(io, options.bucket, 'read', options);
  const isFolder = bucketFolder(store) !== null;
  if (isFolder && (options.arrivals ?? options.shards) !== undefined)
    throw new UsageError(`--arrivals, --shards: expected s3://bucket as --bucket, got ${options.bucket}`);
  const selection = { prefix: candidatePrefix(options.prefix), day: options.day ?? null };
  const found = await scoringStatus(store, selection, signal);
  const dead = isFolder ? null : await (await import('../../stack/dead-letters.ts')).deadLetters(options);
  printResult(io, options.json, { ...found, deadLetters: dead }, formatStatus(found, dead));
  const areDead = dead !== null && 'arrivals' in dead && dead.arrivals + dead.shards > 0;
  return found.failed.all > 0 || areDead ? EXIT_CODES['bad data'] : EXIT_CODES.success;
}

/**
 * The beginning of keys, whether it was given with `candidates/` or without.
 * @throws {UsageError} where no key can begin so.
 */
function candidatePrefix(given = ''): string {
  const prefix = given.startsWith(PREFIXES.candidates) ? given : `${PREFIXES.candidates}${given}`;
  try {
    checkPrefix(prefix);
  } catch (cause) {
    throw new UsageError(`--prefix: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  return prefix;
}
