/**
 * What is measured. Every model with the pictures and formats it runs on, and how many seconds its contenders may take
 * together: rounds are added until the time is over, three at least.
 */

const SIZES = { small: [128, 128], medium: [512, 512], large: [1024, 768], huge: [6000, 4000] };

/** @typedef {{ model: string, size: [number, number], format: 'png' | 'jpeg', contenders: string[], seconds: number, once?: boolean }} Case */

const NETWORKS = ['ours', 'ours-stock', 'ours-int8', 'ort-whole', 'ort-128', 'ort-256', 'lanczos'];

/** UpscalerJS on wasm takes seconds where others take tenths: only the model that it is fastest with. */
const UPSCALERJS = [...NETWORKS, 'upscalerjs-wasm', 'upscalerjs-node'];

const DEFAULT = '@upscalerjs/default-model';
const MEDIUM = '@upscalerjs/esrgan-medium/4x';
const THICK = '@upscalerjs/esrgan-thick/2x';

/** @param {boolean} quick @returns {Case[]} */
export function cases(quick) {
  const at = (model, contenders, sizes, formats = ['png']) =>
    sizes.flatMap((size) =>
      formats.map((format) => ({ model, size: SIZES[size], format, contenders, seconds: quick ? 14 : 25 })),
    );
  const both = ['png', 'jpeg'];
  if (quick) {
    return [
      ...at('span-2x', NETWORKS, ['small', 'medium'], both),
      ...at(DEFAULT, NETWORKS, ['small', 'medium']),
      ...at(MEDIUM, NETWORKS, ['medium']),
    ];
  }
  return [
    ...at('span-2x', NETWORKS, ['small', 'medium', 'large'], both),
    ...at('span-4x', NETWORKS, ['small', 'medium', 'large']),
    ...at(DEFAULT, UPSCALERJS, ['small', 'medium'], both),
    ...at(DEFAULT, NETWORKS, ['large'], both),
    ...at(MEDIUM, [...NETWORKS, 'upscalerjs-node'], ['small', 'medium', 'large']),
    ...at(THICK, [...NETWORKS, 'upscalerjs-node'], ['small', 'medium']),
    ...at('photo-4x', NETWORKS, ['small', 'medium', 'large']),
    ...at('span-2x', ['ours', 'lanczos'], ['huge'], both).map((single) => ({ ...single, once: true })),
  ];
}

/** Every network that ships, once small and once medium, against the pipeline that others build. @returns {Case[]} */
export function networks() {
  const contenders = ['ours', 'ours-stock', 'ort-whole', 'ort-256'];
  const at = (model, sizes = ['small', 'medium'], seconds = 6) =>
    sizes.map((size) => ({ model, size: SIZES[size], format: 'png', contenders, seconds }));
  return [
    ...at('span-2x'),
    ...at('span-4x'),
    ...at(DEFAULT),
    ...at('@upscalerjs/esrgan-slim/4x'),
    ...at(MEDIUM),
    ...at(THICK),
    ...at('@upscalerjs/esrgan-thick/4x'),
    ...at('photo-4x'),
    ...at('illustration-4x'),
    ...at('denoise-2x'),
    ...at('illustration-hq-4x'),
    ...at('photo-hq-4x', ['small']),
  ];
}

/** Many requests at once: small and larger ones mixed. */
export function load(quick) {
  return {
    model: 'span-2x',
    format: 'jpeg',
    contenders: ['ours', 'ort-whole', 'ort-256'],
    sizes: [
      [64, 64],
      [320, 240],
      [128, 128],
      [512, 512],
      [96, 128],
      [256, 256],
      [200, 150],
      [400, 300],
    ],
    concurrent: 8,
    requests: quick ? 16 : 64,
    rounds: quick ? 1 : 3,
  };
}

/** From `require` to the first 64x64 result. */
export function coldStart(quick) {
  return {
    model: DEFAULT,
    size: [64, 64],
    format: 'png',
    contenders: ['ours', 'ort-whole', 'upscalerjs-wasm', 'upscalerjs-node'],
    rounds: quick ? 3 : 9,
  };
}
