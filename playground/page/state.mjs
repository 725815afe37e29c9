// @ts-check

/**
 * What is on screen, in one place. Parts of the page listen to the fields that they show.
 *
 * @typedef {{ width: number, height: number, format: string, bytes: number, alpha: boolean, [more: string]: any }} Facts
 * @typedef {{ id: string, name: string, sample?: string, facts: Facts }} Picture
 * @typedef {{ id: string, model: string, state: string, fraction: number, surface?: { id: string, width: number, height: number }, result?: any, error?: any, startedAt?: number }} Run
 * @typedef {'divider' | 'side' | 'difference'} Mode
 */

export const state = {
  /** What the server said of itself. @type {any} */
  server: { models: [], own: [], samples: [], costs: {} },
  /** @type {Picture | null} */
  picture: null,
  /** Names of the chosen models, `default` for the default. @type {string[]} */
  chosen: ['default'],
  /** The options that differ from the defaults. @type {Record<string, any>} */
  options: {},
  /** The last run of each model, by its name. @type {Record<string, Run>} */
  runs: {},
  /** @type {Mode} */
  mode: 'divider',
  /** What is on the left and on the right: `original`, `bicubic`, `lanczos` or a model. */
  a: 'bicubic',
  b: 'default',
  /** The form of the code. */
  language: 'commonjs',
  /** A picture that is being opened, or what went wrong. @type {{ busy?: string, error?: string } } */
  opening: {},
};

/** @type {[string[], () => void][]} */
const listeners = [];

/**
 * @param {string[]} fields
 * @param {() => void} listener called once now, and after each change of one of the fields
 */
export function watch(fields, listener) {
  listeners.push([fields, listener]);
  listener();
}

/** @param {Partial<typeof state>} changes */
export function update(changes) {
  Object.assign(state, changes);
  const changed = Object.keys(changes);
  for (const [fields, listener] of listeners) if (fields.some((field) => changed.includes(field))) listener();
}

/** Whether something is compared with: not a model. */
export const REFERENCES = ['original', 'bicubic', 'lanczos'];

/** @param {string} id of a model or of what is always there */
export function titleOf(id) {
  if (id === 'default') return 'Default';
  if (id === 'original') return 'Original';
  if (id === 'bicubic') return 'Bicubic';
  if (id === 'lanczos') return 'Lanczos';
  return ownModel(id)?.name ?? id;
}

/** @param {string} id @returns {any} */
export function catalogueModel(id) {
  return state.server.models.find((/** @type {any} */ model) => model.id === id);
}

/** @param {string} id @returns {any} */
export function ownModel(id) {
  return state.server.own.find((/** @type {any} */ model) => model.id === id);
}

/**
 * How fast a model is on this machine.
 *
 * @param {string} id
 * @returns {{ speed: number, measured: boolean } | null} in megapixels of input per second
 */
export function speedOf(id) {
  const { costs } = state.server;
  const name = id === 'default' ? 'span-2x' : id;
  if (costs[name] !== undefined) return { speed: costs[name], measured: true };
  const { relativeSpeed } = catalogueModel(name) ?? {};
  if (costs['span-2x'] === undefined || !relativeSpeed) return null;
  return { speed: costs['span-2x'] * relativeSpeed, measured: false };
}

/** The scale of a model where no size is asked for. @param {string} id */
export function scaleOf(id) {
  return id === 'default' ? 2 : (ownModel(id)?.info.scale ?? catalogueModel(id)?.scale ?? 2);
}

/** How many times as large as the picture the result of a model is. @param {string} id */
export function factorOf(id) {
  const { scale, width } = state.options;
  if (scale !== undefined) return scale;
  if (width !== undefined && state.picture) return width / state.picture.facts.width;
  return scaleOf(id);
}
