'use strict';

const { runInNewContext } = require('node:vm');

/**
 * Values that no option is meant to have, each with what it is called in a report. They are made anew for each use.
 *
 * @typedef {[label: string, make: () => unknown]} Labelled
 */

/** What functions of the caller throw here: nothing of the library's. */
class Own extends Error {
  constructor(where) {
    super(`thrown by ${where}`);
  }
}

/** @param {string} where @returns {() => never} */
const throws = (where) => () => {
  throw new Own(where);
};

/** @param {object} target */
function revoked(target) {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** Everything that is done to it throws. @param {object} target */
function throwingProxy(target) {
  const traps = Reflect.ownKeys(Reflect).filter((name) => typeof name === 'string');
  return new Proxy(target, Object.fromEntries(traps.map((name) => [name, throws(`a trap of ${name}`)])));
}

/** Every field that is asked for throws, or is another each time. */
const fields = (get) => new Proxy({}, { get, has: () => true });

function detached() {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

function circular() {
  const object = { scale: 2 };
  object.model = object;
  object.path = object;
  return object;
}

/** Typed arrays whose own fields say something else than what they are. */
const lying = (data, lies) => Object.defineProperties(data, lies);

/** @type {Labelled[]} */
const PRIMITIVES = [
  ...[undefined, null, true, false, 0, -0, 1, -1, 0.5, 1e-320, NaN, Infinity, -Infinity],
  ...[255, 256, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 32 + 2, 2 ** 53 - 1, 2 ** 53, 1e308, -(2 ** 53)],
  ...['', ' ', '2', 'png', 'default', 'cpu', '__proto__', 'constructor', 'toString', 'hasOwnProperty'],
  ...[
    '\0',
    'a\0b.onnx',
    '../x',
    '@x/../../y',
    './missing.onnx',
    'file:///missing.onnx',
    'file://host/x',
    'data:,',
  ],
  ...['data:image/png;base64,AAAA', 'http://[', '\ud800', '%', '🙂', 'NaN', '-1', '1e3', '0x10', '#', '#ggg'],
].map((value) => [typeof value === 'string' ? JSON.stringify(value) : String(value), () => value]);

/** @type {Labelled[]} */
const OBJECTS = [
  ['a string of a million characters', () => 'x'.repeat(1e6)],
  ['a Symbol', () => Symbol('s')],
  ['Symbol.iterator', () => Symbol.iterator],
  ['2n', () => 2n],
  ['2n ** 70n', () => 2n ** 70n],
  ['a function', () => () => {}],
  ['a function that throws', () => throws('a function')],
  ['a function that throws undefined', () => () => { throw undefined; }], // prettier-ignore
  [
    'a function of three parameters that throws',
    () => (_a, _b, _c) => throws('a function of three parameters')(),
  ],
  ['a function that gives a rejection', () => async () => throws('an async function')()],
  ['a function that gives itself', () => function itself() { return itself; }], // prettier-ignore
  ['a class', () => class {}],
  ['a revoked function', () => revoked(() => {})],
  ['[]', () => []],
  ['[undefined]', () => [undefined]],
  ['[[[]]]', () => [[[]]]],
  ['[NaN, 1, 2]', () => [NaN, 1, 2]],
  ["['1', '2', '3']", () => ['1', '2', '3']],
  ['[1, 2, 3, 4]', () => [1, 2, 3, 4]],
  ['[2, 1]', () => [2, 1]],
  ['a list of 2 ** 32 - 1 holes', () => new Array(2 ** 32 - 1)],
  [
    'a list that throws when it is read',
    () => Object.defineProperty([1, 2], 0, { get: throws('an element') }),
  ],
  ['{}', () => ({})],
  ['an object without a prototype', () => Object.create(null)],
  ['an object that is its own field', circular],
  ['an object with __proto__ of its own', () => JSON.parse('{ "__proto__": { "polluted": true, "scale": 3 }, "constructor": { "prototype": { "polluted": true } } }')], // prettier-ignore
  ['fields that throw', () => fields(throws('a field'))],
  [
    'fields that are fields',
    () => fields((_, name) => (typeof name === 'symbol' ? undefined : fields(() => 1))),
  ],
  ['fields that are functions', () => fields(() => () => 1)],
  ['a throwing Proxy', () => throwingProxy({})],
  ['a throwing Proxy of a list', () => throwingProxy([])],
  ['a throwing Proxy of a function', () => throwingProxy(() => {})],
  ['a revoked Proxy', () => revoked({})],
  ['a revoked Proxy of a list', () => revoked([])],
  ['conversions that throw', () => ({ toString: throws('toString'), valueOf: throws('valueOf'), toJSON: throws('toJSON'), [Symbol.toPrimitive]: throws('toPrimitive') })], // prettier-ignore
  ['a number to be converted', () => ({ valueOf: () => 2 })],
  ['new Number(2)', () => new Number(2)],
  ['new String("png")', () => new String('png')],
  ['new Boolean(false)', () => new Boolean(false)],
  ['a Date that is none', () => new Date(NaN)],
  ['a RegExp', () => /x/g],
  ['a Map', () => new Map([['scale', 2]])],
  ['a Promise', () => Promise.resolve(2)],
  ['a thenable that throws', () => ({ then: throws('then') })],
  ['an Error', () => new Own('nobody')],
  ['a generator', () => (function* () {})()], // prettier-ignore
  ['an ArrayBuffer', () => new ArrayBuffer(8)],
  ['an empty ArrayBuffer', () => new ArrayBuffer(0)],
  ['a SharedArrayBuffer', () => new SharedArrayBuffer(8)],
  ['a Uint8Array of nonsense', () => new Uint8Array(64).fill(7)],
  ['a detached Uint8Array', detached],
  ['a Uint8Array that lies', () => lying(new Uint8Array(12), { byteLength: { value: 2 ** 40 }, buffer: { value: 3 }, length: { value: -1 } })], // prettier-ignore
  ['a Uint8Array whose fields throw', () => lying(new Uint8Array(12), { byteLength: { get: throws('byteLength') }, length: { get: throws('length') } })], // prettier-ignore
  ['a Proxy of a Uint8Array', () => new Proxy(new Uint8Array(12), {})],
  ['a Float32Array of NaN', () => new Float32Array(12).fill(NaN)],
  ['a Float64Array', () => new Float64Array(3)],
  ['a BigInt64Array', () => new BigInt64Array(3)],
  ['a DataView', () => new DataView(new ArrayBuffer(8))],
  ['an aborted AbortSignal', () => AbortSignal.abort()],
  ['an AbortSignal aborted with undefined', () => { const c = new AbortController(); c.abort(undefined); return c.signal; }], // prettier-ignore
  ['an AbortSignal aborted with a Proxy', () => AbortSignal.abort(throwingProxy({}))],
  ['half an AbortSignal', () => ({ aborted: false, addEventListener() {} })],
  ['an AbortSignal that throws', () => ({ aborted: false, addEventListener: throws('addEventListener'), removeEventListener: throws('removeEventListener') })], // prettier-ignore
  ['an AbortController', () => new AbortController()],
  ['a URL', () => new URL('http://127.0.0.1:9/x')],
  ['a file: URL that is not there', () => new URL('file:///missing/x.onnx')],
  ['half a URL', () => ({ href: 'nonsense', protocol: 'file:', searchParams: 1 })],
  ['an object of another realm', () => runInNewContext('({ scale: 2, path: 3 })')],
  ['a list of another realm', () => runInNewContext('[1, "x", {}]')],
  ['globalThis', () => globalThis],
  ['a WeakRef', () => new WeakRef({})],
];

module.exports = { Own, HOSTILE: [...PRIMITIVES, ...OBJECTS] };
