// @ts-check
'use strict';

const { createWriteStream } = require('node:fs');
const { rm } = require('node:fs/promises');
const { Transform } = require('node:stream');
const { pipeline } = require('node:stream/promises');
const { HttpError } = require('./http-error');

/**
 * Bodies of requests, none larger than its limit, and answers.
 *
 * @typedef {import('node:http').IncomingMessage} Request
 * @typedef {import('node:http').ServerResponse} Response
 */

/** Options and names fit in this many bytes. */
const JSON_BYTES = 64 * 1024;

/**
 * @param {Request} request
 * @returns {Promise<any>}
 */
async function readJson(request) {
  /** @type {Buffer[]} */
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > JSON_BYTES) throw tooLarge(JSON_BYTES);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new HttpError(400, 'Expected a JSON body');
  }
}

/**
 * Writes a body to a file, which does not stay where the body is refused or breaks off.
 *
 * @param {Request} request
 * @param {string} file
 * @param {number} limit in bytes
 */
async function receive(request, file, limit) {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limit) throw tooLarge(limit);
  let size = 0;
  const counter = new Transform({
    transform(chunk, _, done) {
      size += chunk.length;
      done(size > limit ? tooLarge(limit) : null, chunk);
    },
  });
  try {
    await pipeline(request, counter, createWriteStream(file, { flags: 'wx', mode: 0o600 }));
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
  return size;
}

/** @param {number} limit */
function tooLarge(limit) {
  return new HttpError(
    413,
    `Expected at most ${Math.floor(limit / 1024).toLocaleString('en')} KiB but found more`,
  );
}

/**
 * @param {Response} response
 * @param {number} status
 * @param {unknown} value
 */
function sendJson(response, status, value) {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
}

module.exports = { readJson, receive, sendJson };
