import { Command, Option } from 'commander';
import { runCommand } from '../exit.ts';
import {
  bucketOption,
  endpointOption,
  jsonOption,
  memoryOption,
  modelOption,
  secondsOption,
  threadsOption,
} from '../options.ts';
import type { LocalCommandOptions } from '../work/local.ts';
import type { PollCommandOptions } from '../work/poll.ts';

// What works takes most of a second to load; help and mistakes need none of it.
const work = () => import('../work/local.ts');
const polling = () => import('../work/poll.ts');

/** `entirespace local`: the cloud's scoring on this machine, over a folder, or over a bucket and its queues. */
export function localCommand(): Command {
  return new Command('local')
    .description("score every file under the bucket's candidates/ that has no outcome yet, as the cloud would")
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
    .addOption(secondsOption('--reconcile', 'with --poll: time from one reconciliation to the next').default(900))
    .addOption(
      secondsOption('--retry', 'with --poll: time until a failed message comes again, doubled each time').default(30),
    )
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ cp today.parquet bucket/candidates/ && entirespace local\n  $ entirespace local --watch\n  $ entirespace local --endpoint http://localhost:4566 --bucket s3://my-bucket --poll',
    )
    .action((options: LocalCommandOptions & PollCommandOptions & { readonly poll: boolean }) =>
      runCommand(
        async (signal) =>
          options.poll ? (await polling()).poll(options, signal) : (await work()).local(options, signal),
        options.json,
      ),
    );
}
