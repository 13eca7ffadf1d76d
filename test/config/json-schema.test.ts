import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { declarationJsonSchema, formatJsonSchema } from '../../lib/config/json-schema.ts';

it('the committed schema is current', async () => {
  const committed = await readFile(new URL('../../lib/config/entirespace.schema.json', import.meta.url), 'utf8');
  expect(committed).toBe(formatJsonSchema());
});

it('the schema is of the file as a person writes it: four sections are required, no other key is allowed', () => {
  expect(declarationJsonSchema()).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'entirespace.yaml',
    required: ['name', 'stages', 'log', 'features'],
    additionalProperties: false,
  });
});

it('the schema describes every member', () => {
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

it('the schema has no limit that the declaration has not', () => {
  expect(formatJsonSchema()).not.toContain(String(Number.MAX_SAFE_INTEGER));
});
