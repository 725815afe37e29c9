// @ts-check
'use strict';

const { webcrypto } = require('node:crypto');
const { finished } = require('node:stream');
const { AbortError, UpscalerError } = require('../errors');
const { mediaType, negotiate } = require('./accept');
const { acceptedTypes, readBody } = require('./body');
const { dispositionOf } = require('./disposition');
const { parseParameters } = require('./parameters');
const { problemReply, toProblem } = require('./problem');
const { RequestError } = require('./request-error');
const { watchPicture } = require('./watch');

/**
 * @typedef {import('./exchange').Exchange} Exchange
 * @typedef {import('./exchange').Reply} Reply
 * @typedef {import('./exchange').Route} Route
 * @typedef {import('./parameters').Choice} Choice
 * @typedef {import('./service').Admission} Admission
 * @typedef {import('./service').Service} Service
 * @typedef {import('../../index.js').OutputInfo} OutputInfo
 * @typedef {import('../../index.js').StreamInfo} StreamInfo
 * @typedef {{ image: Buffer, filename?: string, choice: Choice }} Picture
 */

/**
 * A picture in, a larger one out.
 *
 * @param {Service} service
 * @param {{ rethrow?: boolean }} [options] errors to the caller instead of in the answer
 * @returns {Route}
 */
function upscaleRoute(service, { rethrow = false } = {}) {
  return async (exchange) => {
    const other = otherMethod(exchange, service);
    if (other) return other;
    const visit = new Visit(exchange, service);
    try {
      return await answer(exchange, service, visit);
    } catch (error) {
      const shown = visit.fail(error);
      if (rethrow) throw shown;
      return problemReply(shown, service.status().expectedWait);
    }
  };
}

/** One request from its arrival to its end, whichever comes of it. */
class Visit {
  #limit;
  /** @type {Admission | undefined} */
  #admission;
  #over = false;

  /**
   * @param {Exchange} exchange
   * @param {Service} service
   */
  constructor(exchange, service) {
    this.watch = watchPicture(service.observers, 'upscale');
    this.#limit = limitTime(exchange.signal, service);
  }

  get signal() {
    return this.#limit.signal;
  }

  /** @param {Service} service */
  admit(service) {
    this.#admission = service.admit();
    return this.#admission;
  }

  /** @param {number} status */
  done(status) {
    this.#leave(status);
  }

  /**
   * @param {unknown} error
   * @returns {unknown} what the client is told
   */
  fail(error) {
    const shown = reasonOf(error, this.signal);
    const { status, code } = toProblem(shown);
    this.#leave(status, code);
    return shown;
  }

  /**
   * @param {number} status
   * @param {string} [code]
   */
  #leave(status, code) {
    if (this.#over) return;
    this.#over = true;
    this.#limit.stop();
    this.#admission?.leave();
    this.watch.end(status, code);
  }
}

/**
 * @param {Exchange} exchange
 * @param {Service} service
 * @param {Visit} visit
 * @returns {Promise<Reply>}
 */
async function answer(exchange, service, visit) {
  const admission = visit.admit(service);
  const { settings } = service;
  const { signal, watch } = visit;
  const wanted = negotiate(exchange.header('accept'), settings.parameters.format);
  const picture = await readPicture({ ...exchange, signal }, service, admission, watch);
  picture.choice.options.format ??= /** @type {any} */ (wanted.format);
  if (settings.stream && !wanted.json) return answerStream(picture, service, visit);
  const result = await service.upscale(picture.image, picture.choice, { signal, watch });
  const headers = await resultHeaders(picture, result.info, service);
  const reply = wanted.json ? inJson(result, headers) : inBytes(result, headers);
  reply.headers['server-timing'] = watch.timings();
  visit.done(reply.status);
  return reply;
}

/**
 * @param {Picture} picture
 * @param {Service} service
 * @param {Visit} visit which ends with the stream
 * @returns {Promise<Reply>}
 */
async function answerStream(picture, service, visit) {
  const { signal, watch } = visit;
  const { data, info } = await service.upscaleStream(picture.image, picture.choice, { signal, watch });
  // At once: an error of a stream that nobody listens to ends the process.
  finished(data, (error) => (error ? visit.fail(error) : visit.done(200)));
  watch.upscaled(info);
  try {
    const headers = await resultHeaders(picture, info, service);
    headers['server-timing'] = watch.timings();
    return { status: 200, headers, body: data };
  } catch (error) {
    data.destroy();
    throw error;
  }
}

/**
 * The picture of a request, with what the request chooses: its body's choice goes before its query's.
 *
 * @param {Exchange} exchange
 * @param {Service} service
 * @param {Admission} admission
 * @param {import('./observer').Watch} watch
 * @returns {Promise<Picture>}
 */
async function readPicture(exchange, service, admission, watch) {
  const { settings } = service;
  const query = new Map([...new Set(exchange.query.keys())].map((key) => [key, exchange.query.getAll(key)]));
  // What is wrong with the query need not wait for the body.
  parseParameters(query, settings);
  const { image, fields, filename } = await readBody(exchange, settings, admission);
  watch.read(image.length);
  return { image, filename, choice: parseParameters(new Map([...query, ...fields]), settings) };
}

/**
 * @param {Exchange} exchange
 * @param {Service} service
 * @returns {Reply | undefined} the answer to whatever is not a POST
 */
function otherMethod({ method }, service) {
  if (method === 'POST') return undefined;
  const allow = { allow: 'POST, OPTIONS', 'accept-post': acceptedTypes(service.settings) };
  if (method === 'OPTIONS') return { status: 204, headers: allow };
  return problemReply(new RequestError(405, 'Expected POST with a picture', allow), 0);
}

/**
 * The client's signal, the server's, and the time that a request may take, in one.
 *
 * @param {AbortSignal} client
 * @param {Service} service
 */
function limitTime(client, service) {
  const { timeout } = service.settings.limits;
  const controller = new AbortController();
  const late = () => {
    controller.abort(new UpscalerError('ERR_UPSCALER_TIMEOUT', `Expected a result within ${timeout} ms`));
  };
  const gone = () => controller.abort(new AbortError(undefined, { cause: client.reason }));
  const closing = () => {
    controller.abort(new UpscalerError('ERR_UPSCALER_DISPOSED', 'The server is shutting down'));
  };
  const timer = setTimeout(late, timeout);
  client.addEventListener('abort', gone, { once: true });
  service.signal.addEventListener('abort', closing, { once: true });
  if (client.aborted) gone();
  if (service.signal.aborted) closing();
  const stop = () => {
    clearTimeout(timer);
    client.removeEventListener('abort', gone);
    service.signal.removeEventListener('abort', closing);
  };
  return { signal: controller.signal, stop };
}

/**
 * Why a request failed: the reason of its end where it was ended, whatever came of that further down.
 *
 * @param {unknown} error
 * @param {AbortSignal} signal
 */
function reasonOf(error, signal) {
  return signal.aborted && error instanceof AbortError ? signal.reason : error;
}

/**
 * @param {Picture} picture
 * @param {StreamInfo} info
 * @param {Service} service
 * @returns {Promise<Record<string, string>>}
 */
async function resultHeaders({ image, filename, choice }, info, service) {
  const { cacheControl, disposition, etag } = service.settings;
  return {
    'content-type': mediaType(info.format),
    vary: 'Accept',
    'x-content-type-options': 'nosniff',
    'upscaler-model': info.model,
    ...(cacheControl === undefined ? {} : { 'cache-control': cacheControl }),
    ...(disposition === undefined
      ? {}
      : { 'content-disposition': dispositionOf(disposition, filename, info) }),
    ...(etag ? { etag: await etagOf(image, choice, info, service) } : {}),
  };
}

/**
 * The same picture, options and model give the same bytes, so that nothing of the result needs to be hashed.
 *
 * @param {Buffer} image
 * @param {Choice} choice
 * @param {StreamInfo} info
 * @param {Service} service
 */
async function etagOf(image, { options, model }, info, service) {
  const entries = Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1));
  const recipe = JSON.stringify([entries, info.format, await service.identity(model)]);
  // Off the event loop: a large picture takes tens of milliseconds.
  const digest = await webcrypto.subtle.digest('SHA-256', image);
  const all = await webcrypto.subtle.digest(
    'SHA-256',
    Buffer.concat([Buffer.from(digest), Buffer.from(recipe)]),
  );
  return `"${Buffer.from(all).toString('base64url')}"`;
}

/**
 * @param {{ data: Buffer }} result
 * @param {Record<string, string>} headers
 * @returns {Reply}
 */
function inBytes({ data }, headers) {
  return { status: 200, headers, body: data };
}

/**
 * @param {{ data: Buffer, info: OutputInfo }} result
 * @param {Record<string, string>} headers
 * @returns {Reply}
 */
function inJson({ data, info }, headers) {
  const image = `data:${mediaType(info.format)};base64,${data.toString('base64')}`;
  const body = Buffer.from(JSON.stringify({ image, info }));
  return { status: 200, headers: { ...headers, 'content-type': 'application/json; charset=utf-8' }, body };
}

module.exports = { upscaleRoute, readPicture, limitTime, reasonOf, resultHeaders };
