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
      try {
        resolve({ status: response.statusCode, headers: response.headers, body: await read(response) });
      } catch (error) {
        reject(error);
      }
    });
    client.on('error', reject);
    send(client);
  });
}

/**
 * An answer whose body the client does not read yet.
 *
 * @param {string} url
 * @param {http.RequestOptions} [options]
 * @param {Buffer} [body]
 * @returns {Promise<http.IncomingMessage>}
 */
async function unread(url, options = {}, body = undefined) {
  const client = http.request(url, { agent: false, ...options });
  client.end(body);
  const [response] = await once(client, 'response');
  // One that is cut reports that where it is read.
  response.on('error', () => {});
  return response;
}

/**
 * Reads the body of an answer.
 *
 * @param {http.IncomingMessage} response
 * @returns {Promise<Buffer>}
 */
async function read(response) {
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks);
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

module.exports = { withServer, request, unread, read, eventually };
