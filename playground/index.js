// @ts-check
'use strict';

const { randomBytes } = require('node:crypto');
const http = require('node:http');
const os = require('node:os');
const Upscaler = require('../index.js');
const { sendJson } = require('./server/bodies');
const { Costs } = require('./server/costs');
const { createDecoder } = require('./server/decode');
const { Events } = require('./server/events');
const { createGuard, HEADERS } = require('./server/guard');
const { HttpError, toHttpError } = require('./server/http-error');
const { Lane } = require('./server/lane');
const { Models } = require('./server/models');
const { loadPage } = require('./server/page');
const { Pictures } = require('./server/pictures');
const { createRoutes } = require('./server/routes');
const { Runs } = require('./server/runs');
const { Workspace } = require('./server/workspace');

/** Where the page is, if nobody else is there. */
const PORT = 4545;

const LIMITS = {
  pictureBytes: 256 << 20,
  modelBytes: 1 << 30,
  limitInputPixels: 1 << 27,
  limitOutputPixels: 1 << 28,
};

/** Without work for so long, the machine counts as idle, and the models' speeds are measured. */
const IDLE_MS = 3000;

/**
 * Starts the playground: a page on 127.0.0.1 to look at models on one's own pictures. Nothing leaves this machine, and
 * nothing is written but in a temporary folder, which goes with it.
 *
 * @param {{
 *   port?: number,
 *   measureCosts?: boolean,
 *   limits?: Partial<typeof LIMITS>,
 * }} [options] port: 0 for any free one; default 4545, or any free one where that is taken. measureCosts: times every
 *   installed model on small pictures while nothing else runs; default true. limits: largest files in bytes, and
 *   pictures in pixels; default 256 MiB, 1 GiB, 134 and 268 megapixels
 * @returns {Promise<{ url: string, port: number, close: () => Promise<void> }>} url: with the token of this run, for a
 *   browser to open. close: ends runs, answers nothing more and removes all files
 */
async function start({ port, measureCosts = true, limits } = {}) {
  const allowed = { ...LIMITS, ...limits };
  const workspace = new Workspace();
  const server = http.createServer();
  try {
    await listen(server, port);
  } catch (error) {
    workspace.close();
    throw error;
  }
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  const token = randomBytes(24).toString('base64url');
  const parts = assemble(workspace, allowed, measureCosts);
  server.on('request', createHandler(parts, createGuard({ token, port: address.port })));
  return {
    url: `http://127.0.0.1:${address.port}/#token=${token}`,
    port: address.port,
    close: once(() => close(server, parts)),
  };
}

/**
 * @param {Workspace} workspace
 * @param {typeof LIMITS} limits
 * @param {boolean} measureCosts
 */
function assemble(workspace, { limitInputPixels, limitOutputPixels, ...limits }, measureCosts) {
  const [lane, events] = [new Lane(), new Events()];
  const emit = (/** @type {object} */ event) => events.emit(event);
  const decoder = createDecoder(Upscaler, limitOutputPixels);
  const models = new Models(Upscaler, { limitInputPixels, limitOutputPixels });
  return {
    workspace,
    lane,
    events,
    decoder,
    models,
    limits,
    pictures: new Pictures(workspace, decoder),
    runs: new Runs({ lane, models, workspace, decoder, emit }),
    costs: measureCosts ? new Costs({ Upscaler, lane, emit, delay: IDLE_MS }) : undefined,
    about: {
      versions: { ...Upscaler.versions },
      machine: { cores: os.availableParallelism(), processor: os.cpus()[0]?.model.trim() ?? '' },
      limits,
    },
  };
}

/**
 * @param {ReturnType<typeof assemble>} parts
 * @param {ReturnType<typeof createGuard>} guard
 * @returns {http.RequestListener}
 */
function createHandler(parts, guard) {
  const page = loadPage();
  const routes = createRoutes(parts);
  return async (request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    try {
      const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
      const isApi = pathname.startsWith('/api/');
      guard(request, isApi);
      if (isApi) return await answer(routes, request, response, pathname);
      const file = request.method === 'GET' ? page.get(pathname) : undefined;
      if (file === undefined) throw new HttpError(404, `There is nothing at ${pathname}`);
      response.writeHead(200, { 'Content-Type': file.type, 'Content-Length': file.body.length });
      response.end(file.body);
    } catch (error) {
      refuse(response, error);
    }
  };
}

/**
 * @param {ReturnType<typeof createRoutes>} routes
 * @param {http.IncomingMessage} request
 * @param {http.ServerResponse} response
 * @param {string} pathname
 */
async function answer(routes, request, response, pathname) {
  for (const [method, pattern, handler] of routes) {
    const match = method === request.method ? pattern.exec(pathname) : null;
    if (match !== null) return handler(request, response, ...match.slice(1));
  }
  throw new HttpError(404, `There is nothing at ${request.method} ${pathname}`);
}

/**
 * @param {http.ServerResponse} response
 * @param {unknown} error
 */
function refuse(response, error) {
  const { status, message, code } = toHttpError(error);
  if (response.headersSent) return void response.destroy();
  // What the client may still be sending is not read.
  response.setHeader('Connection', 'close');
  sendJson(response, status, { message, code });
}

/**
 * @param {http.Server} server
 * @param {number | undefined} port
 */
async function listen(server, port) {
  /** @param {number} at */
  const attempt = (at) =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(at, '127.0.0.1', () => resolve(server.off('error', reject)));
    });
  if (port !== undefined) return attempt(port);
  return attempt(PORT).catch((error) => {
    if (error.code !== 'EADDRINUSE') throw error;
    return attempt(0);
  });
}

/**
 * @param {http.Server} server
 * @param {ReturnType<typeof assemble>} parts
 */
async function close(server, { runs, costs, events, lane, models, pictures, decoder, workspace }) {
  runs.close();
  events.close();
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await Promise.all([closed, costs?.close(), lane.drained()]);
  await Promise.all([models.close(), decoder.dispose()]);
  pictures.close();
  workspace.close();
}

/**
 * @template T
 * @param {() => Promise<T>} task
 * @returns {() => Promise<T>}
 */
function once(task) {
  /** @type {Promise<T> | undefined} */
  let done;
  return () => (done ??= task());
}

module.exports = { start };
