/** Every fuzz target for a while, where cargo-fuzz and a nightly toolchain are there; they are in the nightly workflow. */
import { test } from 'node:test';
import { fuzz, isThere } from '../../scripts/fuzz.mjs';

const SECONDS = 20;

test('no fuzz target finds anything', { skip: !isThere() && 'cargo-fuzz is not installed' }, () =>
  fuzz(SECONDS),
);
