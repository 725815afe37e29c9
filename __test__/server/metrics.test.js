'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { context, metrics, trace } = require('@opentelemetry/api');
const {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} = require('@opentelemetry/sdk-metrics');
const {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} = require('@opentelemetry/sdk-trace-base');
const express = require('express');
const { Registry } = require('prom-client');
const { createUpscale } = require('upscaler-node/express');
const { DOUBLER, smallPng } = require('../support/doubled');
const { withServer } = require('../support/http');

/** One picture that is upscaled, and one that is none. */
async function requests(upscale, origin) {
  const png = await smallPng();
  const bodies = [png, Buffer.from('nonsense')];
  const statuses = [];
  for (const body of bodies) {
    const response = await fetch(`${origin}/upscale`, { method: 'POST', body });
    await response.arrayBuffer();
    statuses.push(response.status);
  }
  assert.deepEqual(statuses, [200, 415]);
  return png.length;
}

test('Prometheus reads what happened', async () => {
  const registry = new Registry();
  const upscale = createUpscale({ ...DOUBLER, metrics: registry, stream: false });
  const app = express().post('/upscale', upscale.upscale).get('/metrics', upscale.metrics);
  await withServer(app, async (origin) => {
    const bytes = await requests(upscale, origin);
    const response = await fetch(`${origin}/metrics`);
    assert.match(response.headers.get('content-type'), /^text\/plain; version=0.0.4/);
    const text = await response.text();
    const expected = [
      'upscaler_pictures_total{route="upscale",status="200"} 1',
      'upscaler_pictures_total{route="upscale",status="415"} 1',
      'upscaler_errors_total{code="ERR_UPSCALER_UNSUPPORTED_FORMAT"} 1',
      'upscaler_pixels_total{model="nearest-2x"} 384',
      `upscaler_bytes_total{direction="in"} ${bytes + 8}`,
      'upscaler_stage_seconds_count{stage="decode"} 1',
      'upscaler_stage_seconds_count{stage="inference"} 1',
      'upscaler_stage_seconds_count{stage="encode"} 1',
      'upscaler_stage_seconds_count{stage="wait"} 2',
      'upscaler_running 0',
      'upscaler_queue_length 0',
    ];
    for (const line of expected) assert.ok(text.split('\n').includes(line), `${line} in\n${text}`);
    assert.match(text, /^upscaler_resident_memory_bytes \d{7,}$/m);
  });
  await upscale.close();
  assert.equal(await registry.metrics(), '\n');
});

test('OpenTelemetry gets a span with its stages, and metrics', async () => {
  const spans = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
  );
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  metrics.setGlobalMeterProvider(provider);

  const upscale = createUpscale({ ...DOUBLER, telemetry: true });
  await withServer(express().post('/upscale', upscale.upscale), (origin) => requests(upscale, origin));

  const finished = spans.getFinishedSpans();
  const roots = finished.filter(({ name }) => name === 'upscale upscale');
  assert.deepEqual(
    roots.map(({ attributes }) => attributes['http.response.status_code']),
    [200, 415],
  );
  assert.equal(roots[0].attributes['upscaler.width'], 24);
  assert.equal(roots[1].attributes['error.type'], 'ERR_UPSCALER_UNSUPPORTED_FORMAT');
  const parts = finished.filter(
    ({ parentSpanContext }) => parentSpanContext?.spanId === roots[0].spanContext().spanId,
  );
  assert.deepEqual(parts.map(({ name }) => name).slice(0, 3), [
    'upscale.read',
    'upscale.wait',
    'upscale.work',
  ]);

  await provider.forceFlush();
  const instruments = exporter.getMetrics().at(-1).scopeMetrics[0].metrics;
  const value = (name) => instruments.find(({ descriptor }) => descriptor.name === name).dataPoints;
  assert.deepEqual(
    value('upscaler.pixels').map(({ value }) => value),
    [384],
  );
  assert.deepEqual(
    value('upscaler.pictures').map(({ value }) => value),
    [1, 1],
  );
  assert.equal(value('upscaler.queue.length')[0].value, 0);
  assert.ok(value('process.memory.usage')[0].value > 1e7);
  await upscale.close();
  await provider.shutdown();
  trace.disable();
  metrics.disable();
  context.disable();
});

test('health and readiness', async () => {
  const upscale = createUpscale(DOUBLER);
  const app = express()
    .get('/healthz', upscale.health)
    .get('/readyz', upscale.ready)
    .get('/metrics', upscale.metrics);
  await withServer(app, async (origin) => {
    assert.equal((await fetch(`${origin}/healthz`)).status, 200);
    const ready = await fetch(`${origin}/readyz`);
    assert.deepEqual([ready.status, (await ready.json()).status], [200, 'ready']);
    assert.equal((await fetch(`${origin}/metrics`)).status, 404);
    await upscale.drain();
    assert.equal((await fetch(`${origin}/readyz`)).status, 503);
    assert.equal((await fetch(`${origin}/healthz`)).status, 200);
  });
  await upscale.close();

  const broken = createUpscale({ instance: { model: './missing.onnx' } });
  await withServer(express().get('/readyz', broken.ready), async (origin) => {
    assert.equal((await fetch(`${origin}/readyz`)).status, 503);
  });
  await broken.close();
});
