// @ts-check
'use strict';

/** The command line itself is wrong: told in a line or two, without a stack, and exit code 2. */
class UsageError extends Error {
  /**
   * @param {string} message
   * @param {string} [command] whose help to point to
   */
  constructor(message, command) {
    super(message);
    this.command = command;
  }
}

module.exports = { UsageError };
