/**
 * Bundles the code of the Lambda functions: one CommonJS file for each entry, which contains everything but the
 * packages with native code.
 */
import { type BuildResult, build } from 'esbuild';
import { WORKERS } from '../lib/workers/entries.ts';

/** The files of the asset, and the sources that they are bundled from. */
export const LAMBDA_ENTRIES = {
  'plan-shards': 'functions/lambda-plan-shards.ts',
  'score-shard': 'functions/lambda-score-shard.ts',
  'encode-range': 'functions/lambda-encode-range.ts',
  reconcile: 'functions/lambda-reconcile.ts',
  online: 'functions/lambda-online.ts',
  'model-worker': 'functions/model-worker.ts',
  'scoring-worker': WORKERS['scoring-worker'],
  'encode-worker': WORKERS['encode-worker'],
} as const;

/** Packages that stay outside the bundles, in the asset's `node_modules`. */
export const LAMBDA_PACKAGES = ['@duckdb/node-api', '@duckdb/node-bindings', 'onnxruntime-node'] as const;

/**
 * Bundles the functions to a folder, and returns what went into them. Must run in the root of the repository.
 * @param buildDigest of the sources.
 */
export function bundleFunctions(outFolder: string, buildDigest: string): Promise<BuildResult<{ metafile: true }>> {
  return build({
    entryPoints: LAMBDA_ENTRIES,
    outdir: outFolder,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    // CommonJS has no `import.meta.url`, by which a module finds the files beside it.
    define: { 'import.meta.url': 'moduleUrl', BUILD_DIGEST: JSON.stringify(buildDigest) },
    banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    external: [...LAMBDA_PACKAGES],
    metafile: true,
    logLevel: 'warning',
  });
}
