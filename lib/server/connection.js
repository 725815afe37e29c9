// @ts-check
'use strict';

/** @typedef {import('node:net').Socket} Socket */

/** Who waits for a connection to close. @type {WeakMap<Socket, Set<() => void>>} */
const WAITING = new WeakMap();

/**
 * Calls `listener` when a connection closes. Any number of requests may come over one connection before the first is
 * answered, so that they share a listener of its socket.
 *
 * @param {Socket} socket
 * @param {() => void} listener
 * @returns {() => void} forgets it
 */
function whenClosed(socket, listener) {
  const listeners = WAITING.get(socket) ?? watch(socket);
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** @param {Socket} socket */
function watch(socket) {
  /** @type {Set<() => void>} */
  const listeners = new Set();
  WAITING.set(socket, listeners);
  socket.once('close', () => listeners.forEach((listener) => listener()));
  return listeners;
}

module.exports = { whenClosed };
