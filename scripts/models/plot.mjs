/** Quality against speed of the catalogue's models, as an SVG. */

/** @typedef {import('../../lib/catalogue/entry').Entry} Entry */

/** What plain bicubic resampling scores on Set5, in dB. */
const BICUBIC = { 2: 33.68, 4: 28.43 };

const PANEL = { width: 430, height: 330, left: 56, top: 60, gap: 90 };
const COLOURS = {
  photo: '#1a7f5a',
  'photo-restoration': '#0969da',
  illustration: '#bf5700',
};

/**
 * One panel for 2x, one for 4x: across, the speed on a logarithmic scale; up, the PSNR-Y on Set5.
 *
 * @param {Entry[]} entries
 * @returns {string}
 */
export function plot(entries) {
  // Those of one channel are measured on grey pictures, which are not the same.
  const known = entries.filter(
    ({ quality, relativeSpeed, channels }) => quality.set5 && relativeSpeed && channels === 3,
  );
  const panels = [2, 4].map((scale, index) =>
    panel(
      known.filter((entry) => entry.scale === scale),
      scale,
      index * (PANEL.width + PANEL.gap),
    ),
  );
  const width = 2 * PANEL.width + PANEL.gap + PANEL.left + 40;
  const height = PANEL.height + PANEL.top + 60;
  const legend = Object.entries(COLOURS).map(([domain, colour], index) =>
    text(PANEL.left + index * 150, 24, `● ${domain}`, { fill: colour }),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#24292f">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...legend,
    ...panels,
    '</svg>',
    '',
  ].join('\n');
}

/**
 * @param {Entry[]} entries
 * @param {2 | 4} scale
 * @param {number} offset
 */
function panel(entries, scale, offset) {
  const speeds = entries.map(({ relativeSpeed }) => Math.log2(/** @type {number} */ (relativeSpeed)));
  const qualities = entries.map(({ quality }) => /** @type {{ psnrY: number }} */ (quality.set5).psnrY);
  const [slowest, fastest] = [Math.floor(Math.min(...speeds)), Math.ceil(Math.max(...speeds))];
  const [worst, best] = [Math.floor(Math.min(...qualities)) - 1, Math.ceil(Math.max(...qualities))];
  const left = PANEL.left + offset;
  const x = (/** @type {number} */ speed) =>
    Math.round(left + ((speed - slowest) / (fastest - slowest)) * PANEL.width);
  const y = (/** @type {number} */ quality) =>
    Math.round(PANEL.top + ((best - quality) / (best - worst)) * PANEL.height);
  const bottom = PANEL.top + PANEL.height;
  const ticks = Array.from({ length: fastest - slowest + 1 }, (_, index) => slowest + index).map(
    (power) =>
      `${line(x(power), bottom, x(power), bottom + 4)}${text(x(power), bottom + 18, speedName(power), MIDDLE)}`,
  );
  const levels = Array.from({ length: best - worst + 1 }, (_, index) => worst + index)
    .filter((level) => (level - worst) % 2 === 0)
    .map((level) => `${line(left - 4, y(level), left, y(level))}${text(left - 8, y(level) + 4, level, END)}`);
  const baseline = y(BICUBIC[scale]);
  return [
    text(
      left + PANEL.width / 2,
      PANEL.top - 12,
      `${scale}x: PSNR-Y on Set5 (dB), speed (span-2x is 1)`,
      MIDDLE,
    ),
    line(left, PANEL.top, left, bottom),
    line(left, bottom, left + PANEL.width, bottom),
    ...ticks,
    ...levels,
    `<line x1="${left}" y1="${baseline}" x2="${left + PANEL.width}" y2="${baseline}" stroke="#8c959f" stroke-dasharray="4 4"/>`,
    text(left + 4, baseline + 14, 'bicubic', { fill: '#6e7781' }),
    ...points(entries, x, y, left + PANEL.width + 30),
  ].join('\n');
}

/**
 * Dots with names; names that would lie on each other move down.
 *
 * @param {Entry[]} entries
 * @param {(speed: number) => number} x
 * @param {(quality: number) => number} y
 * @param {number} right where names must end
 */
function points(entries, x, y, right) {
  /** @type {{ x: number, y: number, width: number }[]} */
  const names = [];
  return [...entries]
    .sort((a, b) => /** @type {any} */ (b.quality.set5).psnrY - /** @type {any} */ (a.quality.set5).psnrY)
    .map(({ id, domain, quality, relativeSpeed }) => {
      const at = {
        x: x(Math.log2(/** @type {number} */ (relativeSpeed))),
        y: y(/** @type {{ psnrY: number }} */ (quality.set5).psnrY),
      };
      const width = id.length * 6.2;
      const name = { x: at.x + 7 + width > right ? at.x - 7 - width : at.x + 7, y: at.y + 4, width };
      const onAnother = (/** @type {typeof name} */ other) =>
        Math.abs(other.y - name.y) < 12 && name.x < other.x + other.width && other.x < name.x + name.width;
      while (names.some(onAnother)) name.y += 3;
      names.push(name);
      const fill = COLOURS[/** @type {keyof typeof COLOURS} */ (domain)] ?? '#57606a';
      return `<circle cx="${at.x}" cy="${at.y}" r="4" fill="${fill}"/>${text(name.x, name.y, id, { fill })}`;
    });
}

const MIDDLE = { 'text-anchor': 'middle' };
const END = { 'text-anchor': 'end' };

/** @param {number} power of two */
function speedName(power) {
  return power < 0 ? `1/${2 ** -power}` : `${2 ** power}`;
}

/**
 * @param {number} x1
 * @param {number} y1
 * @param {number} x2
 * @param {number} y2
 */
function line(x1, y1, x2, y2) {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#57606a"/>`;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string | number} content
 * @param {Record<string, string>} [attributes]
 */
function text(x, y, content, attributes = {}) {
  const more = Object.entries(attributes).map(([name, value]) => ` ${name}="${value}"`);
  return `<text x="${x}" y="${y}"${more.join('')}>${content}</text>`;
}
