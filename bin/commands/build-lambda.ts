import { Command, Option } from 'commander';
import { runCommand } from '../exit.ts';
import { jsonOption } from '../options.ts';
import type { BuildLambdaCommandOptions } from '../work/build-lambda.ts';

const work = () => import('../work/build-lambda.ts');

/** `entirespace build-lambda`: the folder that the stack deploys as its functions. */
export function buildLambdaCommand(): Command {
  return new Command('build-lambda')
    .description("build the asset of the stack's functions, for Linux, on any machine; needs npm, and no Docker")
    .addOption(new Option('--arch <arch>', 'processor of the functions').choices(['x64', 'arm64']).default('x64'))
    .option('-o, --out <folder>', 'where it goes (default: .entirespace/lambda-<arch>)')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nAn asset that is up to date is left as it is.\n\nExamples:\n  $ entirespace build-lambda\n  $ entirespace build-lambda --arch arm64 --out build/lambda',
    )
    .action((options: BuildLambdaCommandOptions) =>
      runCommand(async () => (await work()).runBuildLambda(options), options.json),
    );
}
