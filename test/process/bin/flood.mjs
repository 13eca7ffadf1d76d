// A client that sends so many requests at once, each over a connection of its own, and prints what it got.
import { Agent, request } from 'node:http';

const [url, count, body] = process.argv.slice(2);
const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
const got = {};
const note = (what) => {
  got[what] = (got[what] ?? 0) + 1;
};

function send() {
  return new Promise((resolve) => {
    const sending = request(url, { method: 'POST', agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (data) => {
        text += data;
      });
      response.on('end', () => {
        const { scores, error } = JSON.parse(text);
        const isWhole = response.statusCode === 200 ? scores.length > 0 : error !== undefined;
        note(`${response.statusCode} ${response.headers['retry-after'] ?? '-'} ${isWhole}`);
        resolve();
      });
    });
    sending.on('error', ({ code }) => {
      note(code);
      resolve();
    });
    sending.end(body);
  });
}

await Promise.all(Array.from({ length: Number(count) }, send));
console.log(JSON.stringify(got));
