'use strict';

const http = require('node:http');
const { once } = require('node:events');

/**
 * A server of node:http on loopback, for as long as `use` takes.
 *
 * @template T
 * @param {http.RequestListener | http.Server} app
 * @param {(origin: string, server: http.Server) => Promise<T>} use
 */
async function withServer(app, use) {
  const server = app instanceof http.Server ? app : http.createServer(app);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await use(`http://127.0.0.1:${server.address().port}`, server);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
}

/**
 * What a client of node:http sees; it sends what it likes, in pieces.
 *
 * @param {string} url
 * @param {http.RequestOptions} options
 * @param {(request: http.ClientRequest) => void} send
 * @returns {Promise<{ status: number, headers: http.IncomingHttpHeaders, body: Buffer }>}
 */
function request(url, options, send) {
  return new Promise((resolve, reject) => {
    const client = http.request(url, options, async (response) => {
      const chunks = [];
      try {
        for await (const chunk of response) chunks.push(chunk);
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
      } catch (error) {
        reject(error);
      }
    });
    client.on('error', reject);
    send(client);
  });
}

/**
 * Waits until something holds, and fails if it does not within a minute.
 *
 * @param {() => unknown} condition
 */
async function eventually(condition) {
  const end = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`Expected within a minute: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

module.exports = { withServer, request, eventually };
