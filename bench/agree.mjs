/** Whether contenders do the same work: one that makes another picture may be faster for it. */

import { psnr } from '../scripts/models/image-quality.mjs';

/** In dB, of 8-bit samples. Quantised networks and JPEG come to 35 and more; a row too few comes to less than 30. */
const LEAST = 32;

/** The one that has no network. */
const ANOTHER = 'lanczos';

/**
 * @param {Map<string, Buffer>} pictures encoded, by contender
 * @throws {Error} if one is not the picture that `ours` made
 */
export async function refuseOtherPictures(pictures) {
  const ours = pictures.get('ours');
  if (ours === undefined) return;
  for (const [name, picture] of pictures) {
    if (name === ANOTHER) continue;
    const likeness = await likenessOf(ours, picture);
    if (likeness < LEAST)
      throw new Error(`${name} makes another picture: ${likeness.toFixed(1)} dB from ours`);
  }
}

/** In dB, of two encoded pictures; 0 if their sizes differ. */
async function likenessOf(one, other) {
  const { default: sharp } = await import('sharp');
  const [a, b] = await Promise.all(
    [one, other].map((bytes) => sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true })),
  );
  const alike = a.info.width === b.info.width && a.info.height === b.info.height;
  return alike ? psnr(a, b) : 0;
}
