// @ts-check
'use strict';

const { mediaType } = require('./accept');
const { parameterSchemas } = require('./schema');

/**
 * @typedef {import('./settings').Settings} Settings
 */

/** A red pixel, as PNG in base64. */
const EXAMPLE =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC';

/** What each status means here. */
const STATUS = /** @type {Record<number, string>} */ ({
  400: 'The request is wrong: the problem says what was expected',
  401: 'The token is missing or wrong',
  404: 'There is no such job, or it was forgotten',
  406: 'None of the formats that Accept names can be written',
  408: 'The body did not arrive in time',
  410: 'The job was cancelled',
  413: 'Too many bytes or pixels',
  415: 'Not a picture, or of a format that is not read',
  422: 'The picture is damaged, or the result does not fit the format',
  503: 'Too many pictures wait, or the server shuts down',
  504: 'The picture took too long',
});

/**
 * The service as an OpenAPI 3.1 document.
 *
 * @param {Settings} settings
 * @param {{ token: boolean, version: string }} service
 */
function openApi(settings, { token, version }) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'upscaler-node',
      version,
      description: 'Upscales pictures with a neural network',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths: {
      '/upscale': { post: upscaleOperation(settings) },
      '/jobs': { post: addJobOperation(settings) },
      '/jobs/{id}': jobPath(settings),
      '/jobs/{id}/events': { parameters: [ID], get: EVENTS },
      '/healthz': { get: status('health', 'Whether the process is alive', [200]) },
      '/readyz': { get: status('ready', 'Whether pictures are taken', [200, 503]) },
    },
    components: {
      schemas: { Problem: PROBLEM, Job: JOB, Status: STATUS_SCHEMA, Result: RESULT },
      ...(token ? { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } } : {}),
    },
    ...(token ? { security: [{ bearer: [] }] } : {}),
  };
}

/** @param {Settings} settings */
function upscaleOperation(settings) {
  return {
    operationId: 'upscale',
    summary: 'Upscale a picture and wait for it',
    parameters: queryParameters(settings),
    requestBody: requestBody(settings),
    responses: {
      200: {
        description: 'The picture, or the picture in JSON',
        headers: {
          'Server-Timing': { schema: { type: 'string' }, description: 'Milliseconds by stage' },
          'Upscaler-Model': { schema: { type: 'string' }, description: 'The network that ran' },
        },
        content: {
          ...pictures(settings),
          'application/json': { schema: { $ref: '#/components/schemas/Result' } },
        },
      },
      ...problems([400, 401, 406, 408, 413, 415, 422, 503, 504]),
    },
  };
}

/** @param {Settings} settings */
function addJobOperation(settings) {
  return {
    operationId: 'addJob',
    summary: 'Upscale a picture later',
    parameters: queryParameters(settings),
    requestBody: requestBody(settings),
    responses: {
      202: {
        description: 'The job',
        headers: { Location: { schema: { type: 'string' }, description: 'Where it is' } },
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Job' } } },
        links: {
          job: { operationId: 'getJob', parameters: { id: '$response.body#/id' } },
          events: { operationId: 'jobEvents', parameters: { id: '$response.body#/id' } },
          cancel: { operationId: 'cancelJob', parameters: { id: '$response.body#/id' } },
        },
      },
      ...problems([400, 401, 408, 413, 415, 503, 504]),
    },
  };
}

/** @param {Settings} settings */
function jobPath(settings) {
  const job = { 'application/json': { schema: { $ref: '#/components/schemas/Job' } } };
  return {
    parameters: [ID],
    get: {
      operationId: 'getJob',
      summary: 'The result of a job, or how far it is',
      responses: {
        200: {
          description: 'The picture; the job, where JSON is preferred',
          content: { ...pictures(settings), ...job },
        },
        202: { description: 'It is not done yet', content: job },
        ...problems([401, 404, 410, 413, 415, 422, 503, 504]),
      },
    },
    delete: {
      operationId: 'cancelJob',
      summary: 'Cancel a job, or forget its result',
      responses: { 200: { description: 'The job', content: job }, ...problems([401, 404]) },
    },
  };
}

const ID = {
  name: 'id',
  in: 'path',
  required: true,
  schema: { type: 'string', format: 'uuid' },
};

/** One event of the stream. */
const EVENT = {
  type: 'object',
  required: ['event', 'data'],
  properties: {
    event: { enum: ['waiting', 'active', 'done', 'failed', 'cancelled'] },
    id: { type: 'string' },
    data: { type: 'string', contentMediaType: 'application/json', description: 'The job' },
  },
};

const EVENTS = {
  operationId: 'jobEvents',
  summary: 'A job as server-sent events, to its end',
  responses: {
    200: {
      description: "Events named after the job's state, each with the job as its data",
      content: { 'text/event-stream': { schema: EVENT } },
    },
    204: { description: 'The end was sent already' },
    ...problems([401, 404, 410]),
  },
};

/** @param {Settings} settings */
function queryParameters(settings) {
  return Object.entries(parameterSchemas(settings)).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    description,
    schema,
  }));
}

/** @param {Settings} settings */
function requestBody(settings) {
  const properties = Object.fromEntries(
    Object.entries(parameterSchemas(settings)).map(([name, { description: _, ...schema }]) => [name, schema]),
  );
  const json = {
    schema: {
      type: 'object',
      required: ['image'],
      properties: {
        image: { type: 'string', contentEncoding: 'base64', description: 'The picture; a data: URL too' },
        filename: { type: 'string' },
        ...properties,
      },
    },
    example: { image: EXAMPLE },
  };
  const form = {
    schema: {
      type: 'object',
      required: ['image'],
      properties: { image: { type: 'string', contentMediaType: 'application/octet-stream' }, ...properties },
    },
  };
  return {
    required: true,
    content: {
      'image/*': { schema: { type: 'string', contentMediaType: 'image/*' } },
      'application/octet-stream': {
        schema: { type: 'string', contentMediaType: 'application/octet-stream' },
      },
      ...(settings.busboy ? { 'multipart/form-data': form } : {}),
      ...(settings.json ? { 'application/json': json } : {}),
    },
  };
}

/** @param {Settings} settings */
function pictures({ parameters }) {
  // Without a choice a picture keeps its own format, AVIF and TIFF among them.
  const formats = new Set([...parameters.format, 'png', 'jpeg', 'webp', 'avif', 'tiff']);
  const entries = [...formats].map((format) => {
    const type = mediaType(format);
    return [type, { schema: { type: 'string', contentMediaType: type } }];
  });
  return Object.fromEntries(entries);
}

/** @param {number[]} statuses */
function problems(statuses) {
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  return Object.fromEntries(statuses.map((one) => [one, { description: STATUS[one], content }]));
}

/**
 * @param {string} operationId
 * @param {string} summary
 * @param {number[]} statuses
 */
function status(operationId, summary, statuses) {
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/Status' } } };
  const responses = Object.fromEntries(statuses.map((one) => [one, { description: summary, content }]));
  return { operationId, summary, security: [], responses };
}

const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', pattern: '^(ERR_|ABORT_ERR)' },
  },
};

const INFO = {
  width: { type: 'integer' },
  height: { type: 'integer' },
  format: { type: 'string' },
  size: { type: 'integer' },
  model: { type: 'string' },
  durationMs: { type: 'number' },
};

const RESULT = {
  type: 'object',
  required: ['image', 'info'],
  properties: {
    image: { type: 'string', description: 'A data: URL' },
    info: { type: 'object', required: Object.keys(INFO), properties: INFO },
  },
};

const JOB = {
  type: 'object',
  required: ['id', 'state', 'percent', 'links'],
  properties: {
    id: { type: 'string' },
    state: { enum: ['waiting', 'active', 'done', 'failed', 'cancelled'] },
    percent: { type: 'integer', minimum: 0, maximum: 100 },
    stage: { enum: ['decode', 'upscale', 'encode'] },
    position: { type: 'integer', minimum: 1 },
    expiresAt: { type: 'string', format: 'date-time' },
    result: { type: 'object', properties: INFO },
    error: { $ref: '#/components/schemas/Problem' },
    links: {
      type: 'object',
      required: ['self', 'events'],
      properties: { self: { type: 'string' }, events: { type: 'string' } },
    },
  },
};

const STATUS_SCHEMA = {
  type: 'object',
  required: ['status'],
  properties: {
    status: { type: 'string' },
    running: { type: 'integer' },
    waiting: { type: 'integer' },
    expectedWait: { type: 'number' },
  },
};

module.exports = { openApi };
