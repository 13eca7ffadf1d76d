/**
 * Returns the SQL of an expression over a value that is computed once, although the expression has it several times.
 * @param name what the expression calls the value; inside one expression it must differ from the names around it.
 */
export function bind(name: string, value: string, expression: (name: string) => string): string {
  return `list_transform([${value}], lambda "${name}": ${expression(`"${name}"`)})[1]`;
}
