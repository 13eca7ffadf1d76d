/** Builds the Lambda asset for the architecture that runs it, on any machine. Needs npm, but no Docker. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, sep } from 'node:path';
import { deflateRawSync } from 'node:zlib';

import { ASSET_BYTES } from '../contract/limits.ts';
import { byteText } from '../numbers/text.ts';

/** Architecture of a Lambda function, by its name in Node.js. */
export type LambdaArchitecture = 'x64' | 'arm64';

/** What to build, and from what. */
export interface BuildLambdaOptions {
  readonly arch: LambdaArchitecture;
  /** Folder to write the asset to. An asset in it is replaced where it is out of date. */
  readonly outFolder: string;
  /** Folder of the bundled functions. */
  readonly functionsFolder: string;
  /** Folder with the `package.json` and `package-lock.json` of the native packages. */
  readonly lockFolder: string;
  /** Called with a line about each step. @default nothing is called */
  readonly onProgress?: (message: string) => void;
}

/** An asset that is ready to deploy. */
export interface LambdaAsset {
  readonly folder: string;
  readonly zipBytes: number;
  readonly unzippedBytes: number;
  /** Whether the asset is that of an earlier build, from the same inputs. */
  readonly isCached: boolean;
}

/** Number of each architecture in an ELF header (`e_machine`). */
const ELF_MACHINES: Readonly<Record<LambdaArchitecture, number>> = { x64: 62, arm64: 183 };

/**
 * Builds the folder to deploy: the bundled functions, and onnxruntime and DuckDB with their Linux binaries for the
 * architecture. An asset that was built from the same inputs is kept.
 * @throws {Error} where npm fails, a binary is missing or is for another architecture, or the asset is too large for
 *   Lambda.
 */
export function buildLambda(options: BuildLambdaOptions): LambdaAsset {
  const { arch, outFolder, functionsFolder, lockFolder, onProgress = () => undefined } = options;
  const digest = digestOf(arch, [functionsFolder, lockFolder]);
  const cached = readStamp(outFolder, digest);
  if (cached !== null) return { folder: outFolder, ...cached, isCached: true };

  rmSync(outFolder, { recursive: true, force: true });
  const staging = mkdtempSync(join(tmpdir(), 'entirespace-lambda-'));
  try {
    onProgress(`installing onnxruntime and DuckDB for linux-${arch}`);
    install(lockFolder, staging, arch);
    copyNeeded(join(staging, 'node_modules'), join(outFolder, 'node_modules'), arch);
    cpSync(functionsFolder, outFolder, { recursive: true });
    checkBinaries(outFolder, arch);
    const sizes = measure(outFolder);
    checkSizes(sizes);
    writeFileSync(stampPath(outFolder), `${JSON.stringify({ digest, ...sizes }, null, 2)}\n`);
    return { folder: outFolder, ...sizes, isCached: false };
  } catch (error) {
    rmSync(outFolder, { recursive: true, force: true });
    throw error;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/**
 * Checks that all native files of an asset are ELF files for the architecture, and that both packages have theirs.
 * @throws {Error} naming every file that is wrong or missing.
 */
export function checkBinaries(folder: string, arch: LambdaArchitecture): void {
  const files = filesBelow(folder).filter((file) => /\.node$|\.so(\.|$)/.test(basename(file)));
  const missing = ['onnxruntime_binding.node', 'duckdb.node'].filter(
    (name) => !files.some((file) => basename(file) === name),
  );
  const problems = [
    ...missing.map((name) => `${name} is missing`),
    ...files.flatMap((file) => {
      const machine = elfMachine(join(folder, file));
      return machine === ELF_MACHINES[arch] ? [] : [`${file} is ${nameMachine(machine)}, expected linux-${arch}`];
    }),
  ];
  if (problems.length > 0) throw new Error(`lambda asset is not for linux-${arch}: ${problems.join('; ')}`);
}

function install(lockFolder: string, staging: string, arch: LambdaArchitecture): void {
  for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(lockFolder, name), join(staging, name));
  // onnxruntime's script fetches CUDA libraries, which the CPU binary in the package does not need.
  const target = ['--os=linux', `--cpu=${arch}`, '--libc=glibc', '--ignore-scripts'];
  try {
    execFileSync('npm', ['ci', ...target, '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: staging,
      stdio: ['ignore', 'ignore', 'pipe'],
      shell: process.platform === 'win32',
    });
  } catch (cause) {
    const output = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
    throw new Error(`npm could not install the lambda's packages for linux-${arch}: ${output}`, { cause });
  }
}

function copyNeeded(from: string, to: string, arch: LambdaArchitecture): void {
  for (const file of filesBelow(from)) {
    if (!isNeeded(file.split(sep).join('/'), arch)) continue;
    mkdirSync(dirname(join(to, file)), { recursive: true });
    copyFileSync(join(from, file), join(to, file));
  }
}

/** Returns whether a file of a package is loaded at run time on Linux of the architecture. */
function isNeeded(file: string, arch: LambdaArchitecture): boolean {
  if (/(\.d\.[cm]?ts|\.map|\.md)$|\/(LICENSE|NOTICE)$/.test(file) || file.includes('providers_cuda')) return false;
  if (file.startsWith('onnxruntime-node/bin/')) return file.startsWith(`onnxruntime-node/bin/napi-v6/linux/${arch}/`);
  return [
    /^@duckdb\//,
    /^detect-libc\//,
    /^onnxruntime-(node|common)\/package\.json$/,
    /^onnxruntime-node\/dist\//,
    /^onnxruntime-common\/dist\/cjs\//,
  ].some((pattern) => pattern.test(file));
}

/** Returns the machine number of an ELF file; `null` where the file is not a 64-bit little-endian ELF file. */
function elfMachine(path: string): number | null {
  const header = Buffer.alloc(20);
  const file = openSync(path, 'r');
  readSync(file, header);
  closeSync(file);
  const isElf = header.toString('latin1', 0, 6) === '\x7fELF\x02\x01';
  return isElf ? header.readUInt16LE(18) : null;
}

function nameMachine(machine: number | null): string {
  if (machine === null) return 'no 64-bit ELF file';
  const [arch] = Object.entries(ELF_MACHINES).find(([, number]) => number === machine) ?? [];
  return arch === undefined ? `ELF of machine ${machine}` : `linux-${arch}`;
}

type Sizes = Pick<LambdaAsset, 'zipBytes' | 'unzippedBytes'>;

function measure(folder: string): Sizes {
  let [zipBytes, unzippedBytes] = [0, 0];
  for (const file of filesBelow(folder)) {
    const content = readFileSync(join(folder, file));
    unzippedBytes += content.length;
    // For each file, a zip has two headers of 30 and 46 bytes, both with the file's name.
    zipBytes += deflateRawSync(content, { level: 6 }).length + 76 + 2 * Buffer.byteLength(file);
  }
  return { zipBytes, unzippedBytes };
}

function checkSizes({ zipBytes, unzippedBytes }: Sizes): void {
  if (unzippedBytes > ASSET_BYTES.unzipped)
    throw new Error(
      `lambda asset has ${byteText(unzippedBytes)} unzipped, expected at most ${byteText(ASSET_BYTES.unzipped)}`,
    );
  if (zipBytes > ASSET_BYTES.zipped)
    throw new Error(`lambda asset has ${byteText(zipBytes)} zipped, expected at most ${byteText(ASSET_BYTES.zipped)}`);
}

// The stamp is beside the asset and not in it, so that the same inputs give the same asset.
function stampPath(outFolder: string): string {
  return `${outFolder}.json`;
}

function readStamp(outFolder: string, digest: string): Sizes | null {
  if (!existsSync(outFolder) || !existsSync(stampPath(outFolder))) return null;
  const stamp = JSON.parse(readFileSync(stampPath(outFolder), 'utf8')) as Sizes & { readonly digest: string };
  return stamp.digest === digest ? { zipBytes: stamp.zipBytes, unzippedBytes: stamp.unzippedBytes } : null;
}

function digestOf(arch: LambdaArchitecture, folders: readonly string[]): string {
  const hash = createHash('sha256').update(arch);
  for (const folder of folders)
    for (const file of filesBelow(folder)) hash.update(file).update(readFileSync(join(folder, file)));
  return hash.digest('hex');
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}
