import { Command } from 'commander';
import { runCommand } from '../exit.ts';
import { bucketOption, jsonOption, memoryOption, modelOption, threadsOption } from '../options.ts';
import type { LocalCommandOptions } from '../work/local.ts';

// What works takes most of a second to load; help and mistakes need none of it.
const work = () => import('../work/local.ts');

/** `entirespace local`: the cloud's scoring on this machine, over a folder. */
export function localCommand(): Command {
  return new Command('local')
    .description("score every file under the bucket's candidates/ that has no outcome yet, as the cloud would")
    .addOption(bucketOption())
    .addOption(modelOption())
    .option('--watch', 'stay, and score what is dropped there, until Ctrl-C; with --json a line each', false)
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ cp today.parquet bucket/candidates/ && entirespace local\n  $ entirespace local --watch',
    )
    .action((options: LocalCommandOptions) =>
      runCommand(async (signal) => (await work()).local(options, signal), options.json),
    );
}
