/**
 * The contenders by name: the module that runs them, and what it is told about the model.
 *
 * @typedef {{ model: string, file: string, scale: number, halo: number, margin: number, input: [number, number], output: [number, number] }} Model
 * @type {Record<string, { label: string, module: string, options: (model: Model) => object, env?: Record<string, string>, packages: string[] }>}
 */
const UPSCALERJS_PACKAGES = ['upscaler', '@upscalerjs/default-model'];

export const CONTENDERS = {
  ours: { label: 'upscaler-node', module: 'ours', options: ({ model }) => ({ model }), packages: [] },
  'ours-stock': {
    label: "upscaler-node, ONNX Runtime's kernels",
    module: 'ours',
    options: ({ model }) => ({ model }),
    env: { UPSCALER_KERNELS: 'off' },
    packages: [],
  },
  'ours-int8': {
    label: "upscaler-node, int8 on ONNX Runtime's kernels",
    module: 'ours',
    options: ({ model }) => ({ model, precision: 'int8' }),
    env: { UPSCALER_KERNELS: 'off' },
    packages: [],
  },
  'ort-whole': {
    label: 'onnxruntime-node + sharp, whole',
    module: 'ort-sharp',
    options: (model) => model,
    packages: ['onnxruntime-node', 'sharp'],
  },
  'ort-128': {
    label: 'onnxruntime-node + sharp, tiles of 128',
    module: 'ort-sharp',
    options: (model) => ({ ...model, tile: 128 }),
    packages: ['onnxruntime-node', 'sharp'],
  },
  'ort-256': {
    label: 'onnxruntime-node + sharp, tiles of 256',
    module: 'ort-sharp',
    options: (model) => ({ ...model, tile: 256 }),
    packages: ['onnxruntime-node', 'sharp'],
  },
  lanczos: {
    label: 'sharp, Lanczos',
    module: 'sharp',
    options: ({ scale }) => ({ scale }),
    packages: ['sharp'],
  },
  'upscalerjs-wasm': {
    label: 'UpscalerJS on wasm',
    module: 'upscalerjs-wasm',
    options: ({ model, scale }) => ({ model, scale }),
    packages: [...UPSCALERJS_PACKAGES, '@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm', 'sharp'],
  },
  'upscalerjs-node': {
    label: 'UpscalerJS on tfjs-node',
    module: 'upscalerjs-node',
    options: ({ model }) => ({ model }),
    packages: [...UPSCALERJS_PACKAGES, '@tensorflow/tfjs-node'],
  },
};
