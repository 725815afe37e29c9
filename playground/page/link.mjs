// @ts-check
import { state } from './state.mjs';
import { useToken } from './api.mjs';

/** The state in the address: after a reload, and for those who are given the link. */

/**
 * Takes the token out of the address, so that no history and no copied link has it.
 *
 * @returns {URLSearchParams} the state that the address asks for
 */
export function readAddress() {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const token = parameters.get('token');
  if (token !== null) {
    useToken(token);
    parameters.delete('token');
    history.replaceState(null, '', `#${parameters}`);
  }
  return parameters;
}

/**
 * @param {URLSearchParams} parameters
 * @returns {Partial<typeof state> & { wantedPicture?: string, wantedSample?: string }}
 */
export function fromParameters(parameters) {
  const text = (/** @type {string} */ name) => parameters.get(name) ?? undefined;
  const found = {
    wantedPicture: text('picture'),
    wantedSample: text('sample'),
    chosen: text('models')?.split(',').filter(Boolean),
    options: parse(text('options')),
    mode: /** @type {any} */ (one(text('view'), ['divider', 'side', 'difference'])),
    a: text('a'),
    b: text('b'),
    language: text('code'),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** @returns {URLSearchParams} */
export function toParameters() {
  const { picture, chosen, options, mode, a, b, language } = state;
  const parameters = new URLSearchParams();
  if (picture?.sample) parameters.set('sample', picture.sample);
  else if (picture) parameters.set('picture', picture.id);
  parameters.set('models', chosen.join(','));
  if (Object.keys(options).length > 0) parameters.set('options', JSON.stringify(options));
  parameters.set('view', mode);
  parameters.set('a', a);
  parameters.set('b', b);
  parameters.set('code', language);
  return parameters;
}

/** @param {string | undefined} text */
function parse(text) {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {string | undefined} value
 * @param {string[]} allowed
 */
function one(value, allowed) {
  return value !== undefined && allowed.includes(value) ? value : undefined;
}
