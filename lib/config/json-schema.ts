import { z } from 'zod';
import { fileSchema } from './schema/schema.ts';

/** JSON Schema of `entirespace.yaml`, for editors. What needs more than one member at a time is not in it. */
export function declarationJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(fileSchema, { io: 'input', override: dropIntegerLimits });
  return { $schema, title: 'entirespace.yaml', ...schema };
}

/** The text of `entirespace.schema.json`. */
export function formatJsonSchema(): string {
  return `${JSON.stringify(declarationJsonSchema(), null, 2)}\n`;
}

/** zod bounds integers by those that a double holds exactly, which tells an editor's user nothing. */
function dropIntegerLimits({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
}
