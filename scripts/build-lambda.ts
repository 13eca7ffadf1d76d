/** `npx tsx scripts/build-lambda.ts [x64|arm64] [folder]`: the Lambda asset from this repository. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildLambda, type LambdaArchitecture } from '../lib/stack/build-lambda.ts';
import { bundleFunctions } from './bundle-functions.ts';

const [arch = 'x64', outFolder = `.entirespace/lambda-${arch}`] = process.argv.slice(2);
if (arch !== 'x64' && arch !== 'arm64') throw new Error(`architecture must be x64 or arm64, got ${arch}`);
await main(arch, outFolder);

async function main(arch: LambdaArchitecture, outFolder: string): Promise<void> {
  const functionsFolder = mkdtempSync(join(tmpdir(), 'entirespace-functions-'));
  try {
    await bundleFunctions(functionsFolder);
    const asset = buildLambda({
      arch,
      outFolder,
      functionsFolder,
      lockFolder: 'lib/stack/lambda',
      onProgress: (message) => console.log(message),
    });
    const [zip, unzipped] = [asset.zipBytes, asset.unzippedBytes].map((bytes) => (bytes / 2 ** 20).toFixed(1));
    console.log(
      `${asset.folder}: linux-${arch}, ${zip} MiB zipped, ${unzipped} MiB unzipped${asset.isCached ? ' (up to date)' : ''}`,
    );
  } finally {
    rmSync(functionsFolder, { recursive: true, force: true });
  }
}
