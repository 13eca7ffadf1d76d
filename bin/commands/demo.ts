import { Command } from 'commander';
import { runCommand } from '../exit.ts';
import { bucketOption, memoryOption, threadsOption } from '../options.ts';
import type { DemoOptions } from '../work/demo.ts';

// What works takes most of a second to load; help and mistakes need none of it.
const work = () => import('../work/demo.ts');

/** `entirespace demo`: the whole path on a real campaign: validate, train, publish, score. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('the whole path on a real e-mail campaign of 64,000 customers: validate, train, publish, score')
    .option('--data <file>', 'your own copy of the Hillstrom data, CSV as published or Parquet')
    .addOption(bucketOption().default('demo'))
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addHelpText('after', '\nExamples:\n  $ entirespace demo\n  $ entirespace demo --data hillstrom.csv')
    .action((options: DemoOptions) => runCommand(async (signal) => (await work()).demo(options, signal), false));
}
