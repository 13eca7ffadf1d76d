import { fileURLToPath } from 'node:url';
import type { LambdaArchitecture } from '../../../lib/asset/build-lambda.ts';
import { EXIT_CODES } from '../../../lib/contract/exit-codes.ts';
import { byteText } from '../../../lib/numbers/text.ts';
import type { DefineCommand } from '../../define-command.ts';
import { pathIn, printError, printResult } from '../../terminal/io.ts';
import { choiceOption, jsonOption } from '../../terminal/options.ts';

interface BuildLambdaOptions {
  readonly arch: LambdaArchitecture;
  readonly out?: string;
  readonly json: boolean;
}

/** `entirespace build-lambda`: the folder that the stack deploys as its functions. */
export const defineBuildLambda: DefineCommand = (command, act) => {
  command
    .addOption(choiceOption('--arch <arch>', 'processor of the functions', ['x64', 'arm64']).default('x64'))
    .option('-o, --out <folder>', 'where it goes (default: .entirespace/lambda-<arch>)')
    .addOption(jsonOption())
    .examples(
      ['entirespace build-lambda', 'entirespace build-lambda --arch arm64 --out build/lambda'],
      'An asset that is up to date is left as it is.',
    )
    .action(({ arch, out = `.entirespace/lambda-${arch}`, json }: BuildLambdaOptions) =>
      act(json, async ({ io }) => {
        const { buildLambda } = await import('../../../lib/asset/build-lambda.ts');
        const asset = buildLambda({
          arch,
          outFolder: pathIn(io, out),
          functionsFolder: besideCommand('functions'),
          lockFolder: besideCommand('lambda'),
          onProgress: (message) => printError(io, message),
        });
        const sizes = `${byteText(asset.zipBytes)} zipped, ${byteText(asset.unzippedBytes)} unzipped${asset.isCached ? ' (up to date)' : ''}`;
        printResult(io, json, { arch, ...asset }, `${asset.folder}: linux-${arch}, ${sizes}`);
        return EXIT_CODES.success;
      }),
    );
};

/** The bundled functions, and the lock file of their two native packages, lie beside the built command. */
function besideCommand(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
