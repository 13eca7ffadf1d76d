import { setTimeout } from 'node:timers/promises';
import { Option } from 'commander';
import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';
import { RECONCILE_SECONDS, RETRY_SECONDS, STILL_SECONDS } from '../../lib/contract/limits.ts';
import { bucketFolder, openBucket } from '../bucket.ts';
import type { DefineCommand } from '../define-command.ts';
import type { PollOptions } from '../scoring/poll.ts';
import type { LocalOptions } from '../scoring/with-model.ts';
import type { Session } from '../terminal/exit.ts';
import { leftOutLines, printFileResult, printResults } from '../terminal/file-results.ts';
import { print } from '../terminal/io.ts';
import {
  bucketOption,
  endpointOption,
  jsonOption,
  memoryOption,
  modelOption,
  secondsOption,
  threadsOption,
} from '../terminal/options.ts';

interface WatchOptions extends LocalOptions {
  readonly watch: boolean;
  readonly json: boolean;
}

const WATCH_MS = 2_000;

/** `entirespace local`: the cloud's scoring on this machine, over a folder, or over a bucket and its queues. */
export const defineLocal: DefineCommand = (command, act) => {
  command
    .addOption(bucketOption())
    .addOption(endpointOption())
    .addOption(modelOption())
    .option('--watch', 'stay, and score what is dropped there, until Ctrl-C; with --json a line each', false)
    .addOption(
      new Option(
        '--poll',
        'stay, and handle the messages of the queues of a deployed stack as its functions would, until Ctrl-C; with --json a line each',
      )
        .default(false)
        .conflicts('watch'),
    )
    .option('--arrivals <url>', "with --poll: the stack's output ArrivalsQueue (default: found by the bucket)")
    .option('--shards <url>', "with --poll: the stack's output ShardsQueue (default: found by the other's name)")
    .option(
      '--event-bus <name>',
      "with --poll: EventBridge bus to which ended files are reported, such as 'default', as the functions do (default: none)",
    )
    .addOption(
      secondsOption('--reconcile', 'with --poll: time from one reconciliation to the next').default(RECONCILE_SECONDS),
    )
    .addOption(
      secondsOption('--retry', 'with --poll: time until a failed message comes again, doubled each time').default(
        RETRY_SECONDS.first,
      ),
    )
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .examples(
      [
        'cp today.parquet bucket/candidates/ && entirespace local',
        'entirespace local --watch',
        'entirespace local --endpoint http://localhost:4566 --bucket s3://my-bucket --poll',
      ],
      `Under --watch, write a file elsewhere on the same disk and rename it into place: a file that grows is taken once it has stood still for ${STILL_SECONDS} s.`,
    )
    .action((options: WatchOptions & PollOptions & { readonly poll: boolean }) =>
      act(options.json, async (session) => {
        if (!options.poll) return scoreFolder(options, session);
        const { poll } = await import('../scoring/poll.ts');
        return poll(options, session);
      }),
    );
};

/** Scores what lies under `candidates/`, once or until the signal aborts. */
async function scoreFolder(options: WatchOptions, session: Session): Promise<ExitCode> {
  const { io, signal } = session;
  const { withScoring } = await import('../scoring/local-scoring.ts');
  const { standingStill } = await import('../scoring/standing-still.ts');
  const store = await openBucket(io, options.bucket, 'write', options);
  return withScoring(store, options, session, async (score) => {
    if (!options.watch) return printResults(session, await score(), options);
    const shown = new Set<string>();
    const isNew = (text: string) => !shown.has(text) && shown.add(text).size > 0;
    const isComplete = standingStill(bucketFolder(store));
    while (!signal.aborted) {
      const results = await score({ isComplete });
      for (const result of results) {
        if (result.status === 'open' || (result.status === 'left_out' && !options.json)) continue;
        if (!isNew(JSON.stringify({ ...result, earlier: undefined }))) continue;
        if (options.json || result.status === 'left_out') print(io, JSON.stringify(result));
        else printFileResult(io, result, options.bucket);
      }
      if (!options.json) for (const line of leftOutLines(results, options.bucket)) if (isNew(line)) print(io, line);
      await setTimeout(WATCH_MS, undefined, { signal }).catch(() => undefined);
    }
    return EXIT_CODES.success;
  });
}
