// @ts-check
'use strict';

const { once } = require('node:events');
const http = require('node:http');
const Upscaler = require('../../index.js');
const { UpscalerError } = require('../errors');
const { createLog } = require('./log');
const { nodeHandler } = require('./node-http');
const { openApi } = require('./openapi');
const { optionalPeer } = require('./optional-peer');
const { createRoutes } = require('./routes');
const { SERVE_FLAGS, parseServeFlags, serveHelp, toServeConfig } = require('./serve-flags');
const { siteRoute } = require('./site');

/**
 * @typedef {import('./log').Log} Log
 * @typedef {import('./serve-flags').ServeConfig} ServeConfig
 * @typedef {ReturnType<typeof createRoutes>['methods']} Methods
 * @typedef {Map<http.ServerResponse, Promise<void>>} Answers those under way, with their end
 */

/** For headers to arrive. */
const HEADERS_MS = 10_000;
/** Longer than load balancers keep idle connections (60 s), so that they are the ones to close them. */
const KEEP_ALIVE_MS = 65_000;
/** For answers that are being sent when everything else is done. */
const CLOSE_MS = 5_000;

/**
 * Starts the HTTP service.
 *
 * @param {Record<string, unknown>} flags what of `SERVE_FLAGS` was given, by name; the rest comes from `env`
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<{ url: string, close(): Promise<void> }>} listening, its models loaded; `close` refuses new
 *   pictures, finishes those that were taken, and closes
 */
async function start(flags, env = process.env) {
  const config = toServeConfig(flags, env);
  const log = createLog(process.stdout, config.quiet);
  const { threads, 'max-memory': maxMemory, token } = config;
  if (threads !== undefined || maxMemory !== undefined) Upscaler.configure({ threads, maxMemory });
  const metrics = optionalPeer('prom-client') && new (optionalPeer('prom-client').Registry)();
  const { routes, methods, settings } = createRoutes({
    ...serverOptions(config),
    metrics,
    jobs: jobsOf(config),
  });
  const document = openApi(settings, {
    token: token !== undefined,
    version: Upscaler.versions['upscaler-node'],
  });
  const site = siteRoute(routes, document, config);
  /** @type {Answers} */
  const answers = new Map();
  const server = http.createServer(logged(nodeHandler(site), log, methods, answers));
  server.headersTimeout = HEADERS_MS;
  server.requestTimeout = HEADERS_MS + config['body-timeout'];
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  refuseEarly(server, config['max-bytes']);
  await methods.load();
  server.listen(config.port, config.host);
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const origin = `http://${host}:${port}`;
  log('info', 'listening', {
    origin,
    version: Upscaler.versions['upscaler-node'],
    concurrency: settings.concurrency,
    multipart: Boolean(settings.busboy),
    metrics: Boolean(metrics),
    jobs: config.redis ? 'redis' : 'memory',
  });
  return { url: origin, close: () => stop(server, answers, methods, config['drain-timeout'], log) };
}

/** @param {ServeConfig} config */
function serverOptions(config) {
  return {
    instance: { model: config.model, precision: config.precision },
    models: config.models,
    concurrency: config.concurrency,
    maxPending: config['max-pending'],
    limits: {
      bytes: config['max-bytes'],
      inputPixels: config['max-pixels'],
      outputPixels: config['max-output-pixels'],
      timeout: config.timeout,
      bodyTimeout: config['body-timeout'],
    },
    parameters: { scale: { max: config['max-scale'] }, format: config.formats },
    disposition: /** @type {const} */ ('inline'),
    telemetry: config.telemetry,
  };
}

/** @param {ServeConfig} config */
function jobsOf({ redis, 'job-ttl': ttl }) {
  if (redis === undefined) return { ttl };
  try {
    const bullmq = /** @type {any} */ (require('@upscaler-node/bullmq'));
    return bullmq.jobStore({ connection: { url: redis }, ttl });
  } catch (cause) {
    throw new UpscalerError(
      'ERR_INVALID_ARG_VALUE',
      'Expected @upscaler-node/bullmq for --redis: npm install @upscaler-node/bullmq',
      { cause },
    );
  }
}

/**
 * Answers as `handle` does, and logs each answer.
 *
 * @param {ReturnType<typeof nodeHandler>} handle
 * @param {Log} log
 * @param {Methods} methods
 * @param {Answers} answers
 * @returns {http.RequestListener}
 */
function logged(handle, log, methods, answers) {
  return (request, response) => {
    const begun = performance.now();
    // Other answers may have gone over the same connection.
    const { socket } = request;
    const before = socket.bytesWritten;
    if (methods.status().draining) response.setHeader('connection', 'close');
    const end = (/** @type {boolean} */ whole) => {
      answers.delete(response);
      // 499: the client went away, or did not read its answer in time.
      const status = whole ? response.statusCode : 499;
      log(status >= 500 ? 'warn' : 'info', 'request', {
        method: request.method,
        path: request.url?.split('?', 1)[0],
        status,
        ms: Math.round(performance.now() - begun),
        bytesIn: Number(request.headers['content-length']) || undefined,
        bytesOut: socket.bytesWritten - before,
        model: response.getHeader('upscaler-model'),
      });
    };
    const fail = (/** @type {Error} */ error) => {
      log('error', 'failure', { message: error.message, stack: error.stack });
      if (!response.headersSent) response.writeHead(500);
      response.end();
      return true;
    };
    answers.set(response, handle(request, response).catch(fail).then(end));
  };
}

/**
 * Clients that ask before they send a large body are told at once that it is too large.
 *
 * @param {http.Server} server
 * @param {number} limit
 */
function refuseEarly(server, limit) {
  server.on('checkContinue', (request, response) => {
    if (!(Number(request.headers['content-length']) > 2 * limit)) response.writeContinue();
    server.emit('request', request, response);
  });
}

/**
 * @param {http.Server} server
 * @param {Answers} answers
 * @param {Methods} methods
 * @param {number} patience milliseconds
 * @param {Log} log
 */
async function stop(server, answers, methods, patience, log) {
  log('info', 'draining', methods.status());
  // A server that closes destroys connections whose answer is complete but not sent yet.
  const sent = () => Promise.all([...answers].map(([{ writableEnded }, end]) => writableEnded && end));
  const inTime = await within(methods.drain().then(sent), patience);
  if (!inTime) log('warn', 'drain-timeout', methods.status());
  const closed = once(server, 'close');
  server.close();
  await methods.close();
  server.closeIdleConnections();
  if (!(await within(closed, CLOSE_MS))) server.closeAllConnections();
  await closed;
  log('info', 'stopped');
}

/**
 * @param {Promise<unknown>} promise
 * @param {number} ms
 */
async function within(promise, ms) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(() => resolve(false), ms)));
  const result = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return result;
}

/**
 * `upscaler-node serve`: runs until SIGTERM or SIGINT; a second one ends it at once.
 *
 * @param {string[]} args
 */
async function runServe(args) {
  const { close } = await start(parseServeFlags(args));
  await new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, resolve);
  });
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(1));
  await close();
}

module.exports = { SERVE_FLAGS, serveHelp, start, runServe };
