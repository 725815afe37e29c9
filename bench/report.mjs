/** Figures to Markdown. */
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { createRequire } from 'node:module';
import { CONTENDERS } from './contenders/index.mjs';

const require = createRequire(import.meta.url);

export const median = (values) => quantile(values, 0.5);

function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at % 1);
}

export const fixed = (value, digits = 0) => value.toFixed(digits);

/** The hand-made pipeline is judged by the best of its variants. */
export const PIPELINE = ['ort-whole', 'ort-128', 'ort-256'];

export function report({ upscales, underLoad, coldStart, sizes, seconds }, quick) {
  return [
    '# Benchmark results',
    '',
    `- ${quick ? 'quick run' : 'full run'}, ${fixed(seconds / 60, 1)} minutes, ${new Date().toISOString().slice(0, 10)}`,
    ...setting(),
    '',
    '## One picture at a time',
    '',
    'Medians. “ratio” is the time of the fastest onnxruntime-node + sharp variant divided by this one’s: above 1 is faster',
    'than it.',
    '',
    ...upscales.flatMap(upscaleTable),
    ...loadTable(underLoad),
    ...coldTable(coldStart, sizes),
    '',
  ].join('\n');
}

/** The machine and the versions of everything. */
export function setting() {
  const version = (name) => {
    try {
      return require(`./node_modules/${name}/package.json`).version;
    } catch {
      return 'not there';
    }
  };
  const names = [
    'onnxruntime-node',
    'sharp',
    'upscaler',
    '@tensorflow/tfjs-backend-wasm',
    '@tensorflow/tfjs-node',
  ];
  return [
    `- ${cpus()[0].model.trim()}, ${availableParallelism()} cores, ${fixed(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}, Node ${process.version}`,
    `- upscaler-node ${require('../package.json').version}, ${names.map((name) => `${name} ${version(name)}`).join(', ')}`,
    '- Every contender is a process of its own; they take turns picture by picture, so that noise falls on all alike, with a pause between, so that spinning threads of one do not hold up the next.',
    '- From the bytes of a file to the bytes of a file. PNG at each library’s default level, JPEG at quality 90, 4:4:4.',
    '- CPU: user and system time of the whole process. RSS: its peak. Gap: the longest time its event loop stood still.',
  ];
}

function upscaleTable({ model, size, format, results }) {
  const rows = Object.entries(results);
  const times = Object.fromEntries(
    rows
      .filter(([, { runs }]) => runs.length > 0)
      .map(([name, { runs }]) => [name, median(runs.map(({ ms }) => ms))]),
  );
  const best = Math.min(...PIPELINE.map((name) => times[name] ?? Infinity));
  const megapixels = (size[0] * size[1]) / 1e6;
  const cells = rows.map(([name, { runs, note, error }]) => {
    if (times[name] === undefined) return [CONTENDERS[name].label, `not there: ${error}`];
    const column = (key) => runs.map((run) => run[key]);
    return [
      CONTENDERS[name].label + (note ? ` (${note})` : ''),
      fixed(times[name], times[name] < 100 ? 1 : 0),
      Number.isFinite(best) ? fixed(best / times[name], 2) : '',
      fixed((megapixels / times[name]) * 1e3, 2),
      fixed(median(column('cpuMs'))),
      fixed(Math.max(...column('rss'))),
      fixed(median(column('gap')), 1),
      fixed(median(column('bytes')) / 1e3),
      String(runs.length),
    ];
  });
  const header = ['', 'ms', 'ratio', 'MP/s', 'CPU ms', 'peak RSS, MiB', 'gap, ms', 'file, kB', 'runs'];
  return [`### ${model}, ${size.join('x')}, ${format.toUpperCase()}`, '', ...table(header, cells), ''];
}

function loadTable({ model, format, concurrent, requests, sizes, results }) {
  const cells = Object.entries(results).map(([name, { runs, error }]) => {
    if (runs.length === 0) return [CONTENDERS[name].label, `not there: ${error}`];
    const latencies = runs.flatMap((run) => run.latencies);
    return [
      CONTENDERS[name].label,
      fixed((requests / median(runs.map(({ ms }) => ms))) * 1e3, 1),
      fixed(quantile(latencies, 0.5)),
      fixed(quantile(latencies, 0.99)),
      fixed(Math.max(...runs.map(({ rss }) => rss))),
      fixed(Math.max(...runs.map(({ gap }) => gap)), 1),
    ];
  });
  const header = ['', 'pictures/s', 'p50, ms', 'p99, ms', 'peak RSS, MiB', 'largest gap, ms'];
  const pictures = sizes.map((size) => size.join('x')).join(', ');
  return [
    `## ${concurrent} requests at a time`,
    '',
    `${model}, ${format.toUpperCase()}, ${requests} pictures of ${pictures}.`,
    '',
    ...table(header, cells),
    '',
  ];
}

function coldTable({ model, size, results }, sizes) {
  const cells = Object.entries(results).map(([name, { runs, error }]) => {
    if (runs.length === 0) return [CONTENDERS[name].label, `not there: ${error}`];
    return [CONTENDERS[name].label, fixed(median(runs.map(({ ms }) => ms))), fixed(sizes[name])];
  });
  return [
    '## Cold start and size',
    '',
    `From \`require\` to the first ${size.join('x')} result of ${model}, files in the page cache. Size: the packages that npm`,
    'installs for it, models included where they come with them.',
    '',
    ...table(['', 'cold start, ms', 'on disk, MB'], cells),
  ];
}

/** A row that says why a contender is not there is shorter than the others. */
export function table(header, rows) {
  const line = (cells) => `| ${header.map((_, index) => cells[index] ?? '').join(' | ')} |`;
  return [line(header), line(header.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)];
}
