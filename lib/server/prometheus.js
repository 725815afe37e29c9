// @ts-check
'use strict';

const { invalidType } = require('../errors');
const { SECONDS, measuresOf } = require('./measures');
const { optionalPeer } = require('./optional-peer');

/**
 * @typedef {typeof import('prom-client')} Client
 * @typedef {import('prom-client').Registry} Registry
 * @typedef {import('./observer').Observer} Observer
 * @typedef {import('./observer').PictureRecord} PictureRecord
 * @typedef {import('./service').Service} Service
 */

const PICTURES = 'upscaler_pictures_total';
const ERRORS = 'upscaler_errors_total';
const PIXELS = 'upscaler_pixels_total';
const BYTES = 'upscaler_bytes_total';
const STAGES = 'upscaler_stage_seconds';

/** What is read when metrics are asked for, with its help. */
const GAUGES = /** @type {Record<string, [string, (service: Service) => number]>} */ ({
  upscaler_running: ['Pictures that are being upscaled', (service) => service.status().running],
  upscaler_queue_length: ['Pictures that wait', (service) => service.status().waiting],
  upscaler_queue_wait_seconds: [
    'What a picture that came now would wait',
    (service) => service.status().expectedWait / 1e3,
  ],
  upscaler_resident_memory_bytes: ['Resident memory of the process', () => process.memoryUsage.rss()],
});

/**
 * The metrics of a server in a registry of prom-client.
 *
 * @param {unknown} given
 * @returns {Observer}
 */
function prometheus(given) {
  const client = /** @type {Client} */ (optionalPeer('prom-client', 'options.metrics'));
  const register = /** @type {Registry} */ (given);
  if (typeof register?.registerMetric !== 'function') {
    throw invalidType('options.metrics', 'a Registry of prom-client', given);
  }
  const count = counters(client, register);
  return {
    attach: (service) => addGauges(client, register, service),
    detach() {
      const names = [PICTURES, ERRORS, PIXELS, BYTES, STAGES, ...Object.keys(GAUGES)];
      for (const name of names) register.removeSingleMetric(name);
    },
    arrive: () => count,
  };
}

/**
 * @param {Client} client
 * @param {Registry} register
 */
function counters(client, register) {
  const counter = (
    /** @type {string} */ name,
    /** @type {string} */ help,
    /** @type {string[]} */ labelNames,
  ) => new client.Counter({ name, help, labelNames, registers: [register] });
  const pictures = counter(PICTURES, 'Pictures that came, by how they were answered', ['route', 'status']);
  const errors = counter(ERRORS, 'Pictures that failed, by the code of the error', ['code']);
  const pixels = counter(PIXELS, 'Pixels of results: its rate is pixels per second', ['model']);
  const bytes = counter(BYTES, 'Bytes of pictures and of results', ['direction']);
  const stages = new client.Histogram({
    name: STAGES,
    help: 'Time of a picture by stage',
    labelNames: ['stage'],
    buckets: SECONDS,
    registers: [register],
  });
  return (/** @type {PictureRecord} */ record) => {
    const { labels, code, model, bytesIn, bytesOut, pixelsOut, seconds } = measuresOf(record);
    pictures.inc(labels);
    if (code) errors.inc({ code });
    bytes.inc({ direction: 'in' }, bytesIn);
    bytes.inc({ direction: 'out' }, bytesOut);
    if (model) pixels.inc({ model }, pixelsOut);
    for (const [stage, time] of Object.entries(seconds)) {
      if (time !== undefined) stages.observe({ stage }, time);
    }
  };
}

/**
 * @param {Client} client
 * @param {Registry} register
 * @param {Service} service
 */
function addGauges(client, register, service) {
  for (const [name, [help, read]] of Object.entries(GAUGES)) {
    new client.Gauge({
      name,
      help,
      registers: [register],
      collect() {
        this.set(read(service));
      },
    });
  }
}

module.exports = { prometheus };
