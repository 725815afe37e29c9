/**
 * What a platform's package holds.
 *
 * @param {{ addon: string, library: string }} platform
 * @returns {string[]} sorted
 */
export function contentsOf({ addon, library }) {
  return [
    addon,
    library,
    'LICENSE',
    'README.md',
    'crates-ThirdPartyNotices.txt',
    'onnxruntime-LICENSE',
    'onnxruntime-ThirdPartyNotices.txt',
    'package.json',
    'sbom.cdx.json',
  ].sort();
}
