import { createRequire } from 'node:module';
import sharp from 'sharp';

const require = createRequire(import.meta.url);
const { start } = require('../../playground/index.js');

/**
 * The playground for as long as `use` takes.
 *
 * @param {(playground: { url: string, base: string, token: string, api: ReturnType<typeof client> }) => Promise<void>} use
 * @param {Parameters<typeof start>[0]} [options]
 */
export async function withPlayground(use, options) {
  const { url, close } = await start({ port: 0, measureCosts: false, ...options });
  const [base, token] = url.split('/#token=');
  try {
    await use({ url, base, token, api: client(base, token) });
  } finally {
    await close();
  }
}

/**
 * @param {string} base
 * @param {string} token
 */
function client(base, token) {
  /**
   * @param {string} path
   * @param {RequestInit & { headers?: Record<string, string>, duplex?: 'half' }} [options]
   */
  const request = (path, { headers = {}, ...options } = {}) =>
    fetch(`${base}/api/${path}`, {
      ...options,
      headers: { origin: base, 'x-playground-token': token, ...headers },
    });
  /** @param {Parameters<typeof request>} args */
  const json = async (...args) => {
    const response = await request(...args);
    const answer = await response.json();
    if (!response.ok)
      throw Object.assign(new Error(answer.message), { status: response.status, code: answer.code });
    return answer;
  };
  /** @param {Buffer} bytes @param {string} name */
  const open = (bytes, name) =>
    json('pictures', { method: 'POST', body: bytes, headers: { 'x-file-name': encodeURIComponent(name) } });
  /** @param {object} body */
  const run = (body) => json('runs', { method: 'POST', body: JSON.stringify(body) });
  /** @param {string} id @param {(run: any) => boolean} [enough] */
  const settled = async (id, enough = ({ state }) => state !== 'queued' && state !== 'running') => {
    for (;;) {
      const now = await json(`runs/${id}`);
      if (enough(now)) return now;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  /** @param {string} path */
  const bytes = async (path) => Buffer.from(await (await request(path)).arrayBuffer());
  return { request, json, open, run, settled, bytes };
}

/**
 * A picture with something to see everywhere: soft colours and hard edges.
 *
 * @param {number} width
 * @param {number} height
 * @param {3 | 4} [channels]
 */
export function pattern(width, height, channels = 3) {
  const data = Buffer.alloc(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * channels;
      const edge = (x >> 3) % 2 === (y >> 3) % 2 ? 60 : 0;
      data[at] = (255 * x) / width;
      data[at + 1] = (255 * y) / height;
      data[at + 2] = 90 + edge;
      if (channels === 4) data[at + 3] = x < width / 2 ? 255 : (255 * y) / height;
    }
  }
  return sharp(data, { raw: { width, height, channels } });
}
