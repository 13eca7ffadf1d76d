/** A log with twenty categories, each with a vocabulary of its own. */
import { category, declare, number, table, vocabulary } from '../fixture.ts';

const categories = Array.from({ length: 20 }, (_, k) => category(`c${k}`));
// Rare values are not in the vocabularies: a join gives the many rows with unknown values after the others.
const embeddings = categories.map(({ name }) => table(name, vocabulary({ minCount: 5, unknown: 3 })));

/** The declaration of the log. */
export const MANY = declare([...categories, number('price')], { embeddings });

/** Returns the SQL of that many rows of the log. */
export const manyRows = (rows: number) =>
  `SELECT i AS row, i % 3 // 2 AS click, i % 6 // 5 AS conversion, CASE WHEN i % 4 = 3 THEN 'test' ELSE 'train' END AS part,
    ${Array.from({ length: 20 }, (_, k) => `'v' || (i * ${7 + 2 * k} % ${50 + 3001 * k}) AS c${k}`).join(', ')}, i / 7 AS price FROM range(${rows}) t(i)`;
