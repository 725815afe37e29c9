/**
 * A server under load: so many requests, so many at a time, of which one in five is given up by its client and one in
 * ten is no picture. `node scripts/server-load.mjs [requests] [at a time]` prints what came of it.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const SERVER = fileURLToPath(new URL('server-load-child.cjs', import.meta.url));
/** Sides of the pictures that are sent. */
const SIZES = [96, 160, 256, 320];
const ABORTED = 'aborted';
/** Milliseconds for an answer: longer than the server's own timeout. */
const PATIENCE = 90_000;

/**
 * @param {{ requests: number, connections: number }} load
 * @returns {Promise<{ statuses: Record<string, number>, latency: number[], wrong: string[], seconds: number,
 *   eventLoop: { p50: number, p99: number, max: number }, rss: number[], status: object }>} latencies of answered
 *   pictures in milliseconds, sorted; the event loop's delay in milliseconds; resident memory in MiB, in order
 */
export async function loadServer({ requests, connections }) {
  const child = fork(SERVER, { stdio: 'inherit' });
  const died = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`The server ended with ${code ?? signal}`);
  });
  died.catch(() => {});
  const message = async () => (await Promise.race([once(child, 'message'), died]))[0];
  const ask = (/** @type {string} */ what) => {
    child.send(what);
    return message();
  };
  try {
    const { origin } = await message();
    const pictures = await Promise.all(SIZES.map(photo));
    // The model is loaded, memory is what it is with pictures, and pauses of the start do not count.
    for (const body of pictures) await (await post(`${origin}/upscale`, body)).arrayBuffer();
    await ask('reset');
    const begun = performance.now();
    const outcome = await run(`${origin}/upscale`, pictures, requests, connections);
    const seconds = (performance.now() - begun) / 1e3;
    return { ...outcome, seconds, ...(await ask('report')) };
  } finally {
    child.kill('SIGKILL');
  }
}

/** @param {number} side */
async function photo(side) {
  const file = fileURLToPath(new URL('../examples/images/astronaut.png', import.meta.url));
  return sharp(file).resize(side, side).jpeg({ quality: 95 }).toBuffer();
}

/**
 * @param {string} url
 * @param {Buffer} body
 * @param {AbortSignal} [signal]
 */
function post(url, body, signal = AbortSignal.timeout(PATIENCE)) {
  return fetch(url, { method: 'POST', body, signal, headers: { 'content-type': 'image/jpeg' } });
}

/**
 * @param {string} url
 * @param {Buffer[]} pictures
 * @param {number} requests
 * @param {number} connections
 */
async function run(url, pictures, requests, connections) {
  /** @type {Record<string, number>} */
  const statuses = {};
  /** @type {number[]} */
  const latency = [];
  /** @type {string[]} */
  const wrong = [];
  let next = 0;
  const client = async () => {
    while (next < requests) {
      const index = next++;
      const kind = index % 10 === 3 ? 'bad' : index % 5 === 1 ? ABORTED : 'good';
      const outcome = await one(url, pictures[index % pictures.length], kind, index);
      statuses[outcome.status] = (statuses[outcome.status] ?? 0) + 1;
      if (outcome.status === '200') latency.push(outcome.ms);
      const expected = { bad: ['415', '422'], [ABORTED]: [ABORTED, '200'], good: ['200'] }[kind] ?? [];
      if (!expected.includes(outcome.status)) wrong.push(`${kind}: ${outcome.status}`);
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  return { statuses, latency: latency.sort((a, b) => a - b), wrong };
}

/**
 * @param {string} url
 * @param {Buffer} picture
 * @param {string} kind
 * @param {number} index
 */
async function one(url, picture, kind, index) {
  const begun = performance.now();
  // Bad bodies are noise, or pictures that end too early.
  const body =
    kind !== 'bad' ? picture : index % 20 === 3 ? Buffer.alloc(5000, index) : picture.subarray(0, 400);
  const signal = kind === ABORTED ? AbortSignal.timeout(20 + (index % 7) * 40) : undefined;
  try {
    const response = await post(url, body, signal);
    await response.arrayBuffer();
    return { status: String(response.status), ms: performance.now() - begun };
  } catch (error) {
    if (signal?.aborted) return { status: ABORTED, ms: 0 };
    return { status: `${/** @type {Error} */ (error).message}`, ms: 0 };
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [requests = '500', connections = '16'] = process.argv.slice(2);
  const load = { requests: Number(requests), connections: Number(connections) };
  const { latency, rss, ...rest } = await loadServer(load);
  const at = (/** @type {number} */ share) => Math.round(latency[Math.floor((latency.length - 1) * share)]);
  const memory = {
    first: rss[0],
    half: rss[Math.floor(rss.length / 2)],
    last: rss.at(-1),
    most: Math.max(...rss),
  };
  console.log(JSON.stringify({ ...rest, latency: { p50: at(0.5), p99: at(0.99) }, memory }, null, 2));
}
