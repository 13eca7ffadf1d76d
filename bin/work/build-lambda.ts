import { fileURLToPath } from 'node:url';
import { buildLambda, type LambdaArchitecture } from '../../lib/asset/build-lambda.ts';
import { EXIT_CODES, type ExitCode } from '../exit.ts';

export interface BuildLambdaCommandOptions {
  readonly arch: LambdaArchitecture;
  readonly out?: string;
  readonly json: boolean;
}

// Beside the built command: the bundled functions, and the lock file of their two native packages.
const built = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Builds the asset and prints where it is and how large. */
export function runBuildLambda({ arch, out, json }: BuildLambdaCommandOptions): ExitCode {
  const asset = buildLambda({
    arch,
    outFolder: out ?? `.entirespace/lambda-${arch}`,
    functionsFolder: built('./functions'),
    lockFolder: built('./lambda'),
    onProgress: (message) => process.stderr.write(`${message}\n`),
  });
  const [zip, unzipped] = [asset.zipBytes, asset.unzippedBytes].map((bytes) => (bytes / 2 ** 20).toFixed(1));
  const sizes = `${zip} MiB zipped, ${unzipped} MiB unzipped${asset.isCached ? ' (up to date)' : ''}`;
  process.stdout.write(json ? `${JSON.stringify({ arch, ...asset })}\n` : `${asset.folder}: linux-${arch}, ${sizes}\n`);
  return EXIT_CODES.success;
}
