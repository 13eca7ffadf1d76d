/** The Lambdas' code: one CommonJS file for each entry, with all inside but the two packages that have native parts. */
import { type BuildResult, build } from 'esbuild';

/** Files of the asset, by what they are made from. */
export const LAMBDA_ENTRIES = {
  'plan-shards': 'functions/lambda-plan-shards.ts',
  'score-shard': 'functions/lambda-score-shard.ts',
  reconcile: 'functions/lambda-reconcile.ts',
  'model-worker': 'functions/model-worker.ts',
} as const;

/** Packages that stay outside the bundles, in the asset's `node_modules`. */
export const LAMBDA_PACKAGES = ['@duckdb/node-api', 'onnxruntime-node'] as const;

/** Bundles the functions from the repository's root to a folder, and tells what went into them. */
export function bundleFunctions(outFolder: string): Promise<BuildResult<{ metafile: true }>> {
  return build({
    entryPoints: LAMBDA_ENTRIES,
    outdir: outFolder,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    external: [...LAMBDA_PACKAGES],
    metafile: true,
    logLevel: 'warning',
  });
}
