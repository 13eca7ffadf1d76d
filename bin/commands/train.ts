import { Command } from 'commander';
import { runCommand } from '../exit.ts';
import {
  bucketOption,
  dataOption,
  declarationOption,
  endpointOption,
  jsonOption,
  memoryOption,
  rejectsOption,
  threadsOption,
} from '../options.ts';
import type { TrainCommandOptions } from '../work/train.ts';

// What works takes most of a second to load; help and mistakes need none of it.
const work = () => import('../work/train.ts');

/** `entirespace train`: from a log to a published model version. */
export function trainCommand(): Command {
  return new Command('train')
    .description(
      'train on a log, evaluate on its held-out rows, publish a model version and make it the current one if it is better',
    )
    .addOption(declarationOption())
    .addOption(dataOption())
    .addOption(bucketOption())
    .addOption(endpointOption())
    .addOption(rejectsOption())
    .option('--no-promote', 'publish, and leave the current version as it is')
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ entirespace train --data logs/\n  $ entirespace train -d shop.yaml --data "logs/dt=2026-11-*/*.parquet" --no-promote --json',
    )
    .action((options: TrainCommandOptions) =>
      runCommand(async (signal) => (await work()).runTrain(options, signal), options.json),
    );
}
