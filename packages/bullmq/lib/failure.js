// @ts-check
'use strict';

const { AbortError, UpscalerError } = require('upscaler-node');
const { UnrecoverableError } = require('bullmq');

/**
 * BullMQ keeps of an error its message alone, so the code goes in front of it. Nothing but codes and our own
 * messages go through Redis.
 */
const FORM = /^\[(?<code>[A-Z_]+)\] (?<message>.*)$/s;

/** What BullMQ writes where a job was taken up again too often. */
const STALLED = 'stalled more than allowable limit';

/** Codes of what will fail again wherever it is tried: the picture, or what is asked of it. */
const FINAL = new Set([
  'ERR_INVALID_ARG_TYPE',
  'ERR_INVALID_ARG_VALUE',
  'ERR_UPSCALER_DECODE',
  'ERR_UPSCALER_ENCODE',
  'ERR_UPSCALER_UNSUPPORTED_FORMAT',
  'ERR_UPSCALER_LIMIT',
  'ERR_UPSCALER_MODEL_SHAPE',
  'ABORT_ERR',
]);

/** Codes of what another worker may be able to do. */
const ELSEWHERE = new Set([
  'ERR_UPSCALER_MODEL_NOT_FOUND',
  'ERR_UPSCALER_MODEL_NOT_INSTALLED',
  'ERR_UPSCALER_MODEL_LOAD',
  'ERR_UPSCALER_PROVIDER',
]);

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof UpscalerError ? error.code : 'ERR_UPSCALER_INFERENCE';
}

/** @param {unknown} error */
function mayWorkElsewhere(error) {
  return ELSEWHERE.has(codeOf(error));
}

/**
 * An error as BullMQ should keep it: tried again, or not.
 *
 * @param {unknown} error
 */
function toFailure(error) {
  const code = codeOf(error);
  const text = `[${code}] ${/** @type {Error} */ (error).message}`;
  return FINAL.has(code) ? new UnrecoverableError(text) : Object.assign(new Error(text), { cause: error });
}

/**
 * The error that a failed job rejects with.
 *
 * @param {string | undefined} reason as BullMQ kept it
 */
function fromFailure(reason = 'The job failed') {
  const { code, message } = FORM.exec(reason)?.groups ?? { code: undefined, message: reason };
  if (code === 'ABORT_ERR') return new AbortError(message);
  const text = isQuarantined(reason) ? 'Every worker that took this picture was lost (quarantined)' : message;
  return new UpscalerError(/** @type {any} */ (code ?? 'ERR_UPSCALER_INFERENCE'), text);
}

/** @param {string | undefined} reason */
function isQuarantined(reason) {
  return reason?.includes(STALLED) ?? false;
}

/**
 * Whether what failed for this reason may succeed for who asks for the same again.
 *
 * @param {string} reason
 */
function mayBeAskedAgain(reason) {
  const code = FORM.exec(reason)?.groups?.code ?? '';
  return !isQuarantined(reason) && (code === 'ABORT_ERR' || !FINAL.has(code));
}

/**
 * What the queue itself could not do, as an error for producers.
 *
 * @param {unknown} error
 */
function queueError(error) {
  if (error instanceof UpscalerError) return error;
  const { message } = /** @type {Error} */ (error);
  return /^OOM |maxmemory/.test(message)
    ? new UpscalerError('ERR_UPSCALER_QUEUE_FULL', 'Expected room in Redis but it is full (maxmemory)', {
        cause: error,
      })
    : new UpscalerError('ERR_UPSCALER_QUEUE', `The queue cannot be used: ${message}`, { cause: error });
}

module.exports = {
  STALLED,
  toFailure,
  fromFailure,
  isQuarantined,
  mayBeAskedAgain,
  mayWorkElsewhere,
  queueError,
};
