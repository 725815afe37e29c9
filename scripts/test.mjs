/** `npm test`: everything that must hold before a change goes in, from a fresh clone on. */
import { readdirSync } from 'node:fs';
import { build } from './build.mjs';
import { chromium } from './chromium.mjs';
import { ROOT, install, run } from './install.mjs';
import { installRedis } from './redis.mjs';
import { installStrace } from './strace.mjs';

install();
installRedis();
installStrace();
chromium();
build();
run('cargo', ['test']);
run('npm', ['run', '--silent', 'lint']);

const tests = readdirSync(`${ROOT}__test__`, { recursive: true })
  .filter((file) => /\.test\.[cm]?js$/.test(file))
  .map((file) => `__test__/${file}`);
run(process.execPath, ['--test', '--expose-gc', ...tests]);
