/** Renames the keys of a section between the file's snake case and the code's camel case. */

/** The camel case of a key: `max_rejected` becomes `maxRejected`. */
type CamelCase<Key extends string> = Key extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Key;

/** A parsed section with its keys in camel case. */
export type CamelKeys<Section> = {
  readonly [Key in keyof Section as CamelCase<Key & string>]: Readonly<Section[Key]>;
};

/** Returns a section with its keys in camel case; the values stay as they are. */
export function camelKeys<Section extends object>(section: Section): CamelKeys<Section> {
  const renamed = Object.entries(section).map(([key, value]) => [camelCase(key), value] as const);
  return Object.fromEntries(renamed) as CamelKeys<Section>;
}

/** Returns a section with the keys that the file has; what is undefined is left out. */
export function snakeKeys(section: object): Record<string, unknown> {
  const renamed = Object.entries(section).map(([key, value]: [string, unknown]) => [snakeCase(key), value] as const);
  return Object.fromEntries(renamed.filter(([, value]) => value !== undefined));
}

function camelCase(key: string): string {
  return key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
