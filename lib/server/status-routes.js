// @ts-check
'use strict';

const { RequestError } = require('./request-error');
const { problemReply } = require('./problem');

/**
 * @typedef {import('./exchange').Reply} Reply
 * @typedef {import('./exchange').Route} Route
 * @typedef {import('./service').Service} Service
 */

/**
 * The process is alive: it answers.
 *
 * @returns {Route}
 */
function healthRoute() {
  return async () => inJson(200, { status: 'ok' });
}

/**
 * Pictures are taken: models are loaded, and the server does not shut down.
 *
 * @param {Service} service
 * @returns {Route}
 */
function readyRoute(service) {
  return async () => {
    const { draining, ...counts } = service.status();
    if (draining) return inJson(503, { status: 'draining', ...counts });
    try {
      await service.load();
      return inJson(200, { status: 'ready', ...counts });
    } catch {
      return inJson(503, { status: 'no model' });
    }
  };
}

/**
 * Metrics as Prometheus reads them.
 *
 * @param {unknown} registry of prom-client
 * @returns {Route}
 */
function metricsRoute(registry) {
  return async () => {
    if (registry === undefined) return problemReply(new RequestError(404, 'Expected the option metrics'), 0);
    const { contentType, metrics } = /** @type {any} */ (registry);
    const headers = { 'content-type': contentType, 'cache-control': 'no-store' };
    return { status: 200, headers, body: Buffer.from(await metrics.call(registry)) };
  };
}

/**
 * @param {number} status
 * @param {object} body
 * @returns {Reply}
 */
function inJson(status, body) {
  const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
  return { status, headers, body: Buffer.from(JSON.stringify(body)) };
}

module.exports = { healthRoute, readyRoute, metricsRoute, inJson };
