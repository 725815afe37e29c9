// @ts-check
'use strict';

const { mediaType, prefersJson } = require('./accept');
const { acceptedTypes } = require('./body');
const { dispositionOf } = require('./disposition');
const { LAST_EVENT, isOver, jobEvents } = require('./job-events');
const { problemReply, retryAfter } = require('./problem');
const { RequestError } = require('./request-error');
const { inJson } = require('./status-routes');
const { readPicture } = require('./upscale-route');
const { Visit } = require('./visit');
const { UNWATCHED } = require('./watch');

/**
 * @typedef {import('./exchange').Exchange} Exchange
 * @typedef {import('./exchange').Reply} Reply
 * @typedef {import('./exchange').Route} Route
 * @typedef {import('./service').Service} Service
 * @typedef {import('./types/server').JobStore} JobStore
 * @typedef {import('./types/server').JobView} JobView
 */

/** Where a job is, at the end of whatever path the route is mounted on. */
const JOB_PATH = /^(?<base>.*)\/(?<id>[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})(?<events>\/events)?\/?$/;

/**
 * Pictures for later: `POST` gives a job, `GET <job>` its state until it is done and then the picture,
 * `GET <job>/events` its progress, `DELETE <job>` cancels it.
 *
 * @param {Service} service
 * @param {JobStore} store
 * @returns {Route}
 */
function jobsRoute(service, store) {
  return async (exchange) => {
    try {
      return await answer(exchange, service, store);
    } catch (error) {
      return problemReply(error, service.status().expectedWait);
    }
  };
}

/**
 * @param {Exchange} exchange
 * @param {Service} service
 * @param {JobStore} store
 * @returns {Promise<Reply>}
 */
async function answer(exchange, service, store) {
  const { method, path } = exchange;
  const found = JOB_PATH.exec(path)?.groups;
  if (method === 'OPTIONS') {
    const allow = found ? (found.events ? 'GET' : 'GET, HEAD, DELETE') : 'POST';
    return {
      status: 204,
      headers: { allow: `${allow}, OPTIONS`, 'accept-post': acceptedTypes(service.settings) },
    };
  }
  if (found === undefined && method === 'POST') return addJob(exchange, service, store);
  if (found === undefined) throw new RequestError(404, 'Expected a job that is kept here');
  const { base, id } = found;
  return found.events
    ? events(exchange, id, store, `${base}/${id}`)
    : aboutJob(exchange, id, service, store, `${base}/${id}`);
}

/**
 * @param {Exchange} exchange
 * @param {string} id
 * @param {Service} service
 * @param {JobStore} store
 * @param {string} self
 * @returns {Promise<Reply>}
 */
async function aboutJob(exchange, id, service, store, self) {
  const { method } = exchange;
  if (!['GET', 'HEAD', 'DELETE'].includes(method)) {
    throw new RequestError(405, 'Expected GET or DELETE', { allow: 'GET, HEAD, DELETE, OPTIONS' });
  }
  const view = await jobOf(id, store);
  if (method === 'DELETE') return inJson(200, show((await store.cancel(id)) ?? view, self));
  return showJob(exchange, view, service, store, self);
}

/**
 * @param {string} id
 * @param {JobStore} store
 * @returns {Promise<JobView>}
 */
async function jobOf(id, store) {
  const view = await store.get(id);
  if (view === undefined) throw new RequestError(404, 'Expected a job that is kept here');
  return view;
}

/**
 * @param {Exchange} exchange
 * @param {Service} service
 * @param {JobStore} store
 * @returns {Promise<Reply>}
 */
async function addJob(exchange, service, store) {
  const visit = new Visit(exchange, service, UNWATCHED);
  try {
    const place = visit.enter(service.admit());
    const picture = await readPicture({ ...exchange, signal: visit.signal }, service, place, UNWATCHED);
    const { image, filename, choice } = picture;
    // The job counts the bytes of its picture from here on. The place is kept, so that a server which drains waits for
    // a job that is being added.
    place.release();
    const view = await store.add({ image, filename, ...choice });
    visit.answered(202);
    const self = `${exchange.path.replace(/\/$/, '')}/${view.id}`;
    const reply = inJson(202, show(view, self));
    return { ...reply, headers: { ...reply.headers, location: self } };
  } catch (error) {
    throw visit.fail(error);
  }
}

/**
 * @param {Exchange} exchange
 * @param {JobView} view
 * @param {Service} service
 * @param {JobStore} store
 * @param {string} self
 * @returns {Promise<Reply>}
 */
async function showJob(exchange, view, service, store, self) {
  if (prefersJson(exchange.header('accept'))) return inJson(200, show(view, self));
  if (view.state === 'cancelled') throw cancelled();
  if (view.state === 'failed') return failed(view);
  if (view.state !== 'done') {
    const reply = inJson(202, show(view, self));
    return {
      ...reply,
      headers: { ...reply.headers, 'retry-after': retryAfter(service.status().expectedWait) },
    };
  }
  const etag = `"${view.id}"`;
  if (exchange.header('if-none-match')?.includes(etag)) return { status: 304, headers: { etag } };
  return sendResult(exchange, view.id, service, store, etag);
}

/**
 * @param {Exchange} exchange
 * @param {string} id of a job that is done
 * @param {Service} service
 * @param {JobStore} store
 * @param {string} etag
 * @returns {Promise<Reply>}
 */
async function sendResult(exchange, id, service, store, etag) {
  const visit = new Visit(exchange, service, UNWATCHED);
  try {
    visit.enter(service.hold());
    const result = await store.result(id);
    if (result === undefined) throw new RequestError(410, 'Expected a result that has not expired');
    const { disposition } = service.settings;
    const headers = {
      'content-type': mediaType(result.info.format),
      'cache-control': 'private, no-transform',
      'x-content-type-options': 'nosniff',
      'upscaler-model': result.info.model,
      etag,
      ...(disposition
        ? { 'content-disposition': dispositionOf(disposition, result.filename, result.info) }
        : {}),
    };
    visit.answered(200);
    // Headers alone are no result.
    if (exchange.method !== 'HEAD') exchange.sent.then((whole) => whole && store.fetched?.(id));
    return { status: 200, headers, body: result.data };
  } catch (error) {
    throw visit.fail(error);
  }
}

function cancelled() {
  return new RequestError(410, 'Expected a job that was not cancelled');
}

/**
 * @param {JobView} view
 * @returns {Reply}
 */
function failed({ error }) {
  const headers = { 'content-type': 'application/problem+json; charset=utf-8', 'cache-control': 'no-store' };
  return {
    status: error?.status ?? 500,
    headers,
    body: Buffer.from(JSON.stringify(error)),
    code: error?.code,
  };
}

/**
 * @param {Exchange} exchange
 * @param {string} id
 * @param {JobStore} store
 * @param {string} self
 * @returns {Promise<Reply>}
 */
async function events(exchange, id, store, self) {
  if (exchange.method !== 'GET') throw new RequestError(405, 'Expected GET', { allow: 'GET, OPTIONS' });
  const view = await jobOf(id, store);
  if (view.state === 'cancelled') throw cancelled();
  // 204 is what tells a browser not to connect again.
  if (exchange.header('last-event-id') === LAST_EVENT && isOver(view)) return { status: 204, headers: {} };
  const headers = {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    // nginx would collect events otherwise.
    'x-accel-buffering': 'no',
  };
  return { status: 200, headers, body: jobEvents(store, view, (state) => show(state, self)) };
}

/**
 * @param {JobView} view
 * @param {string} self its path
 */
function show(view, self) {
  return { ...view, links: { self, events: `${self}/events` } };
}

module.exports = { jobsRoute };
