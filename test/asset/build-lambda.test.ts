import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkBinaries } from '../../lib/asset/build-lambda.ts';

const ONNXRUNTIME = 'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node';
const DUCKDB = 'node_modules/@duckdb/node-bindings-linux-x64/duckdb.node';

/** Returns the first bytes of an ELF file. Machine 62 is x86-64, machine 183 is AArch64. */
function elf(machine: number): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02\x01', 'latin1');
  header.writeUInt16LE(machine, 18);
  return header;
}

/** Writes files to a new folder, which is removed when the test ends, and returns its path. */
function assetOf(files: Readonly<Record<string, Buffer | string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'asset-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

describe('checkBinaries', () => {
  it.each([
    { arch: 'x64', machine: 62 },
    { arch: 'arm64', machine: 183 },
  ] as const)('accepts an asset whose binaries are all for $arch', ({ arch, machine }) => {
    const folder = assetOf({
      [ONNXRUNTIME]: elf(machine),
      [DUCKDB]: elf(machine),
      'lib.so.1': elf(machine),
      'a.js': '',
    });
    expect(() => checkBinaries(folder, arch)).not.toThrow();
  });

  it('accepts the binary of an installed package for its own architecture', () => {
    const binary = readFileSync(ONNXRUNTIME);
    expect(() => checkBinaries(assetOf({ [ONNXRUNTIME]: binary, [DUCKDB]: binary }), 'x64')).not.toThrow();
  });

  it('fails naming every binary that is for another architecture or system, or missing', () => {
    expect(() => checkBinaries(assetOf({ [ONNXRUNTIME]: elf(183), 'lib/libfast.so': 'MZ' }), 'x64')).toThrow(
      `lambda asset is not for linux-x64: duckdb.node is missing; lib/libfast.so is no 64-bit ELF file, expected linux-x64; ${ONNXRUNTIME} is linux-arm64, expected linux-x64`,
    );
    expect(() => checkBinaries(assetOf({ [ONNXRUNTIME]: elf(8), [DUCKDB]: elf(183) }), 'arm64')).toThrow(
      `lambda asset is not for linux-arm64: ${ONNXRUNTIME} is ELF of machine 8, expected linux-arm64`,
    );
  });
});

it('the asset has the versions of the packages that the product is tested with', () => {
  const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as { dependencies: Record<string, string> };
  const { dependencies } = read('package.json');
  const asset = read('lib/asset/lambda/package.json').dependencies;
  expect(Object.keys(asset).sort()).toEqual(['@duckdb/node-api', '@duckdb/node-bindings', 'onnxruntime-node']);
  for (const [name, version] of Object.entries(asset)) expect(dependencies[name]).toBe(version);
});
