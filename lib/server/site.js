// @ts-check
'use strict';

const { createHash, timingSafeEqual } = require('node:crypto');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { problemReply } = require('./problem');
const { RequestError } = require('./request-error');

/**
 * @typedef {import('./exchange').Exchange} Exchange
 * @typedef {import('./exchange').Reply} Reply
 * @typedef {import('./exchange').Route} Route
 * @typedef {Record<'upscale' | 'jobs' | 'health' | 'ready' | 'metrics', Route>} Routes
 */

/** The page runs its own script and style, shows pictures that it made itself, and talks to its server. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * All that the service answers, in one route.
 *
 * @param {Routes} routes
 * @param {object} document its OpenAPI document
 * @param {{ token?: string, cors?: string }} access
 * @returns {Route}
 */
function siteRoute(routes, document, { token, cors }) {
  const described = Buffer.from(JSON.stringify(document, null, 2));
  /** @type {Record<string, Route>} */
  const open = {
    '/': page('index.html', 'text/html; charset=utf-8'),
    '/page.css': page('page.css', 'text/css; charset=utf-8'),
    '/page.js': page('page.js', 'text/javascript; charset=utf-8'),
    '/openapi.json': fixed(described, 'application/json; charset=utf-8'),
    '/healthz': reading(routes.health),
    '/readyz': reading(routes.ready),
    '/metrics': reading(routes.metrics),
  };
  const upscale = guarded(routes.upscale, token);
  const jobs = guarded(routes.jobs, token);
  const route = (/** @type {Exchange} */ exchange) => {
    if (exchange.path === '/upscale') return upscale(exchange);
    if (exchange.path === '/jobs' && !['POST', 'OPTIONS'].includes(exchange.method))
      return postOnly(exchange);
    if (/^\/jobs(\/|$)/.test(exchange.path)) return jobs(exchange);
    return (Object.hasOwn(open, exchange.path) ? open[exchange.path] : notFound)(exchange);
  };
  return cors === undefined ? route : withCors(route, cors);
}

/** @type {Route} */
const postOnly = async () => {
  return problemReply(new RequestError(405, 'Expected POST with a picture', { allow: 'POST, OPTIONS' }), 0);
};

/** @type {Route} */
const notFound = async () => problemReply(new RequestError(404, 'Expected a path of /openapi.json'), 0);

/**
 * @param {string} file
 * @param {string} type
 */
function page(file, type) {
  return fixed(readFileSync(path.join(__dirname, 'page', file)), type);
}

/**
 * @param {Buffer} body
 * @param {string} type
 * @returns {Route}
 */
function fixed(body, type) {
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  const headers = {
    'content-type': type,
    'content-security-policy': PAGE_POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
    etag,
  };
  return reading(async (exchange) => {
    const known = exchange.header('if-none-match') === etag;
    return known ? { status: 304, headers: { etag } } : { status: 200, headers, body };
  });
}

/**
 * A route that takes nothing.
 *
 * @param {Route} route
 * @returns {Route}
 */
function reading(route) {
  return async (exchange) => {
    if (exchange.method === 'GET' || exchange.method === 'HEAD') return route(exchange);
    const allow = { allow: 'GET, HEAD, OPTIONS' };
    if (exchange.method === 'OPTIONS') return { status: 204, headers: allow };
    return problemReply(new RequestError(405, 'Expected GET', allow), 0);
  };
}

/**
 * A route for those who have the token, if there is one.
 *
 * @param {Route} route
 * @param {string} [token]
 * @returns {Route}
 */
function guarded(route, token) {
  if (token === undefined) return route;
  const digest = (/** @type {string} */ text) => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${token}`);
  return async (exchange) => {
    // Digests have one length, so that the comparison tells nothing of the token.
    const given = digest(exchange.header('authorization') ?? '');
    if (exchange.method === 'OPTIONS' || timingSafeEqual(given, expected)) return route(exchange);
    const headers = { 'www-authenticate': 'Bearer' };
    return problemReply(new RequestError(401, 'Expected the token of this server', headers), 0);
  };
}

/**
 * @param {Route} route
 * @param {string} origin
 * @returns {Route}
 */
function withCors(route, origin) {
  const allowed = {
    'access-control-allow-origin': origin,
    'access-control-expose-headers':
      'Content-Disposition, ETag, Location, Retry-After, Server-Timing, Upscaler-Model',
  };
  const preflight = {
    ...allowed,
    'access-control-allow-methods': 'GET, POST, DELETE',
    'access-control-allow-headers': 'Authorization, Content-Type, Last-Event-ID',
    'access-control-max-age': '86400',
  };
  return async (exchange) => {
    if (exchange.header('origin') !== origin) return route(exchange);
    if (exchange.method === 'OPTIONS' && exchange.header('access-control-request-method')) {
      return { status: 204, headers: { ...preflight, vary: 'Origin' } };
    }
    const reply = await route(exchange);
    const vary = [reply.headers.vary, 'Origin'].filter(Boolean).join(', ');
    return { ...reply, headers: { ...reply.headers, ...allowed, vary } };
  };
}

module.exports = { siteRoute };
