import { Command } from 'commander';
import { runCommand } from '../exit.ts';
import { dataOption, declarationOption, jsonOption, memoryOption, rejectsOption, threadsOption } from '../options.ts';
import type { ValidateOptions } from '../work/validate.ts';

// What works takes most of a second to load; help and mistakes need none of it.
const work = () => import('../work/validate.ts');

/** `entirespace validate`: the declaration, and a log against it, without training. */
export function validateCommand(): Command {
  return new Command('validate')
    .description('check a declaration, and a log against it, without training')
    .addOption(declarationOption())
    .addOption(dataOption().makeOptionMandatory(false))
    .addOption(rejectsOption())
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ entirespace validate\n  $ entirespace validate --data logs/ --rejects bad.parquet',
    )
    .action((options: ValidateOptions) =>
      runCommand(async (signal) => (await work()).validate(options, signal), options.json),
    );
}
