import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { unsupportedNode } from '../../bin/node-version.ts';

describe('the version of Node.js', () => {
  it.each(['20.0.0', '22.23.3', '100.1.0'])('may be %s', (version) => {
    expect(unsupportedNode(version)).toBeNull();
  });

  it('cannot be older than the package says', () => {
    const { engines } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(engines).toEqual({ node: '>=20' });
    expect(unsupportedNode('18.20.8')).toBe('Node.js 20 or newer is needed, this is 18.20.8');
  });
});
