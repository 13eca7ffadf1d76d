import * as z from 'zod';
import { fileSchema } from './schema/schema.ts';

/** Returns the JSON Schema of `entirespace.yaml`, for editors. Rules that involve several members are not in it. */
export function declarationJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(fileSchema, { io: 'input', override: dropIntegerLimits });
  return { $schema, title: 'entirespace.yaml', ...schema };
}

/** Returns the text of `entirespace.schema.json`. */
export function formatJsonSchema(): string {
  return `${JSON.stringify(declarationJsonSchema(), null, 2)}\n`;
}

/** Removes the limits that zod gives to every integer, JavaScript's safe integers: in an editor they are only noise. */
function dropIntegerLimits({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
}
