'use strict';

const { HOSTILE, Own } = require('./hostile');
const { PICTURES, fieldsOf } = require('./valid');

/**
 * Calls of the public API with arguments that a seed chooses: of every option's own values, of hostile ones, and of both
 * in objects of several kinds.
 *
 * @typedef {import('./random').Random} Random
 * @typedef {{ said: string, value: unknown }} Argument what is given, and how a report calls it
 */

/** How many options a call has at most: with more of them nearly all calls are refused for the first. */
const MAX_OPTIONS = 4;

class Arguments {
  /** @param {Random} random @param {number} hostility the share of values that are hostile */
  constructor(random, hostility) {
    this.random = random;
    this.hostility = hostility;
  }

  /** @returns {Argument} */
  hostile() {
    const [said, make] = this.random.pick(HOSTILE);
    return { said, value: make() };
  }

  /** @param {(() => unknown)[]} good @param {string} name @returns {Argument} */
  value(good, name) {
    if (this.random.chance(this.hostility)) return this.hostile();
    const index = this.random.below(good.length);
    return { said: `${name} ${index}`, value: good[index]() };
  }

  /**
   * Some fields of an interface of index.d.ts.
   *
   * @param {string} name
   * @param {string[]} [always] fields that it has in any case
   * @returns {Argument}
   */
  object(name, always = []) {
    if (this.random.chance(0.04)) return this.hostile();
    const fields = this.random.some(Object.keys(fieldsOf(name)), MAX_OPTIONS);
    const chosen = [...new Set([...always, ...fields])].map((key) => [key, this.field(name, key)]);
    const said = chosen.map(([key, argument]) => `${key}: ${argument.said}`).join(', ');
    const [kind, value] = this.wrap(chosen.map(([key, argument]) => [key, argument.value]));
    return { said: `${kind} { ${said} }`, value };
  }

  /** @param {string} name @param {string} key @returns {Argument} */
  field(name, key) {
    const nested = { model: ['ModelQuery', 'ModelDefinition'], warmupSizes: ['WarmupSizesByPatchSize'] }[key];
    if (nested && this.random.chance(0.4)) {
      const inner = this.random.pick(nested);
      return this.object(inner, inner === 'ModelDefinition' ? ['path'] : []);
    }
    return this.value(fieldsOf(name)[key], key);
  }

  /** @param {[string, unknown][]} fields @returns {[kind: string, object: object]} */
  wrap(fields) {
    const plain = Object.fromEntries(fields);
    const [key] = this.random.pick(fields.length > 0 ? fields : [['none']]);
    const getter = (get) => Object.defineProperty({ ...plain }, key, { get, enumerable: true });
    switch (this.random.below(24)) {
      case 0:
        return ['inherited', Object.create(plain)];
      case 1:
        return ['frozen, without a prototype', Object.freeze(Object.assign(Object.create(null), plain))];
      case 2:
        return [
          `a getter of ${key} that throws in`,
          getter(() => {
            throw new Own(`the getter of ${key}`);
          }),
        ];
      case 3: {
        let asked = 0;
        const after = this.random.below(3);
        const other = this.hostile();
        const get = () => (asked++ < after ? plain[key] : other.value);
        return [`${key} that becomes ${other.said} after ${after} times in`, getter(get)];
      }
      case 4:
        return ['a Proxy of', new Proxy(plain, {})];
      case 5:
        return ['more fields in', { ...plain, [Symbol('s')]: 1, ['x'.repeat(5000)]: 1, qualty: 3, 1: 2 }];
      default:
        return ['', plain];
    }
  }

  /** @returns {Argument} */
  picture() {
    if (this.random.chance(this.hostility / 2)) return this.hostile();
    if (this.random.chance(0.7)) return this.value(PICTURES, 'picture');
    const name = this.random.pick(['RawInput', 'TensorInput', 'TensorFlowTensor']);
    const always = name === 'RawInput' ? ['data', 'width', 'height', 'channels'] : ['data', 'shape'];
    return this.object(name, always);
  }

  /** @returns {Argument} */
  sizes() {
    return this.random.chance(0.5)
      ? this.value(fieldsOf('UpscalerOptions').warmupSizes, 'sizes')
      : this.object('WarmupSizesByPatchSize', ['patchSize']);
  }

  /** @returns {Argument} */
  integer() {
    return this.value([() => 1, () => 5, () => 64, () => 1000], 'integer');
  }
}

module.exports = { Arguments };
