import { Command, Option } from 'commander';
import { runCommand } from '../exit.ts';
import { bucketOption, endpointOption, jsonOption, memoryOption, modelOption, threadsOption } from '../options.ts';
import type { ScoreOptions } from '../work/score.ts';

// What works takes most of a second to load; help and mistakes need none of it.
const work = () => import('../work/score.ts');

/** `entirespace score`: candidate files, through the same handlers as in the cloud. */
export function scoreCommand(): Command {
  return new Command('score')
    .description(
      'score candidate files with the current model version; files outside the bucket are copied into its candidates/',
    )
    .argument('<files...>', 'Parquet or CSV')
    .addOption(bucketOption())
    .addOption(endpointOption())
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
      runCommand(async (signal) => (await work()).score(files, options, signal), options.json),
    );
}
