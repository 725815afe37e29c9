// @ts-check
'use strict';

/**
 * News for every open page: lines of JSON on a response that does not end. A page that does not read fast enough is
 * cut off rather than buffered for; it comes back and asks for the state.
 */
class Events {
  /** @type {Set<import('node:http').ServerResponse>} */
  #listeners = new Set();

  /** @param {import('node:http').ServerResponse} response */
  add(response) {
    openLines(response);
    this.#listeners.add(response);
    response.on('close', () => this.#listeners.delete(response));
    response.write('{"type":"hello"}\n');
  }

  /** @param {object} event */
  emit(event) {
    const line = `${JSON.stringify(event)}\n`;
    for (const response of this.#listeners) {
      if (response.writableLength > MOST_BUFFERED) response.destroy();
      else response.write(line);
    }
  }

  close() {
    for (const response of this.#listeners) response.destroy();
  }
}

const MOST_BUFFERED = 1 << 20;

/** @param {import('node:http').ServerResponse} response */
function openLines(response) {
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
}

module.exports = { Events, openLines };
