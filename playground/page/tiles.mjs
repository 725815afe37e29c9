// @ts-check
import { request } from './api.mjs';

/**
 * Tiles of pictures and results, as they are needed and as long as there is room. A picture of 24 megapixels is never
 * here as a whole.
 *
 * @typedef {{ id: string, width: number, height: number, levels?: number, faint?: boolean }} Surface levels: how
 *   often it is there at half the size too; by default as often as makes sense. faint: only a preview
 * @typedef {{ bitmap: ImageBitmap | null, stale: boolean, loading: boolean, failed: boolean }} Tile
 */

export const TILE = 256;

/** Tiles of 256 kB that are kept: those of a screen of 4K with two panes, and some. */
const KEPT = 640;

/** Requests at a time; browsers allow six to a host, of which one listens. */
const AT_ONCE = 4;

/** Least recently used first. @type {Map<string, Tile>} */
const tiles = new Map();

/** Latest first: what is looked at now. @type {string[]} */
let wanted = [];
let loading = 0;

/** Called when a tile has come. */
let onTile = () => {};

/** @param {() => void} listener */
export function onTiles(listener) {
  onTile = listener;
}

/** @param {Surface} surface */
export function levelsOf({ width, height, levels = Infinity }) {
  const halvings = Math.ceil(Math.log2(Math.max(Math.max(width, height) / TILE, 1)));
  return Math.min(halvings + 1, levels);
}

/**
 * @param {Surface} surface
 * @param {number} level
 * @param {number} column
 * @param {number} row
 * @returns {ImageBitmap | null} `null` while it is on its way
 */
export function tileOf(surface, level, column, row) {
  const key = `${surface.id}/${level}/${column}/${row}`;
  const tile = tiles.get(key) ?? { bitmap: null, stale: true, loading: false, failed: false };
  tiles.delete(key);
  tiles.set(key, tile);
  if (tile.stale && !tile.loading && !tile.failed) want(key);
  return tile.bitmap;
}

/**
 * Part of a surface has changed.
 *
 * @param {string} id
 * @param {{ x: number, y: number, width: number, height: number }} part in pixels at full size
 */
export function invalidate(id, { x, y, width, height }) {
  for (const [key, tile] of tiles) {
    const [surface, level, column, row] = key.split('/');
    if (surface !== id) continue;
    const side = TILE * 2 ** Number(level);
    const [left, top] = [Number(column) * side, Number(row) * side];
    if (left < x + width && left + side > x && top < y + height && top + side > y) {
      tile.stale = true;
      tile.failed = false;
    }
  }
}

/** @param {string} key */
function want(key) {
  wanted = wanted.filter((other) => other !== key);
  wanted.push(key);
  if (wanted.length > KEPT / 2) wanted.shift();
  queueMicrotask(next);
}

function next() {
  while (loading < AT_ONCE) {
    const key = wanted.pop();
    if (key === undefined) return;
    const tile = tiles.get(key);
    if (tile && !tile.loading) void load(key, tile);
  }
}

/**
 * @param {string} key
 * @param {Tile} tile
 */
async function load(key, tile) {
  loading += 1;
  tile.loading = true;
  tile.stale = false;
  try {
    const response = await request(`tiles/${key}`);
    const pixels = new ImageData(new Uint8ClampedArray(await response.arrayBuffer()), TILE, TILE);
    const bitmap = await createImageBitmap(pixels);
    tile.bitmap?.close();
    tile.bitmap = bitmap;
  } catch {
    // It may belong to a surface that has just been replaced; what is drawn instead is what was there before.
    tile.failed = true;
  }
  tile.loading = false;
  loading -= 1;
  drop();
  onTile();
  next();
}

function drop() {
  for (const [key, tile] of tiles) {
    if (tiles.size <= KEPT) return;
    if (tile.loading) continue;
    tile.bitmap?.close();
    tiles.delete(key);
  }
}

/** Whether everything that was asked for is there. */
export function settled() {
  return loading === 0 && wanted.length === 0;
}
