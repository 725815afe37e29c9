/**
 * Cuts a picture into tiles of `core` x `core` pixels, each with up to `halo` pixels of context around.
 *
 * @param {number} width
 * @param {number} height
 * @param {number} core
 * @param {number} halo
 * @returns {{ x: number, y: number, w: number, h: number, core: { x: number, y: number, w: number, h: number } }[]}
 */
export function tiles(width, height, core, halo) {
  const columns = spans(width, core, halo);
  return spans(height, core, halo).flatMap((row) =>
    columns.map((column) => ({
      x: column.from,
      y: row.from,
      w: column.size,
      h: row.size,
      core: { x: column.at, y: row.at, w: column.core, h: row.core },
    })),
  );
}

function spans(total, core, halo) {
  const count = Math.ceil(total / core);
  return Array.from({ length: count }, (_, index) => {
    const at = index * core;
    const end = Math.min(total, at + core);
    const from = Math.max(0, at - halo);
    return { at, core: end - at, from, size: Math.min(total, end + halo) - from };
  });
}
