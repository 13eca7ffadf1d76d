import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { declarationJsonSchema, formatJsonSchema } from '../../lib/config/json-schema.ts';

describe('the JSON Schema of the declaration', () => {
  it('is the one that is committed', async () => {
    const committed = await readFile(new URL('../../lib/config/entirespace.schema.json', import.meta.url), 'utf8');
    expect(committed).toBe(formatJsonSchema());
  });

  it('describes the file as a person writes it: it requires four sections and allows no unknown key', () => {
    expect(declarationJsonSchema()).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'entirespace.yaml',
      required: ['name', 'stages', 'log', 'features'],
      additionalProperties: false,
    });
  });

  it('has a description of every member', () => {
    const undescribed: string[] = [];
    const visit = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      if ('properties' in schema) {
        for (const [key, member] of Object.entries(schema.properties as object)) {
          if (!('description' in (member as object))) undescribed.push(`${path}.${key}`);
        }
      }
      for (const [key, child] of Object.entries(schema)) visit(child, `${path}.${key}`);
    };
    visit(declarationJsonSchema(), '');
    expect(undescribed).toEqual([]);
  });

  it('has no limit that the declaration does not have', () => {
    expect(formatJsonSchema()).not.toContain(String(Number.MAX_SAFE_INTEGER));
  });
});
