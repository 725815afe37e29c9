// @ts-check
'use strict';

const { parseArgs } = require('node:util');
const { UpscalerError } = require('../errors');

/**
 * @typedef {object} Flag
 * @property {'string' | 'boolean'} type as node:util's parseArgs has it
 * @property {'number' | 'list' | 'text' | 'switch'} kind
 * @property {string} [value] what the help calls its value
 * @property {string} env the variable that stands for it
 * @property {string | boolean} [fallback]
 * @property {string} help
 * @typedef {Record<keyof typeof SERVE_FLAGS, any>} ServeConfig
 */

/** What `upscaler-node serve` can be told, on the command line or in the environment; the command line wins. */
const SERVE_FLAGS = /** @satisfies {Record<string, Flag>} */ ({
  port: number('port', 'PORT', 3000, 'where it listens; 0: a free one'),
  host: text('address', 'UPSCALER_HOST', '127.0.0.1', 'which address it listens on; 0.0.0.0 in a container'),
  model: text('name', 'UPSCALER_MODEL', undefined, 'the model, where a request names none'),
  models: list('a,b', 'UPSCALER_MODELS', undefined, 'models that a request may choose'),
  precision: text('fp32|int8', 'UPSCALER_PRECISION', undefined, 'int8: in integers where that is faster'),
  threads: number(
    'n',
    'UPSCALER_THREADS',
    undefined,
    'threads for all pictures together (default: the cores)',
  ),
  'max-memory': number(
    'bytes',
    'UPSCALER_MAX_MEMORY',
    undefined,
    'memory for pictures that are being upscaled',
  ),
  'max-bytes': number('bytes', 'UPSCALER_MAX_BYTES', 20971520, 'of a picture that is sent'),
  'max-pixels': number('n', 'UPSCALER_MAX_PIXELS', 25_000_000, 'of a picture that is sent'),
  'max-output-pixels': number('n', 'UPSCALER_MAX_OUTPUT_PIXELS', 100_000_000, 'of a result'),
  'max-scale': number('n', 'UPSCALER_MAX_SCALE', 4, 'that a request may ask for'),
  formats: list('a,b', 'UPSCALER_FORMATS', 'png,jpeg,webp', 'that a request may ask for'),
  timeout: number('ms', 'UPSCALER_TIMEOUT', 60_000, 'from a request to its result; of a job from its start'),
  'body-timeout': number('ms', 'UPSCALER_BODY_TIMEOUT', 30_000, 'for a body to arrive'),
  concurrency: number(
    'n',
    'UPSCALER_CONCURRENCY',
    undefined,
    'pictures at a time (default: twice the cores)',
  ),
  'max-pending': number('n', 'UPSCALER_MAX_PENDING', 64, 'pictures that may wait; more get 503'),
  'job-ttl': number('ms', 'UPSCALER_JOB_TTL', 600_000, 'how long the result of a job is kept'),
  redis: text('url', 'UPSCALER_REDIS', undefined, 'jobs through BullMQ (npm install @upscaler-node/bullmq)'),
  token: text('secret', 'UPSCALER_TOKEN', undefined, 'only for who sends it as Authorization: Bearer'),
  cors: text('origin', 'UPSCALER_CORS', undefined, 'the origin whose pages may call it'),
  telemetry: flag('UPSCALER_TELEMETRY', 'spans and metrics through @opentelemetry/api'),
  'drain-timeout': number('ms', 'UPSCALER_DRAIN_TIMEOUT', 30_000, 'for accepted pictures after SIGTERM'),
  quiet: flag('UPSCALER_QUIET', 'log warnings and errors only'),
});

/**
 * @param {string[]} args
 * @returns {Record<string, unknown>} what was given
 */
function parseServeFlags(args) {
  const options = Object.fromEntries(Object.entries(SERVE_FLAGS).map(([name, { type }]) => [name, { type }]));
  return parseArgs({ args, options, strict: true, allowPositionals: false }).values;
}

/**
 * What was given, then the environment, then the defaults.
 *
 * @param {Record<string, unknown>} given by name
 * @param {NodeJS.ProcessEnv} env
 * @returns {ServeConfig}
 * @throws `ERR_INVALID_ARG_VALUE` with the name of the flag
 */
function toServeConfig(given, env) {
  return /** @type {ServeConfig} */ (
    Object.fromEntries(
      Object.entries(/** @type {Record<string, Flag>} */ (SERVE_FLAGS)).map(([name, flag]) => {
        const value = given[name] ?? (env[flag.env] || undefined) ?? flag.fallback;
        return [name, value === undefined ? undefined : parse(name, flag, value)];
      }),
    )
  );
}

/**
 * @param {string} name
 * @param {Flag} flag
 * @param {unknown} given
 */
function parse(name, { kind, env }, given) {
  const text = String(given);
  const where = `--${name} (or ${env})`;
  switch (kind) {
    case 'number':
      if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
      throw wrong(`a number for ${where}`, text);
    case 'list':
      return text
        .split(',')
        .map((one) => one.trim())
        .filter(Boolean);
    case 'switch':
      if (['true', '1', 'false', '0'].includes(text)) return text === 'true' || text === '1';
      throw wrong(`true or false for ${where}`, text);
    default:
      return text;
  }
}

/**
 * @param {string} expected
 * @param {string} found
 */
function wrong(expected, found) {
  return new UpscalerError(
    'ERR_INVALID_ARG_VALUE',
    `Expected ${expected} but received ${JSON.stringify(found)}`,
  );
}

/** The flags as lines of a help text. */
function serveHelp() {
  const rows = Object.entries(/** @type {Record<string, Flag>} */ (SERVE_FLAGS)).map(([name, flag]) => {
    const fallback = flag.fallback === undefined || flag.kind === 'switch' ? '' : ` [${flag.fallback}]`;
    return [`--${name}${flag.value ? ` <${flag.value}>` : ''}`, `${flag.help}${fallback}`, flag.env];
  });
  const width = Math.max(...rows.map(([usage]) => usage.length));
  return rows.map(([usage, help, env]) => `  ${usage.padEnd(width)}  ${help} (${env})`).join('\n');
}

/**
 * @param {string} value
 * @param {string} env
 * @param {number | undefined} fallback
 * @param {string} help
 * @returns {Flag}
 */
function number(value, env, fallback, help) {
  return { type: 'string', kind: 'number', value, env, fallback: fallback?.toString(), help };
}

/**
 * @param {string} value
 * @param {string} env
 * @param {string | undefined} fallback
 * @param {string} help
 * @returns {Flag}
 */
function text(value, env, fallback, help) {
  return { type: 'string', kind: 'text', value, env, fallback, help };
}

/**
 * @param {string} value
 * @param {string} env
 * @param {string | undefined} fallback
 * @param {string} help
 * @returns {Flag}
 */
function list(value, env, fallback, help) {
  return { type: 'string', kind: 'list', value, env, fallback, help };
}

/**
 * @param {string} env
 * @param {string} help
 * @returns {Flag}
 */
function flag(env, help) {
  return { type: 'boolean', kind: 'switch', env, fallback: false, help };
}

module.exports = { SERVE_FLAGS, parseServeFlags, toServeConfig, serveHelp };
