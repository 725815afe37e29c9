// @ts-check
'use strict';

const { SECONDS, measuresOf } = require('./measures');
const { optionalPeer } = require('./optional-peer');

/**
 * @typedef {import('./observer').Observer} Observer
 * @typedef {import('./observer').PictureRecord} PictureRecord
 * @typedef {import('./service').Service} Service
 * @typedef {import('@opentelemetry/api').Span} Span
 */

const NAME = 'upscaler-node';

/**
 * Spans and metrics of a server through the providers that the application has set.
 *
 * @returns {Observer}
 */
function telemetry() {
  const api = /** @type {typeof import('@opentelemetry/api')} */ (
    optionalPeer('@opentelemetry/api', 'options.telemetry')
  );
  const { version } = require('../../package.json');
  const tracer = api.trace.getTracer(NAME, version);
  const meter = api.metrics.getMeter(NAME, version);
  const instruments = instrumentsOf(meter);
  /** @type {(() => void)[]} */
  const detachments = [];
  return {
    attach: (service) => void detachments.push(observeStatus(meter, service)),
    detach: () => detachments.splice(0).forEach((detach) => detach()),
    arrive(route) {
      const span = tracer.startSpan(`upscale ${route}`, { kind: api.SpanKind.INTERNAL });
      const context = api.trace.setSpan(api.context.active(), span);
      const origin = Date.now() - performance.now();
      return (record) => {
        for (const [stage, from, to] of stagesOf(record)) {
          tracer.startSpan(`upscale.${stage}`, { startTime: origin + from }, context).end(origin + to);
        }
        endSpan(span, record, api.SpanStatusCode.ERROR);
        instruments(record);
      };
    },
  };
}

/** @param {import('@opentelemetry/api').Meter} meter */
function instrumentsOf(meter) {
  const buckets = { advice: { explicitBucketBoundaries: SECONDS } };
  const duration = meter.createHistogram('upscaler.stage.duration', { unit: 's', ...buckets });
  const pictures = meter.createCounter('upscaler.pictures', { unit: '{picture}' });
  const pixels = meter.createCounter('upscaler.pixels', { unit: '{pixel}' });
  const bytes = meter.createCounter('upscaler.bytes', { unit: 'By' });
  return (/** @type {PictureRecord} */ record) => {
    const { labels, code, model, bytesIn, bytesOut, pixelsOut, seconds } = measuresOf(record);
    pictures.add(1, { route: labels.route, 'http.response.status_code': record.status, ...errorType(code) });
    bytes.add(bytesIn, { direction: 'in' });
    bytes.add(bytesOut, { direction: 'out' });
    if (model) pixels.add(pixelsOut, { model });
    for (const [stage, time] of Object.entries(seconds)) {
      if (time !== undefined) duration.record(time, { stage });
    }
  };
}

/**
 * @param {import('@opentelemetry/api').Meter} meter
 * @param {Service} service
 */
function observeStatus(meter, service) {
  const waiting = meter.createObservableGauge('upscaler.queue.length', { unit: '{picture}' });
  const running = meter.createObservableGauge('upscaler.running', { unit: '{picture}' });
  const wait = meter.createObservableGauge('upscaler.queue.wait', { unit: 's' });
  const memory = meter.createObservableGauge('process.memory.usage', { unit: 'By' });
  /** @param {import('@opentelemetry/api').BatchObservableResult} result */
  const observe = (result) => {
    const status = service.status();
    result.observe(waiting, status.waiting);
    result.observe(running, status.running);
    result.observe(wait, status.expectedWait / 1e3);
    result.observe(memory, process.memoryUsage.rss());
  };
  const observables = [waiting, running, wait, memory];
  meter.addBatchObservableCallback(observe, observables);
  return () => meter.removeBatchObservableCallback(observe, observables);
}

/**
 * @param {PictureRecord} record
 * @returns {[string, number, number][]}
 */
function stagesOf({ arrived, read, begun, finished, made = finished }) {
  /** @type {[string, number, number][]} */
  const stages = [];
  if (read !== undefined) stages.push(['read', arrived, read], ['wait', read, begun ?? finished]);
  if (begun !== undefined) stages.push(['work', begun, made]);
  return stages;
}

/**
 * @param {Span} span
 * @param {PictureRecord} record
 * @param {number} failure
 */
function endSpan(span, { status, code, info, bytesIn }, failure) {
  span.setAttributes({
    'http.response.status_code': status,
    'upscaler.bytes_in': bytesIn,
    ...errorType(code),
    ...(info && {
      'upscaler.model': info.model,
      'upscaler.format': info.format,
      'upscaler.width': info.width,
      'upscaler.height': info.height,
    }),
  });
  // As the conventions for servers have it: what the client did wrong is no failure of ours.
  if (status >= 500) span.setStatus({ code: failure });
  span.end();
}

/** @param {string | undefined} code */
function errorType(code) {
  return code === undefined ? {} : { 'error.type': code };
}

module.exports = { telemetry };
