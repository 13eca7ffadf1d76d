/** The worker of the tests: it responds to each request as the request says. */
import { serveRequests } from '../../lib/workers/serve-requests.ts';

export type EchoRequest =
  | { readonly kind: 'double'; readonly values: Float32Array }
  | { readonly kind: 'after'; readonly milliseconds: number; readonly text: string }
  | { readonly kind: 'set'; readonly variable: string; readonly value: string }
  | { readonly kind: 'fail' }
  | { readonly kind: 'exit' }
  | { readonly kind: 'crash' }
  | { readonly kind: 'block' };

export type EchoResponse = Float32Array | string;

serveRequests<EchoRequest, EchoResponse>(async (request) => {
  switch (request.kind) {
    case 'double': {
      const values = request.values.map((value) => 2 * value);
      return { response: values, transfer: [values.buffer] };
    }
    case 'after':
      await new Promise((resolve) => setTimeout(resolve, request.milliseconds));
      return { response: request.text };
    case 'set':
      process.env[request.variable] = request.value;
      break;
    case 'fail':
      throw new RangeError('rows: got 3, expected 2');
    case 'exit':
      process.exit(7);
      break;
    case 'crash':
      setImmediate(() => {
        throw new Error('a fault outside of any request');
      });
      return new Promise(() => undefined);
    case 'block':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
  return { response: '' };
});
