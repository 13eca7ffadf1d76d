/** Asks a person at a terminal what the data leave in doubt. */
import { createInterface } from 'node:readline';
import type { Choices, Doubt } from '../../lib/init/draft.ts';
import { listed } from '../../lib/numbers/text.ts';
import type { Session } from '../terminal/exit.ts';
import { printError } from '../terminal/io.ts';

/** Whether there is a person to ask: what is asked is seen, and what is typed is read. */
export function isTerminal({ io: { stdin, stderr } }: Pick<Session, 'io'>): boolean {
  return stdin.isTTY === true && stderr.isTTY === true;
}

/**
 * Returns the choices with the answers to the doubts. An empty line is the guess in brackets, and so is the end of what
 * is typed.
 */
export async function ask(doubts: readonly Doubt[], choices: Choices, { io, signal }: Session): Promise<Choices> {
  const reader = createInterface({ input: io.stdin, terminal: false, signal });
  // Lines that are typed before they are asked for are kept for their question.
  const lines = reader[Symbol.asyncIterator]();
  const answerTo = async ({ question, guess, others }: Doubt): Promise<string> => {
    const alternatives = others.length === 0 ? '' : ` (or ${listed(others)})`;
    for (;;) {
      io.stderr.write(`${question}${alternatives} [${guess}] `);
      const line = await lines.next();
      signal.throwIfAborted();
      const answer = line.done ? '' : line.value.trim();
      if (answer === '') return guess;
      if ([guess, ...others].includes(answer)) return answer;
      printError(io, `no such column: ${answer}`);
    }
  };
  try {
    let settled = choices;
    for (const doubt of doubts) settled = withAnswer(settled, doubt, await answerTo(doubt));
    return settled;
  } finally {
    reader.close();
  }
}

function withAnswer(choices: Choices, { about }: Doubt, answer: string): Choices {
  return typeof about === 'string'
    ? { ...choices, [about]: answer }
    : { ...choices, labels: new Map([...choices.labels, [about.label, answer]]) };
}
