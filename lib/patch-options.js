// @ts-check
'use strict';

const { warnOnce } = require('./warn');

/**
 * @typedef {import('./native').ModelInfo} ModelInfo
 * @typedef {{ patchSize?: number, padding?: number }} PatchOptions
 */

/**
 * What UpscalerJS does with an explicit `patchSize` and `padding`: it warns, once, of what will show as seams or has
 * no effect, rounds a patch up to the model's divisor, and takes a padding that was not given as none.
 *
 * @param {PatchOptions} given
 * @param {ModelInfo} info
 * @param {number} [divisor] the model definition's divisibilityFactor
 * @returns {PatchOptions}
 */
function checkPatches({ patchSize, padding }, info, divisor = 1) {
  if (patchSize === undefined) return {};
  if (info.fixedSize !== undefined) {
    warnOnce(
      'UPSCALER_PATCH_SIZE',
      `patchSize is ignored: ${info.name} takes pictures of ${info.fixedSize.join(' x ')} only`,
    );
    return {};
  }
  warnOfSeams(patchSize, padding, info);
  const rounded = Math.ceil(patchSize / divisor) * divisor;
  if (rounded !== patchSize) {
    warnOnce(
      'UPSCALER_PATCH_SIZE',
      `patchSize ${patchSize} was raised to ${rounded}: ${info.name} takes multiples of ${divisor}`,
    );
  }
  return { patchSize: rounded, padding: padding ?? 0 };
}

/**
 * @param {number} patchSize
 * @param {number | undefined} padding
 * @param {ModelInfo} info
 */
function warnOfSeams(patchSize, padding, { name, halo, receptiveField }) {
  // Beyond the receptive field tiles overlap only to be the same to the last bit.
  const seen = Math.min(halo ?? Infinity, receptiveField ?? Infinity);
  if (padding === undefined) {
    warnOnce(
      'UPSCALER_PADDING',
      'padding is undefined but patchSize is given: patches without padding show at their seams. Leave patchSize out for seamless tiles, or give padding: 0 to hide this warning',
    );
  } else if (padding > 0 && seen !== Infinity && padding < seen) {
    const more =
      2 * seen < patchSize
        ? `give padding: ${seen}`
        : `patches of ${patchSize} have no room for it, leave patchSize out`;
    warnOnce(
      'UPSCALER_PADDING',
      `padding ${padding} is less than the ${seen} pixels that ${name} sees on each side: patches may show at their seams; ${more}`,
    );
  }
}

module.exports = { checkPatches };
