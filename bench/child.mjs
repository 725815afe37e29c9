/**
 * A contender in a process of its own, so that its memory, its event loop and its cold start are its own.
 * `node child.mjs <contender> <options as JSON>`; requests and replies are messages.
 */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const [name, options] = process.argv.slice(2);

const started = performance.now();
const { load } = await import(`./contenders/${name}.mjs`);
const contender = await load(JSON.parse(options)).catch((error) => {
  process.send({ error: `${error.message.split('\n')[0]}` });
  process.exit();
});
process.send({ loaded: performance.now() - started, note: contender.note });

process.on('message', async ({ task, ...request }) => {
  try {
    process.send(await { upscale, load: underLoad, cold }[task](request));
  } catch (error) {
    process.send({ error: error.message.split('\n')[0] });
  }
});

/** One picture; with `keep` the result comes with the figures. */
async function upscale({ picture, format, keep = false }) {
  const image = Buffer.from(picture, 'base64');
  const watch = watchEventLoop();
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const result = await contender.upscale(image, format);
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  const kept = keep ? Buffer.from(result).toString('base64') : undefined;
  const figures = { ms, cpuMs: (user + system) / 1e3, gap: await watch.end(), rss: peakRss() };
  return { ...figures, bytes: result.length, kept };
}

/** From the start of loading to the end of the first picture. */
async function cold({ picture, format }) {
  await contender.upscale(Buffer.from(picture, 'base64'), format);
  return { ms: performance.now() - started };
}

/** Many pictures, `concurrent` at a time, in a fixed order. */
async function underLoad({ pictures, format, concurrent, requests }) {
  const images = pictures.map((picture) => Buffer.from(picture, 'base64'));
  const latencies = [];
  let next = 0;
  const worker = async () => {
    while (next < requests) {
      const image = images[next++ % images.length];
      const begun = performance.now();
      await contender.upscale(image, format);
      latencies.push(performance.now() - begun);
    }
  };
  const watch = watchEventLoop();
  const begun = performance.now();
  await Promise.all(Array.from({ length: concurrent }, worker));
  const ms = performance.now() - begun;
  return { ms, latencies, gap: await watch.end(), rss: peakRss() };
}

/** The largest time between two turns of the event loop, from which the timer's own millisecond is taken off. */
function watchEventLoop() {
  const INTERVAL = 1;
  let [last, largest] = [performance.now(), 0];
  const look = () => {
    const now = performance.now();
    largest = Math.max(largest, now - last - INTERVAL);
    last = now;
  };
  const timer = setInterval(look, INTERVAL);
  return {
    /** What blocked the loop until the very end shows only when the timer fires next. */
    async end() {
      await new Promise((resolve) => setTimeout(resolve, INTERVAL));
      look();
      clearInterval(timer);
      return largest;
    },
  };
}

/** In MiB. Linux counts what the parent held when it forked into `maxRSS`, but not into `VmHWM`. */
function peakRss() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1024;
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(kilobytes) / 1024;
}
