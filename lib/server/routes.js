// @ts-check
'use strict';

const { observersFor } = require('./observers');
const { jobsRoute } = require('./jobs-route');
const { MemoryJobs } = require('./memory-jobs');
const { Service } = require('./service');
const { parseSettings } = require('./settings');
const { healthRoute, metricsRoute, readyRoute } = require('./status-routes');
const { upscaleRoute } = require('./upscale-route');

/**
 * What every adapter is made of: a server's routes, and the methods that they share.
 *
 * @param {unknown} options see `ServerOptions` in types/server.d.ts
 * @param {{ rethrow?: boolean }} [how]
 */
function createRoutes(options, how) {
  const settings = parseSettings(options);
  const service = new Service(settings, observersFor(settings));
  const store = settings.jobs.store ?? new MemoryJobs(service, settings.jobs);
  return {
    settings,
    routes: {
      upscale: upscaleRoute(service, how),
      jobs: jobsRoute(service, store),
      health: healthRoute(),
      ready: readyRoute(service),
      metrics: metricsRoute(settings.metrics),
    },
    methods: {
      status: () => service.status(),
      load: () => service.load(),
      async drain() {
        // A request that was taken may still add a job, and the result of a job may still be sent after its state says
        // that it has been fetched.
        await service.drain();
        await store.drain();
        await service.drain();
      },
      async close() {
        await Promise.all([service.close(), store.close()]);
      },
    },
  };
}

module.exports = { createRoutes };
