// @ts-check

/**
 * Which part of the picture is looked at, in pixels of the picture, so that results of every scale show the same.
 * `zoom` is pixels of the screen for each pixel of the picture.
 *
 * @typedef {{ x: number, y: number, zoom: number }} View x and y: the middle of every pane
 * @typedef {{ width: number, height: number }} Size
 */

/** A pixel of the picture takes at most so many of the screen. */
const LARGEST_ZOOM = 64;

/**
 * All of the picture.
 *
 * @param {Size} picture
 * @param {Size} pane in pixels of the screen
 * @returns {View}
 */
export function fitted(picture, pane) {
  const zoom = Math.min(pane.width / picture.width, pane.height / picture.height);
  return { x: picture.width / 2, y: picture.height / 2, zoom };
}

/**
 * @param {View} view
 * @param {number} zoom
 * @param {{ x: number, y: number }} [at] a point of the picture that stays where it is
 * @returns {View}
 */
export function zoomed(view, zoom, at = view) {
  const ratio = view.zoom / zoom;
  return { x: at.x + (view.x - at.x) * ratio, y: at.y + (view.y - at.y) * ratio, zoom };
}

/**
 * A view within reason: some of the picture is always there.
 *
 * @param {View} view
 * @param {Size} picture
 * @param {Size} pane
 * @returns {View}
 */
export function limited(view, picture, pane) {
  const least = Math.min(fitted(picture, pane).zoom / 2, 1);
  const zoom = Math.min(Math.max(view.zoom, least), LARGEST_ZOOM);
  const within = (/** @type {number} */ value, /** @type {number} */ side) =>
    Math.min(Math.max(value, 0), side);
  return { x: within(view.x, picture.width), y: within(view.y, picture.height), zoom };
}

/**
 * Where a surface that shows the whole picture lies in a pane. At one pixel to one, edges fall on pixels of the screen.
 *
 * @param {View} view
 * @param {Size} picture
 * @param {Size} pane
 */
export function placed(view, picture, pane) {
  return {
    left: Math.round(pane.width / 2 - view.x * view.zoom),
    top: Math.round(pane.height / 2 - view.y * view.zoom),
    width: picture.width * view.zoom,
    height: picture.height * view.zoom,
  };
}
