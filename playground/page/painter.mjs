// @ts-check
import { TILE, levelsOf, tileOf } from './tiles.mjs';
import { placed } from './view.mjs';

/**
 * Draws surfaces into panes, tile by tile.
 *
 * @typedef {import('./tiles.mjs').Surface} Surface
 * @typedef {import('./view.mjs').View} View
 * @typedef {import('./view.mjs').Size} Size
 * @typedef {{ x: number, y: number, width: number, height: number }} Rect in pixels of the screen
 */

/** How much is seen of what is only a preview. */
const FAINT = 0.45;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Rect} pane what is outside stays as it is
 * @param {View} view
 * @param {Size} picture
 * @param {{ surfaces: Surface[], ground: CanvasPattern | null, squares: number }} what surfaces: the last is wanted; where
 *   it is not there yet, those before it are seen. ground: what is seen through the picture. squares: from which size on
 *   the screen pixels are not smoothed
 */
export function paint(context, pane, view, picture, { surfaces, ground, squares }) {
  const place = placed(view, picture, pane);
  context.save();
  if (ground) context.fillStyle = ground;
  context.beginPath();
  context.rect(pane.x, pane.y, pane.width, pane.height);
  context.clip();
  context.translate(pane.x + place.left, pane.y + place.top);
  if (ground) context.fillRect(0, 0, place.width, place.height);
  const seen = {
    left: -place.left,
    top: -place.top,
    right: pane.width - place.left,
    bottom: pane.height - place.top,
  };
  for (const surface of surfaces)
    paintSurface(
      context,
      surface,
      place,
      seen,
      surface === surfaces.at(-1) && !surface.faint ? squares : Infinity,
    );
  context.restore();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Surface} surface
 * @param {Size} place its size on the screen
 * @param {{ left: number, top: number, right: number, bottom: number }} seen
 * @param {number} squares
 */
function paintSurface(context, surface, place, seen, squares) {
  const scale = place.width / surface.width;
  const level = Math.min(Math.max(Math.floor(Math.log2(1 / scale) + 1e-6), 0), levelsOf(surface) - 1);
  // Sides are halved and rounded up, so the last pixel of a level may lie partly outside.
  const pixel = scale * 2 ** level;
  const side = TILE * pixel;
  const width = Math.ceil(surface.width / 2 ** level);
  const height = Math.ceil(surface.height / 2 ** level);
  context.globalAlpha = surface.faint ? FAINT : 1;
  context.imageSmoothingEnabled = pixel < squares && pixel !== 1;
  context.imageSmoothingQuality = 'high';
  const first = {
    column: Math.max(Math.floor(seen.left / side), 0),
    row: Math.max(Math.floor(seen.top / side), 0),
  };
  for (let row = first.row; row * side < seen.bottom && row * TILE < height; row++) {
    for (let column = first.column; column * side < seen.right && column * TILE < width; column++) {
      const bitmap = tileOf(surface, level, column, row);
      if (bitmap === null) continue;
      const [w, h] = [Math.min(TILE, width - column * TILE), Math.min(TILE, height - row * TILE)];
      const [left, top] = [Math.round(column * side), Math.round(row * side)];
      const right = Math.round(column * side + w * pixel);
      const bottom = Math.round(row * side + h * pixel);
      context.drawImage(bitmap, 0, 0, w, h, left, top, right - left, bottom - top);
    }
  }
}
