// @ts-check
'use strict';

const { SERVE_FLAGS } = require('../../lib/server/serve-flags');
const { OPTIONS } = require('./options');

/**
 * The service's flags as options of `upscaler-node serve`. Their values are checked by the service, which takes them
 * from the environment too.
 *
 * @type {Record<string, import('./options').Option>}
 */
const SERVE_OPTIONS = Object.fromEntries(
  Object.entries(
    /** @type {Record<string, import('../../lib/server/serve-flags').Flag>} */ (SERVE_FLAGS),
  ).map(([name, { kind, value, fallback, help }]) => [
    name,
    {
      kind: kind === 'switch' ? 'flag' : 'text',
      short: OPTIONS[name]?.short,
      value,
      help: typeof fallback === 'string' ? `${help} (default ${fallback})` : help,
    },
  ]),
);

module.exports = { SERVE_OPTIONS };
