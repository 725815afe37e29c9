/** `npm run playground [-- --port 4545]`: the page of the playground, until Ctrl-C. */
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const { start } = require('../playground/index.js');

const { values } = parseArgs({ options: { port: { type: 'string' } } });
const { url, close } = await start({ port: values.port === undefined ? undefined : Number(values.port) });
console.log(`The playground is at ${url}\nCtrl-C ends it and removes its files.`);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => close());
