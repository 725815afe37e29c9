// @ts-check
'use strict';

const { endWith } = require('./delivery');
const { discardRest, toExchange } = require('./node-http');
const { createRoutes } = require('./routes');
const { querySchema } = require('./schema');

/**
 * @typedef {import('fastify').FastifyInstance} FastifyInstance
 * @typedef {import('fastify').FastifyRequest} FastifyRequest
 * @typedef {import('fastify').FastifyReply} FastifyReply
 * @typedef {import('./exchange').Route} Route
 * @typedef {import('./types/fastify').PluginOptions} PluginOptions
 */

/** Bodies that are read here, piece by piece, and not by Fastify. */
const PICTURES = [/^image\//, 'application/octet-stream', 'multipart/form-data'];

/**
 * A plugin for Fastify 5 (and 4): see types/fastify.d.ts.
 *
 * @param {FastifyInstance} fastify
 * @param {PluginOptions} options
 */
async function upscaling(fastify, { routes: paths = {}, passErrors = false, ...options }) {
  const { routes, methods, settings } = createRoutes(options, { rethrow: passErrors });
  const schema = { summary: 'Upscale a picture', querystring: querySchema(settings) };
  const handlers = {
    upscale: handler(routes.upscale),
    jobs: handler(routes.jobs),
    health: handler(routes.health),
    ready: handler(routes.ready),
    metrics: handler(routes.metrics),
  };
  fastify.decorate('upscaling', { ...handlers, ...methods, schema });
  fastify.addHook('onClose', methods.close);
  passBodiesOn(fastify, PICTURES);
  await fastify.register(async (scope) => {
    // JSON as well is read within our limits here, and what is none of these is refused in our form.
    scope.removeContentTypeParser('application/json');
    passBodiesOn(scope, ['application/json', '*']);
    addRoutes(scope, paths, handlers, schema);
  });
}

/**
 * @param {FastifyInstance} fastify
 * @param {NonNullable<PluginOptions['routes']>} paths
 * @param {Record<keyof typeof DEFAULT_PATHS | 'health' | 'ready' | 'metrics', ReturnType<typeof handler>>} handlers
 * @param {object} schema
 */
function addRoutes(fastify, paths, handlers, schema) {
  const { upscale, jobs, ...others } = { ...DEFAULT_PATHS, ...paths };
  // What is wrong with a query is said by the handler, in the same form as everything else.
  const described = { schema, attachValidation: true };
  if (upscale) fastify.route({ method: 'POST', url: upscale, ...described, handler: handlers.upscale });
  if (jobs) {
    fastify.route({ method: 'POST', url: jobs, ...described, handler: handlers.jobs });
    fastify.route({ method: ['GET', 'DELETE'], url: `${jobs}/:id`, handler: handlers.jobs });
    fastify.route({ method: 'GET', url: `${jobs}/:id/events`, handler: handlers.jobs });
  }
  for (const [name, url] of Object.entries(others)) {
    const one = /** @type {keyof typeof handlers} */ (name);
    if (url) fastify.route({ method: 'GET', url, handler: handlers[one] });
  }
}

const DEFAULT_PATHS = { upscale: '/upscale', jobs: '/jobs' };

/**
 * @param {FastifyInstance} fastify
 * @param {(string | RegExp)[]} types
 */
function passBodiesOn(fastify, types) {
  for (const type of types) {
    if (fastify.hasContentTypeParser(type)) continue;
    fastify.addContentTypeParser(type, (_request, payload, done) => done(null, payload));
  }
}

/** @param {Route} route */
function handler(route) {
  return async (/** @type {FastifyRequest} */ request, /** @type {FastifyReply} */ reply) => {
    const exchange = toExchange(Object.assign(request.raw, bodyOf(request)), reply.raw);
    const { status, headers, body } = await route(exchange);
    endWith(body, exchange.sent);
    exchange.sent.then(() => discardRest(request.raw));
    return reply.code(status).headers(headers).send(body);
  };
}

/** @param {FastifyRequest} request */
function bodyOf({ body, raw }) {
  return body === raw ? {} : { body };
}

// As fastify-plugin does it: what the plugin adds is there for the application that registers it.
module.exports = Object.assign(upscaling, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'upscaler-node',
});
