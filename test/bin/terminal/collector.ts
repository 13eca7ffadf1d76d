import { Writable } from 'node:stream';

/** A stream that keeps what is written to it, chunk by chunk. */
export function collector(onChunk: (chunk: string) => void = () => undefined): {
  readonly stream: Writable;
  readonly chunks: string[];
} {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      onChunk(String(chunk));
      done();
    },
  });
  return { stream, chunks };
}
