// @ts-check
import { byId } from './dom.mjs';
import { state, update, watch } from './state.mjs';

/** The options of `upscale`, as far as they change what is seen. */

export function startOptionsPanel() {
  byId('options').addEventListener('change', read);
  byId('options').addEventListener('submit', (/** @type {Event} */ event) => event.preventDefault());
  byId('quality').addEventListener('input', showQuality);
  watch(['options', 'picture'], write);
}

/** From the form to the state: what is at its default is left out. */
function read() {
  const form = byId('options');
  const value = (/** @type {string} */ name) => form.elements[name].value;
  const format = value('format');
  const lossy =
    format === 'jpeg' ||
    format === 'webp' ||
    format === 'avif' ||
    (format === '' && ['JPEG', 'WebP', 'AVIF'].includes(state.picture?.facts.format ?? ''));
  const lossless = form.elements.lossless.checked && format === 'webp';
  const width = Math.round(Number(value('width')));
  /** @type {Record<string, any>} */
  const options = {
    ...sizeFrom(value('size'), width),
    ...(format && { format }),
    ...(lossy && !lossless && Number(value('quality')) !== 90 && { quality: Number(value('quality')) }),
    ...(lossless && { lossless }),
    ...(state.picture?.facts.alpha && value('alpha') && { alpha: value('alpha') }),
    ...(value('keepMetadata') && { keepMetadata: value('keepMetadata') }),
    ...(value('precision') && { precision: value('precision') }),
    ...(value('guard') && { guard: value('guard') === 'on' }),
    ...(value('tile') && { tile: Number(value('tile')) }),
  };
  update({ options });
}

/**
 * @param {string} size
 * @param {number} width
 */
function sizeFrom(size, width) {
  if (size === 'width') return { width: width > 0 ? width : (state.picture?.facts.width ?? 512) * 2 };
  return size === '' ? {} : { scale: Number(size) };
}

/** From the state to the form. */
function write() {
  const { options, picture } = state;
  const { elements } = byId('options');
  elements.size.value = options.width !== undefined ? 'width' : (options.scale ?? '');
  elements.width.value = options.width ?? '';
  elements.format.value = options.format ?? '';
  elements.quality.value = options.quality ?? 90;
  elements.lossless.checked = options.lossless ?? false;
  elements.alpha.value = options.alpha ?? '';
  elements.keepMetadata.value = options.keepMetadata ?? '';
  elements.precision.value = options.precision ?? '';
  elements.guard.value = options.guard === undefined ? '' : options.guard ? 'on' : 'off';
  elements.tile.value = options.tile ?? '';
  const format = options.format ?? picture?.facts.format.toLowerCase();
  byId('width-field').hidden = options.width === undefined;
  byId('quality-field').hidden = !['jpeg', 'webp', 'avif'].includes(format) || options.lossless === true;
  byId('lossless-field').hidden = options.format !== 'webp';
  byId('alpha-field').hidden = picture?.facts.alpha !== true;
  showQuality();
}

function showQuality() {
  byId('quality-value').textContent = byId('quality').value;
}
