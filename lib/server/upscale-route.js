// @ts-check
'use strict';

const { webcrypto } = require('node:crypto');
const { finished } = require('node:stream');
const { mediaType, negotiate } = require('./accept');
const { acceptedTypes, readBody } = require('./body');
const { dispositionOf } = require('./disposition');
const { parseParameters } = require('./parameters');
const { problemReply } = require('./problem');
const { RequestError } = require('./request-error');
const { Visit } = require('./visit');
const { watchPicture } = require('./watch');

/**
 * @typedef {import('./exchange').Exchange} Exchange
 * @typedef {import('./exchange').Reply} Reply
 * @typedef {import('./exchange').Route} Route
 * @typedef {import('./parameters').Choice} Choice
 * @typedef {import('./service').Admission} Admission
 * @typedef {import('./service').Service} Service
 * @typedef {ReturnType<typeof watchPicture>} PictureWatch
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
    const watch = watchPicture(service.observers, 'upscale');
    const visit = new Visit(exchange, service, watch);
    try {
      return await answer(exchange, service, visit, watch);
    } catch (error) {
      const shown = visit.fail(error);
      if (rethrow) throw shown;
      return problemReply(shown, service.status().expectedWait);
    }
  };
}

/**
 * @param {Exchange} exchange
 * @param {Service} service
 * @param {Visit} visit
 * @param {PictureWatch} watch
 * @returns {Promise<Reply>}
 */
async function answer(exchange, service, visit, watch) {
  const admission = visit.enter(service.admit());
  const { settings } = service;
  const { signal } = visit;
  const wanted = negotiate(exchange.header('accept'), settings.parameters.format);
  const picture = await readPicture({ ...exchange, signal }, service, admission, watch);
  picture.choice.options.format ??= /** @type {any} */ (wanted.format);
  if (settings.stream && !wanted.json) return answerStream(picture, service, visit, watch);
  const result = await service.upscale(picture.image, picture.choice, { signal, watch });
  const headers = await resultHeaders(picture, result.info, service);
  const reply = wanted.json ? inJson(result, headers) : inBytes(result, headers);
  reply.headers['server-timing'] = watch.timings();
  visit.answered(reply.status);
  return reply;
}

/**
 * @param {Picture} picture
 * @param {Service} service
 * @param {Visit} visit
 * @param {PictureWatch} watch
 * @returns {Promise<Reply>}
 */
async function answerStream(picture, service, visit, watch) {
  const { signal } = visit;
  const { data, info } = await service.upscaleStream(picture.image, picture.choice, { signal, watch });
  // At once: an error of a stream that nobody listens to ends the process.
  finished(data, (error) => error && visit.fail(error));
  watch.upscaled(info);
  try {
    const headers = await resultHeaders(picture, info, service);
    headers['server-timing'] = watch.timings();
    visit.answered(200);
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

module.exports = { upscaleRoute, readPicture };
