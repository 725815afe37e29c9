// @ts-check
'use strict';

/**
 * Standard output and error, with their failures as errors that can be caught: a reader that went away (EPIPE), a disk
 * that is full.
 */

/** Standard output cannot be written to any more. */
class OutputError extends Error {
  /** @param {NodeJS.ErrnoException} cause */
  constructor(cause) {
    const said =
      cause.code === 'EPIPE'
        ? 'the reader of standard output closed it'
        : `standard output cannot be written: ${cause.message}`;
    super(said, { cause });
    this.code = cause.code;
  }
}

/** @type {Set<(error: OutputError) => void>} */
const listeners = new Set();
/** @type {OutputError | undefined} */
let failed;

/** Takes over both streams' errors, which would otherwise end the process with a stack. */
function guardStreams() {
  process.stdout.on('error', fail);
  // Nobody is left to be told.
  process.stderr.on('error', () => {});
}

/**
 * @param {NodeJS.ErrnoException} error
 * @returns {OutputError} the first one: what follows are its consequences
 */
function fail(error) {
  if (failed !== undefined) return failed;
  failed = new OutputError(error);
  for (const listener of listeners) listener(failed);
  return failed;
}

/**
 * @param {string | Uint8Array} data
 * @returns {Promise<void>} when the system has it
 */
function write(data) {
  return new Promise((resolve, reject) => {
    if (failed !== undefined) return reject(failed);
    process.stdout.write(data, (error) => {
      if (error) reject(fail(error));
      else resolve();
    });
  });
}

/** @param {string} text */
function print(text) {
  return write(`${text}\n`);
}

/** @param {string} text a line for people, beside what the program is for */
function say(text) {
  process.stderr.write(`${text}\n`);
}

/**
 * @param {(error: OutputError) => void} listener called when standard output fails
 * @returns {() => void} stops listening
 */
function onOutputError(listener) {
  listeners.add(listener);
  if (failed !== undefined) listener(failed);
  return () => void listeners.delete(listener);
}

module.exports = { OutputError, guardStreams, write, print, say, onOutputError };
