// @ts-check
'use strict';

const { nodeHandler } = require('./node-http');
const { createRoutes } = require('./routes');

/**
 * Handlers for Express 4 and 5, Connect and node:http: see types/express.d.ts. They take nothing of Express, so that
 * it need not be there.
 *
 * @param {{ passErrors?: boolean }} [options] and those of `ServerOptions`; `passErrors`: errors of a picture go to
 *   `next(error)` instead of being answered here
 */
function createUpscale({ passErrors = false, ...options } = {}) {
  const { routes, methods } = createRoutes(options, { rethrow: passErrors });
  return {
    upscale: handler(routes.upscale),
    jobs: handler(routes.jobs),
    health: handler(routes.health),
    ready: handler(routes.ready),
    metrics: handler(routes.metrics),
    ...methods,
  };
}

/**
 * @param {import('./exchange').Route} route
 * @returns {import('./types/express').Handler}
 */
function handler(route) {
  const handle = nodeHandler(route);
  return async (request, response, next) => {
    try {
      await handle(request, response);
    } catch (error) {
      if (next === undefined) throw error;
      next(error);
    }
  };
}

module.exports = { createUpscale };
