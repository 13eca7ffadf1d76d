import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import '../../../lib/graph/trace.ts';
import '../../../lib/model/gradients/kernel-gradients.ts';
import { EngineNotInstalledError, loadTfjsNode, TFJS_NODE_VERSION } from '../../../lib/engine/tfjs-node/load.ts';

/** A place of modules where the package has this version, and does this when it is loaded. */
function modules(version: string | null, load: () => unknown = () => ({})) {
  const loaded: string[] = [];
  const util: Record<string, unknown> = {};
  const require = (name: string): unknown => {
    loaded.push(name);
    if (name === 'node:util') return util;
    if (version === null) throw new Error(`Cannot find module '${name}'`);
    return name === '@tensorflow/tfjs-node' ? load() : { version };
  };
  return { require, loaded, util };
}

const REMEDY = '(run: bash scripts/setup-tfjs-node.sh)';

describe('the package of the engine tfjs-node', () => {
  const { env } = process;
  afterEach(() => {
    delete env.TF_NUM_INTRAOP_THREADS;
    delete env.TF_CPP_MIN_LOG_LEVEL;
  });

  it.each([
    ['is absent', modules(null), 'is not installed'],
    ['is of another version', modules('4.20.0'), 'has version 4.20.0, expected 4.22.0'],
    [
      'has no binding',
      modules('4.22.0', () => {
        throw new Error(
          'The Node.js native addon module (tfjs_binding.node) can not be found at path: /n/tfjs_binding.node. \nPlease run command',
        );
      }),
      '4.22.0 has no library that works here (The Node.js native addon module (tfjs_binding.node) can not be found at path: /n/tfjs_binding.node)',
    ],
    [
      'has no libtensorflow',
      modules('4.22.0', () => {
        throw new Error('libtensorflow_cc.so.2: cannot open shared object file: No such file or directory');
      }),
      '4.22.0 has no library that works here (libtensorflow_cc.so.2: cannot open shared object file: No such file or directory)',
    ],
  ])('%s: one line says so, with the command that installs it', (_what, { require }, problem) => {
    const message = `training engine tfjs-node: @tensorflow/tfjs-node ${problem} ${REMEDY}`;
    expect(() => loadTfjsNode({ threads: 2 }, require)).toThrow(new EngineNotInstalledError(message));
  });

  it('is loaded with the functions that Node.js 23 has no more, and as many threads as are asked for', () => {
    const { require, loaded, util } = modules('4.22.0');
    loadTfjsNode({ threads: 3 }, require);
    expect(loaded).toEqual(['@tensorflow/tfjs-node/package.json', 'node:util', '@tensorflow/tfjs-node']);
    const { isNullOrUndefined, isArray } = util as Record<string, (value: unknown) => boolean>;
    expect([undefined, null, 0, ''].map((value) => isNullOrUndefined?.(value))).toEqual([true, true, false, false]);
    expect([[], {}].map((value) => isArray?.(value))).toEqual([true, false]);
    expect(env.TF_NUM_INTRAOP_THREADS).toBe('3');
  });

  it('leaves the backend of other computations as it is', async () => {
    await tf.setBackend('cpu');
    const { require } = modules('4.22.0', () => tf.setBackend('onnx-recorder'));
    loadTfjsNode({ threads: 1 }, require);
    expect(tf.getBackend()).toBe('cpu');
  });

  it('leaves the gradients as they are, which the package registers again', () => {
    const gradient = tf.getGradient('Maximum');
    const { require } = modules('4.22.0', () => tf.registerGradient({ kernelName: 'Maximum', gradFunc: () => ({}) }));
    loadTfjsNode({ threads: 1 }, require);
    expect(tf.getGradient('Maximum')).toBe(gradient);
  });

  it('has the version of the package whose kernels it computes, which the script installs', () => {
    const { dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(dependencies['@tensorflow/tfjs-core']).toBe(TFJS_NODE_VERSION);
    expect(peerDependencies['@tensorflow/tfjs-node']).toBe(TFJS_NODE_VERSION);
    expect(readFileSync('scripts/setup-tfjs-node.sh', 'utf8')).toContain(`\nVERSION=${TFJS_NODE_VERSION}\n`);
    expect(createRequire(import.meta.url)('@tensorflow/tfjs-core/package.json').version).toBe(TFJS_NODE_VERSION);
  });
});
