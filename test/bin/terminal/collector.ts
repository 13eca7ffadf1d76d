import { Writable } from 'node:stream';

/** A stream that keeps what is written to it. */
export function collector() {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream, chunks, text: () => chunks.join('') };
}
