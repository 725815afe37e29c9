// @ts-check
'use strict';

const { types } = require('node:util');

/**
 * @typedef {import('../index.js').UpscalerErrorCode} UpscalerErrorCode
 */

/**
 * The HTTP status that answers each code, for servers that hand an error on as it is. What the one who sent the
 * picture can mend is a 4xx; 499 is what proxies log for a client that has gone.
 *
 * @type {Record<UpscalerErrorCode, number>}
 */
const STATUS = {
  ERR_INVALID_ARG_TYPE: 400,
  ERR_INVALID_ARG_VALUE: 400,
  ERR_UPSCALER_READ: 400,
  ERR_UPSCALER_DECODE: 422,
  ERR_UPSCALER_ENCODE: 422,
  ERR_UPSCALER_UNSUPPORTED_FORMAT: 415,
  ERR_UPSCALER_LIMIT: 413,
  ERR_UPSCALER_MODEL_NOT_FOUND: 500,
  ERR_UPSCALER_MODEL_NOT_INSTALLED: 500,
  ERR_UPSCALER_MODEL_LOAD: 500,
  ERR_UPSCALER_MODEL_SHAPE: 422,
  ERR_UPSCALER_INFERENCE: 500,
  ERR_UPSCALER_RUNTIME_LOAD: 500,
  ERR_UPSCALER_PROVIDER: 500,
  ERR_UPSCALER_QUEUE_FULL: 503,
  ERR_UPSCALER_QUEUE: 503,
  ERR_UPSCALER_TIMEOUT: 504,
  ERR_UPSCALER_DISPOSED: 503,
  ABORT_ERR: 499,
};

/** Marks our TypeErrors and RangeErrors, so that `instanceof UpscalerError` holds for them too. */
const BRAND = Symbol('upscaler-node.error');

class UpscalerError extends Error {
  /**
   * @param {UpscalerErrorCode} code
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }

  /** @param {unknown} value */
  static [Symbol.hasInstance](value) {
    if (this !== UpscalerError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === 'object' && value !== null && BRAND in value;
  }
}
define(UpscalerError, 'UpscalerError');

/** A call was cancelled: by its signal (then `cause` is `signal.reason`) or by `abort()`. */
class AbortError extends UpscalerError {
  /**
   * @param {string} [message]
   * @param {ErrorOptions} [options]
   */
  constructor(message = 'The operation was aborted', options) {
    super('ABORT_ERR', message, options);
  }
}
define(AbortError, 'AbortError');

class UpscalerTypeError extends TypeError {
  /**
   * @param {UpscalerErrorCode} code
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}
define(UpscalerTypeError, 'TypeError');

class UpscalerRangeError extends RangeError {
  /**
   * @param {UpscalerErrorCode} code
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}
define(UpscalerRangeError, 'RangeError');

/**
 * @param {Function} constructor
 * @param {string} name
 */
function define(constructor, name) {
  const status = { get: statusOf, configurable: true };
  Object.defineProperties(constructor.prototype, {
    name: { value: name, configurable: true, writable: true },
    [BRAND]: { value: true },
    // As http-errors names them: Express, Fastify, Koa and others answer by these.
    statusCode: status,
    status,
    expose: { get: mayBeShown, configurable: true },
  });
}

/** @this {Error & { code: UpscalerErrorCode }} */
function statusOf() {
  // A file or URL that could not be read has a cause: the system's or the network's word, not the sender's fault.
  if (this.code === 'ERR_UPSCALER_READ' && this.cause !== undefined) return 500;
  return STATUS[this.code] ?? 500;
}

/**
 * Whether the message may be shown to whoever sent the picture: it speaks of the picture and the request alone.
 *
 * @this {Error & { code: UpscalerErrorCode }}
 */
function mayBeShown() {
  return statusOf.call(this) < 500;
}

/**
 * An argument of the wrong type.
 *
 * @param {string} name what the user calls it: `scale`, `options.quality`
 * @param {string} expected `a positive integer`
 * @param {unknown} value
 */
function invalidType(name, expected, value) {
  return new UpscalerTypeError('ERR_INVALID_ARG_TYPE', complaint(name, expected, value));
}

/**
 * An argument of the right type with a value that cannot be used.
 *
 * @param {string} name
 * @param {string} expected
 * @param {unknown} value
 */
function invalidValue(name, expected, value) {
  const Kind = typeof value === 'number' ? UpscalerRangeError : UpscalerTypeError;
  return new Kind('ERR_INVALID_ARG_VALUE', complaint(name, expected, value));
}

/**
 * An argument that throws when it is read, as getters and Proxies of the caller may: what they threw is the cause.
 *
 * @param {string} name
 * @param {unknown} cause
 * @returns {unknown} an error of ours as it is
 */
function unreadable(name, cause) {
  if (isOurs(cause)) return cause;
  return new UpscalerTypeError(
    'ERR_INVALID_ARG_VALUE',
    `Expected ${name} to be read, but reading its fields threw`,
    { cause },
  );
}

/**
 * @param {unknown} error anything that was thrown, a Proxy that throws again too
 * @returns {error is UpscalerError}
 */
function isOurs(error) {
  return types.isNativeError(error) && error instanceof UpscalerError;
}

/**
 * @param {string} name
 * @param {string} expected
 * @param {unknown} value
 */
function complaint(name, expected, value) {
  return `Expected ${expected} for ${name} but received ${describe(value)} of type ${kindOf(value)}`;
}

/** @param {unknown} value */
function kindOf(value) {
  return value === null ? 'null' : typeof value;
}

/** Longer text is not repeated in a message: it may be a picture, or somebody's secret. */
const LONGEST_SHOWN = 80;

/**
 * A value as a short piece of a message: never the megabytes of a buffer or a string, never a throwing `toString` or
 * getter.
 *
 * @param {unknown} value
 */
function describe(value) {
  switch (typeof value) {
    case 'string':
      return value.length > LONGEST_SHOWN ? `a string of ${value.length} characters` : JSON.stringify(value);
    case 'function':
      return nameOf(value) ? `function ${nameOf(value)}` : 'a function';
    case 'object': {
      if (value === null) return 'null';
      const name = constructorName(value);
      return name && name !== 'Object' ? name : 'an object';
    }
    default: {
      const text = String(value);
      return text.length > LONGEST_SHOWN ? `a ${typeof value} of ${text.length} characters` : text;
    }
  }
}

/** @param {object} value */
function constructorName(value) {
  try {
    return nameOf(Object.getPrototypeOf(value)?.constructor);
  } catch {
    return '';
  }
}

/** @param {unknown} value */
function nameOf(value) {
  try {
    const name = typeof value === 'function' ? /** @type {unknown} */ (value.name) : '';
    return typeof name === 'string' && name.length <= LONGEST_SHOWN ? name : '';
  } catch {
    return '';
  }
}

/**
 * A URL as a piece of a message, without what may be secret or long: credentials, query and data.
 *
 * @param {string} url
 */
function describeUrl(url) {
  try {
    const { protocol, host, pathname } = new URL(url);
    if (protocol === 'data:') return `a data: URL of ${url.length} characters`;
    const shown = `${protocol}//${host}${pathname}`;
    return shown.length > 2 * LONGEST_SHOWN ? `${protocol}//${host}/...` : shown;
  } catch {
    return describe(url);
  }
}

/** Every `code` that the addon may put on an error. */
const NATIVE_CODES = new Set([
  'ERR_INVALID_ARG_VALUE',
  'ERR_UPSCALER_READ',
  'ERR_UPSCALER_DECODE',
  'ERR_UPSCALER_ENCODE',
  'ERR_UPSCALER_UNSUPPORTED_FORMAT',
  'ERR_UPSCALER_LIMIT',
  'ERR_UPSCALER_MODEL_NOT_FOUND',
  'ERR_UPSCALER_MODEL_LOAD',
  'ERR_UPSCALER_MODEL_SHAPE',
  'ERR_UPSCALER_INFERENCE',
  'ERR_UPSCALER_RUNTIME_LOAD',
  'ERR_UPSCALER_PROVIDER',
  'ERR_UPSCALER_QUEUE_FULL',
  'ERR_UPSCALER_TIMEOUT',
  'ERR_UPSCALER_DISPOSED',
]);

/**
 * The addon's error as one of ours. It is made here, in JavaScript and after an `await`, so that its stack leads
 * to the caller, which the addon's own cannot do. Whatever is not the addon's is returned as it is. The addon's errors
 * are of the process's first realm, whose `Error` is another than that of a vm context: Jest's, for example.
 *
 * @param {unknown} error
 */
function fromNative(error) {
  if (!types.isNativeError(error) || isOurs(error)) return error;
  const { code, message, cause } = /** @type {Error & { code?: string }} */ (error);
  const options = cause === undefined ? undefined : { cause };
  if (code === 'ABORT_ERR') return new AbortError(message, options);
  if (code === 'ERR_INVALID_ARG_VALUE') return new UpscalerTypeError(code, message, options);
  if (code !== undefined && NATIVE_CODES.has(code)) {
    return new UpscalerError(/** @type {UpscalerErrorCode} */ (code), message, options);
  }
  return error;
}

module.exports = {
  UpscalerError,
  AbortError,
  invalidType,
  invalidValue,
  unreadable,
  isOurs,
  fromNative,
  describe,
  describeUrl,
};
