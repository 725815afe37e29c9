/** The table and the chart of every network. */
import { PIPELINE, fixed, median, setting, table } from './report.mjs';

/** @typedef {{ model: string, size: [number, number], ours: number, stock: number, pipeline: number, rss: number, pipelineRss: number }} Row */

/** @returns {Row[]} of cases in which the contenders that are compared ran */
function rows(measured) {
  return measured.flatMap(({ model, size, results }) => {
    const runs = (name, key) => (results[name]?.runs ?? []).map((run) => run[key]);
    const time = (name) => (runs(name, 'ms').length > 0 ? median(runs(name, 'ms')) : Infinity);
    const [best] = [...PIPELINE].sort((a, b) => time(a) - time(b));
    const [ours, stock, pipeline] = ['ours', 'ours-stock', best].map(time);
    if (![ours, stock, pipeline].every(Number.isFinite)) return [];
    const peak = (name) => Math.max(...runs(name, 'rss'));
    return [{ model, size, ours, stock, pipeline, rss: peak('ours'), pipelineRss: peak(best) }];
  });
}

const milliseconds = (value) => fixed(value, value < 100 ? 1 : 0);

/** A model without its npm scope. */
const label = (model) => model.replace('@upscalerjs/', '');

export function networksTable(measured) {
  const cells = rows(measured).map(({ model, size, ours, stock, pipeline, rss, pipelineRss }) => [
    label(model),
    size.join('x'),
    milliseconds(ours),
    milliseconds(stock),
    milliseconds(pipeline),
    `${fixed(pipeline / ours, 2)}x`,
    `${fixed(stock / ours, 2)}x`,
    fixed(rss),
    fixed(pipelineRss),
  ]);
  const header = [
    'network',
    'picture',
    'upscaler-node, ms',
    "on ONNX Runtime's kernels, ms",
    'best onnxruntime-node + sharp, ms',
    'faster than that pipeline',
    'faster than its kernels',
    'peak RSS, MiB',
    'that pipeline’s, MiB',
  ];
  return [
    '# Every network',
    '',
    `- ${new Date().toISOString().slice(0, 10)}, medians, PNG to PNG`,
    ...setting(),
    '',
    ...table(header, cells),
    '',
  ].join('\n');
}

const BAR = { height: 15, gap: 13, left: 150, width: 520 };

/** Megapixels of input a second, of medium pictures: ours, and the best hand-made pipeline. */
export function chart(measured) {
  const speeds = rows(measured)
    .filter(({ size }) => size[0] === 512)
    .map(({ model, size, ours, pipeline }) => {
      const speed = (ms) => (size[0] * size[1]) / ms / 1e3;
      return { model, ours: speed(ours), pipeline: speed(pipeline) };
    })
    .sort((a, b) => b.ours - a.ours);
  const most = Math.max(...speeds.map(({ ours, pipeline }) => Math.max(ours, pipeline)));
  const row = 2 * BAR.height + BAR.gap;
  const [width, height] = [BAR.left + BAR.width + 110, speeds.length * row + 50];
  const bar = (value, y, colour, text) => {
    const length = fixed((value / most) * BAR.width, 1);
    return (
      `<rect x="${BAR.left}" y="${y}" width="${length}" height="${BAR.height}" fill="${colour}"/>` +
      `<text x="${BAR.left + Number(length) + 6}" y="${y + 12}" font-size="12">${text}</text>`
    );
  };
  const bars = speeds.flatMap(({ model, ours, pipeline }, index) => {
    const y = 40 + index * row;
    return [
      `<text x="${BAR.left - 8}" y="${y + BAR.height + 4}" text-anchor="end" font-size="13">${label(model)}</text>`,
      bar(ours, y, '#1a7f5a', `${fixed(ours, 2)} (${fixed(ours / pipeline, 1)}x)`),
      bar(pipeline, y + BAR.height, '#b8bfc6', fixed(pipeline, 2)),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" fill="#24292f">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="12" y="22" font-size="14">Megapixels a second, 512x512 PNG to PNG: <tspan fill="#1a7f5a">upscaler-node</tspan> and <tspan fill="#6e7781">the best of onnxruntime-node + sharp</tspan></text>`,
    ...bars,
    '</svg>',
    '',
  ].join('\n');
}
