import { Command } from 'commander';
import { runCommand } from '../exit.ts';
import {
  bucketOption,
  bucketsOption,
  dataOption,
  dateOption,
  declarationOption,
  entityOption,
  jsonOption,
  memoryOption,
  threadsOption,
} from '../options.ts';
import type { FeaturesOptions } from '../work/features.ts';

// What works takes most of a second to load; help and mistakes need none of it.
const work = () => import('../work/features.ts');

/** `entirespace features`: a table of the features of users, or of items, for candidate files that hold pairs. */
export function featuresCommand(): Command {
  const data = dataOption();
  data.description = 'table with one row for each user, or item: a file, folder or glob of Parquet or CSV';
  return new Command('features')
    .description("put a table of the users' or the items' features in the bucket, for candidate files without them")
    .addOption(entityOption())
    .addOption(data)
    .addOption(declarationOption())
    .addOption(bucketOption())
    .addOption(dateOption())
    .addOption(bucketsOption())
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nThe table goes to features/<entity>/dt=<date>/ in the bucket; _manifest.json is written last.\n\nExamples:\n  $ entirespace features --entity user --data users.parquet\n  $ entirespace features --entity item --data "items/*.csv" --date 2026-11-23 --bucket s3://shop',
    )
    .action((options: FeaturesOptions) =>
      runCommand(async (signal) => (await work()).features(options, signal), options.json),
    );
}
