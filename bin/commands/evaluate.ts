import { Command, Option } from 'commander';
import { PARTS } from '../../lib/table/encoded.ts';
import { runCommand } from '../exit.ts';
import {
  bucketOption,
  dataOption,
  endpointOption,
  jsonOption,
  memoryOption,
  modelOption,
  threadsOption,
  versionId,
} from '../options.ts';
import type { EvaluateCommandOptions } from '../work/evaluate.ts';

// What works takes most of a second to load; help and mistakes need none of it.
const work = () => import('../work/evaluate.ts');

/** `entirespace evaluate`: a published version on any log. */
export function evaluateCommand(): Command {
  return new Command('evaluate')
    .description('measure a published model version on a log')
    .addOption(dataOption())
    .addOption(bucketOption())
    .addOption(endpointOption())
    .addOption(modelOption())
    .option('--version <id>', 'model version (default: the current one)', versionId)
    .addOption(
      new Option('--part <part>', "rows of the declaration's split to measure on")
        .choices([...PARTS, 'all'])
        .default('test'),
    )
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ entirespace evaluate --data logs/dt=2026-11-22 --part all\n  $ entirespace evaluate --data logs/ --version 20261122-031500-1a2b3c4d --json',
    )
    .action((options: EvaluateCommandOptions) =>
      runCommand(async (signal) => (await work()).evaluate(options, signal), options.json),
    );
}
