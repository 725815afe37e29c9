'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { findByName, findByQuery, listModels, unknownName } = require('../lib/models');

const code = 'ERR_UPSCALER_MODEL_NOT_FOUND';

test('the list is narrowed by a query', () => {
  const all = listModels();
  assert.ok(all.length >= 2);
  const four = listModels({ scale: 4 });
  assert.deepEqual(
    four.map(({ id }) => id),
    all.filter(({ scale }) => scale === 4).map(({ id }) => id),
  );
  assert.deepEqual(listModels({ scale: 5 }), []);
});

test('ids, aliases and paths are unique, and every entry tells what it must', () => {
  const names = listModels().flatMap(({ id, aliases, path }) => [id, path, ...aliases]);
  assert.equal(new Set(names).size, names.length);
  for (const entry of listModels()) {
    assert.match(entry.path, /^[\w.-]+\/[\w.-]+\/[\w.-]+\/\d+x\/\d$/);
    assert.ok(entry.license && entry.authors && entry.training.repository, entry.id);
    assert.equal(typeof entry.installed, 'boolean');
    assert.ok(!('file' in entry));
  }
});

test('the list may be changed by whoever asked for it', () => {
  listModels()[0].settings.features = -1;
  assert.notEqual(listModels()[0].settings.features, -1);
});

test('a query with a field that no entry has is a mistake', () => {
  assert.throws(() => listModels({ sclae: 2 }), { code: 'ERR_INVALID_ARG_TYPE', message: /"sclae"/ });
  assert.throws(() => listModels('span'), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('names: id, verbose path, family with a scale, default', () => {
  assert.equal(findByName('span-4x').id, 'span-4x');
  assert.equal(findByName(findByName('span-4x').path).id, 'span-4x');
  assert.equal(findByName('span').id, 'span-2x');
  assert.equal(findByName('span', 4).id, 'span-4x');
  assert.equal(findByName('default').id, 'span-2x');
  assert.equal(findByName('default', 4).id, 'span-4x');
  assert.equal(findByName('span5'), undefined);
});

test('a scale that a name does not come in is refused with those it does', () => {
  assert.throws(() => findByName('span', 3), { code, message: /span-2x \(scale 2\); span-4x \(scale 4\)/ });
  assert.throws(() => findByName('span-2x', 4), { code });
});

test('the best match of a query, or the nearest and what differs', () => {
  assert.equal(findByQuery({ scale: 4, domain: 'photo' }).id, 'span-4x');
  assert.equal(findByQuery({}).id, 'span-2x');
  assert.throws(() => findByQuery({ scale: 4, domain: 'face' }), {
    code,
    message: /Nearest: span-4x \(domain "photo"\)/,
  });
});

test('an unknown name is answered with those that look like it', () => {
  assert.match(unknownName('spam-2x').message, /Nearest: span-2x/);
});
