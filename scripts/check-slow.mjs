/**
 * `npm run check:slow`: what takes too long, or too much of the network, for `npm test`. It wants a build (`npm run
 * build`); models that are not in the repository are brought and built first.
 */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ROOT, install, run } from './install.mjs';
import { installRedis } from './redis.mjs';

const require = createRequire(import.meta.url);

install();
installRedis();
const { entries } = require('../lib/catalogue');
const maxim = entries.filter(({ architecture }) => architecture === 'maxim').map(({ family }) => family);
run(process.execPath, ['scripts/models/index.mjs', ...new Set(maxim)]);

const checks = readdirSync(`${ROOT}__test__/slow`).filter((file) => file.endsWith('.check.mjs'));
run(process.execPath, ['--test', '--expose-gc', ...checks.map((file) => `__test__/slow/${file}`)]);
