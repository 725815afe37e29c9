/** Numbers and names as people read them, for pages and tables. */

/** @param {number} count */
export function count(count) {
  if (count >= 1e6) return `${(count / 1e6).toFixed(2)} M`;
  return `${Math.round(count / 1e3)} k`;
}

/** @param {number} bytes */
export function size(bytes) {
  return bytes >= 1e7 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

/** @param {{ psnrY: number, ssimY: number } | null} set5 */
export function set5(set5) {
  return set5 === null ? '–' : `${set5.psnrY.toFixed(2)} / ${set5.ssimY.toFixed(4)}`;
}

/**
 * @template T
 * @param {T | null} value
 * @param {(value: T) => string} show
 */
export function known(value, show) {
  return value === null ? '–' : show(value);
}

/** @param {number | null} pixels */
export function reach(pixels) {
  return pixels === null ? 'all' : `${pixels} px`;
}

/** @param {number} relative */
export function speed(relative) {
  return relative >= 0.1 ? relative.toFixed(2) : relative.toPrecision(2);
}

/** @param {Record<string, unknown>} settings */
export function settings(settings) {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

/**
 * A Markdown table.
 *
 * @param {string[]} head
 * @param {string[][]} rows
 */
export function table(head, rows) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
