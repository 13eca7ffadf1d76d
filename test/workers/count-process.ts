/** The process of the tests: it does what each request says. */
import { serveProcess } from '../../lib/workers/serve-process.ts';

export type CountRequest =
  | { readonly kind: 'count'; readonly to: number }
  | { readonly kind: 'pid' }
  | { readonly kind: 'fail' }
  | { readonly kind: 'exit' }
  | { readonly kind: 'wait' };

serveProcess<CountRequest, number>(async (request, onProgress) => {
  switch (request.kind) {
    case 'count':
      for (let done = 1; done <= request.to; done++) onProgress(done);
      return request.to;
    case 'pid':
      return process.pid;
    case 'fail':
      throw new RangeError('rows: got 3, expected 2');
    case 'exit':
      return process.exit(7);
    case 'wait':
      return new Promise(() => undefined);
  }
});
