/**
 * Builds everything that is not run from its source: the kernels as WebAssembly, TensorFlow.js's gradients as a module,
 * and the command and the public entry points in `dist/`. Does nothing where no source has changed.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { secondsText } from '../lib/numbers/text.ts';
import { WORKERS } from '../lib/workers/entries.ts';
import { bundleFunctions } from './bundle-functions.ts';

/** A WebAssembly module. What loads it looks for it in its own folder. */
interface WasmModule {
  readonly source: string;
  readonly path: string;
  /** Whether several threads share its memory. */
  readonly isShared: boolean;
}

const SPARSE: WasmModule = {
  source: 'lib/engine/assembly/index.ts',
  path: 'lib/engine/memory/sparse.wasm',
  isShared: true,
};
const PARTS: WasmModule = {
  source: 'lib/engine/assembly/parts.ts',
  path: 'lib/engine/scoring/parts/parts.wasm',
  isShared: false,
};
const GATHER_ROWS: WasmModule = {
  source: 'lib/engine/assembly/gather-rows.ts',
  path: 'lib/engine/scoring/gather-rows.wasm',
  isShared: true,
};
const WASM = [SPARSE, PARTS, GATHER_ROWS];
/** A script in Python. What runs it looks for it in its own folder. */
const GBDT = 'lib/compare/gbdt/gbdt.py';
const GRADIENTS = 'lib/model/gradients.js';
const STAMP = 'dist/.built';
const EXPORTS = { index: 'exports/index.ts', model: 'exports/model.ts', cdk: 'exports/cdk.ts' };
/** Packages that go into the bundles: a start of the command reads one file instead of dozens of small ones. */
const BUNDLED = [
  '@aws-lambda-powertools/batch',
  '@bufbuild/protobuf',
  '@duckdb/node-api',
  'cli-progress',
  'commander',
  'yaml',
  'zod',
];
const SOURCES = ['bin', 'exports', 'lib', 'functions', 'training', 'scripts/build.ts', 'package.json', 'tsconfig.json'];

const digest = digestOf(SOURCES);
if (
  [STAMP, ...WASM.map(({ path }) => path), GRADIENTS].every((path) => existsSync(path)) &&
  readFileSync(STAMP, 'utf8') === digest
) {
  console.error('build: up to date');
} else {
  const started = performance.now();
  buildWasm();
  await buildGradients();
  await buildDist();
  writeFileSync(STAMP, digest);
  console.error(`build: ${secondsText((performance.now() - started) / 1000)}`);
}

function buildWasm(): void {
  const options = ['-O3', '--runtime', 'stub', '--enable', 'simd', '--importMemory'];
  const memory = ['--initialMemory', '1', '--maximumMemory', '65536'];
  const compiler = join('node_modules', 'assemblyscript', 'bin', 'asc.js');
  for (const { source, path, isShared } of WASM) {
    const threads = isShared ? ['--enable', 'threads', '--sharedMemory'] : [];
    execFileSync(process.execPath, [compiler, source, ...options, ...memory, ...threads, '-o', path], {
      stdio: 'inherit',
    });
  }
}

/** Bundles TensorFlow.js's gradients, which it ships only as ES modules that Node.js takes for CommonJS. */
async function buildGradients(): Promise<void> {
  await build({
    entryPoints: ['@tensorflow/tfjs-core/dist/register_all_gradients.js'],
    outfile: GRADIENTS,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    logLevel: 'error',
  });
}

async function buildDist(): Promise<void> {
  rmSync('dist', { recursive: true, force: true });
  mkdirSync('dist');
  await build({
    entryPoints: {
      entirespace: 'bin/entirespace.ts',
      training: 'training/main.ts',
      monitoring: 'training/monitor.ts',
      ...EXPORTS,
      ...WORKERS,
    },
    outdir: 'dist',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: externalPackages(),
    define: { BUILD_DIGEST: JSON.stringify(digest) },
    plugins: [requiring(['onnxruntime-node']), duckdb()],
    // What is bundled from CommonJS calls `require`, which a module does not have.
    banner: {
      js: "import { createRequire as requireOf } from 'node:module';\nconst require = requireOf(import.meta.url);",
    },
    logLevel: 'warning',
  });
  for (const path of [...WASM.map((module) => module.path), GBDT]) copyFileSync(path, join('dist', basename(path)));
  // `entirespace build-lambda` makes the asset from these two folders.
  await bundleFunctions('dist/functions', digest);
  for (const { path } of [PARTS, GATHER_ROWS]) copyFileSync(path, join('dist', 'functions', basename(path)));
  writeFileSync('dist/functions/package.json', '{ "type": "commonjs" }\n');
  cpSync('lib/asset/lambda', 'dist/lambda', { recursive: true });
  writeTypes();
}

/** The packages that the bundles find among the dependencies of the installed package. */
function externalPackages(): string[] {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
    'dependencies' | 'peerDependencies',
    Record<string, string>
  >;
  return Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => !BUNDLED.includes(name));
}

/**
 * Loads CommonJS packages by `require`. Where a module imports one, Node.js parses all of its files to find the names
 * that it exports, which for these packages takes longer than to load them.
 */
function requiring(packages: readonly string[]): Plugin {
  const namespace = 'required';
  return {
    name: namespace,
    setup({ onResolve, onLoad }) {
      for (const name of packages)
        onResolve({ filter: new RegExp(`^${name}$`) }, ({ kind }) =>
          kind === 'require-call' ? { path: name, external: true } : { path: name, namespace },
        );
      onLoad({ filter: /./, namespace }, ({ path }) => ({ contents: `module.exports = require('${path}');` }));
    },
  };
}

/**
 * Bundles DuckDB's package, which has a file for each of 180 modules, but for its bindings: these are loaded from where
 * the installed package finds them.
 */
function duckdb(): Plugin {
  const [api, bindings] = ['@duckdb/node-api', '@duckdb/node-bindings'];
  const namespace = 'duckdb';
  return {
    name: namespace,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: new RegExp(`^${bindings}$`) }, () => ({ path: bindings, namespace }));
      onResolve({ filter: new RegExp(`^${api}$`) }, ({ kind }) =>
        kind === 'require-resolve' ? { path: api, external: true } : null,
      );
      onLoad({ filter: /./, namespace }, () => ({
        contents: `module.exports = require('node:module').createRequire(require.resolve('${api}'))('${bindings}');`,
      }));
    },
  };
}

/** Writes the type declarations of the public entry points, and of everything that they refer to. */
function writeTypes(): void {
  const compiler = join('node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.types.json'], { stdio: 'inherit' });
  for (const file of readdirSync('dist/types', { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.d.ts')) continue;
    const path = join('dist/types', file);
    // The compiler keeps the extension `.ts` in relative imports, but only declarations are in this folder.
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replaceAll(/(from |import\()(['"])(\.[^'"]*)\.ts\2/g, '$1$2$3.js$2'),
    );
  }
}

function digestOf(sources: readonly string[]): string {
  const hash = createHash('sha256');
  const files = sources.flatMap((source) =>
    source.includes('.')
      ? [source]
      : readdirSync(source, { recursive: true, encoding: 'utf8' }).map((file) => join(source, file)),
  );
  for (const file of files.filter((name) => /\.(ts|json|py)$/.test(name)).sort())
    hash.update(file).update(readFileSync(file));
  return hash.digest('hex');
}
