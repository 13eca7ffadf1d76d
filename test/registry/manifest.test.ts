import { describe, expect, it } from 'vitest';
import { parseManifest } from '../../lib/registry/manifest.ts';
import { InvalidRecordError } from '../../lib/store/records.ts';
import { FACTS } from './fixture.ts';

const VERSION = '20260131-235900-11111111';
const WHAT = `manifest of hillstrom ${VERSION}`;
const model = { sha256: '1'.repeat(64), bytes: 3 };
const declaration = { sha256: '2'.repeat(64), bytes: 16 };

const valid = {
  formatVersion: 1,
  name: 'hillstrom',
  version: VERSION,
  createdAt: '2026-01-31T23:59:00.000Z',
  files: { 'model.onnx': model, 'declaration.yaml': declaration, 'vocabularies/item.parquet': model },
  declarationSha256: declaration.sha256,
  ...FACTS,
};

const parse = (text: string) => parseManifest(text, 'hillstrom', VERSION, 'memory:');
const parseWith = (changes: object) => parse(JSON.stringify({ ...valid, ...changes }));

describe('a manifest', () => {
  it('is read as it was written', () => {
    expect(parse(JSON.stringify(valid))).toEqual(valid);
  });

  it('may leave the time range open, where no time column is declared', () => {
    expect(parseWith({ data: { ...FACTS.data, time: null } }).data.time).toBeNull();
  });

  it('that is no JSON says how it begins', () => {
    expect(() => parse('')).toThrow(`${WHAT} is not JSON, got "" (in memory:)`);
    expect(() => parse(`<html>${'x'.repeat(99)}`)).toThrow(
      `${WHAT} is not JSON, got "<html>${'x'.repeat(34)}"... (in memory:)`,
    );
  });

  it('that is cut off is not JSON', () => {
    expect(() => parse(JSON.stringify(valid).slice(0, -1))).toThrow(InvalidRecordError);
  });

  it('names every problem at once', () => {
    expect(() => parseWith({ createdAt: 'yesterday', declarationSha256: 7, formatVersion: undefined })).toThrow(
      `${WHAT} is not valid: formatVersion: invalid input: expected 1; createdAt: invalid ISO datetime; ` +
        'declarationSha256: invalid input: expected string, received number (in memory:)',
    );
  });

  it('of another format is the work of another release', () => {
    expect(() => parseWith({ createdAt: 'yesterday', formatVersion: 2 })).toThrow(
      `format of ${WHAT} is 2, expected 1: another release wrote it (in memory:)`,
    );
  });

  it.each(['../escape', 'a/../../b', '/etc/passwd', 'a//b', 'a\\b', './a'])('refuses the file path %s', (path) => {
    expect(() => parseWith({ files: { ...valid.files, [path]: model } })).toThrow(
      `${WHAT} is not valid: files: path must stay inside the version's folder, got ${path} (in memory:)`,
    );
  });

  it('cannot name itself', () => {
    expect(() => parseWith({ files: { ...valid.files, 'manifest.json': model } })).toThrow(
      `${WHAT} is not valid: files.manifest.json: the manifest cannot name itself (in memory:)`,
    );
  });

  it('must be of the model whose digest its version ends with', () => {
    expect(() => parseWith({ files: { ...valid.files, 'model.onnx': declaration } })).toThrow(
      `files.model.onnx: expected a sha256 that begins as version ${VERSION} ends`,
    );
  });

  it('must agree with itself on the declaration', () => {
    expect(() => parseWith({ declarationSha256: '3'.repeat(64) })).toThrow(
      'files.declaration.yaml: expected the sha256 that declarationSha256 has',
    );
  });

  it('must be that of the version under whose key it lies', () => {
    expect(() => parseManifest(JSON.stringify(valid), 'other', VERSION, 'memory:')).toThrow(
      `manifest of other ${VERSION} is that of hillstrom ${VERSION} (in memory:)`,
    );
  });
});
