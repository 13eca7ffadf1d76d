/** Renames the keys of a section from the file's snake case to the code's camel case. */

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

function camelCase(key: string): string {
  return key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
