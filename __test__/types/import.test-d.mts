import Upscaler, {
  AbortError,
  Upscaler as NamedUpscaler,
  UpscalerError,
  getModelDefinitions,
  getPatchesFromImage,
  listModels,
  versions,
} from 'upscaler-node';
import type {
  ModelDefinition,
  ModelDefinitionFn,
  Progress,
  UpscaleArgs,
  UpscalerOptions,
  WarmupSizes,
} from 'upscaler-node';
import { type Equal, expect } from './equal.js';

expect<Equal<typeof NamedUpscaler, typeof Upscaler>>();
expect<Equal<typeof listModels, typeof getModelDefinitions>>();
expect<Equal<typeof versions.onnxruntime, string>>();

const sizes: WarmupSizes = [{ patchSize: 64, padding: 4 }];
const definition: ModelDefinition = {
  path: './model.json',
  scale: 2,
  inputRange: [0, 1],
  outputRange: [0, 1],
};
const make: ModelDefinitionFn = () => definition;
const options: UpscalerOptions = { model: make, warmupSizes: sizes, fetch, executionProviders: ['cpu'] };
const upscaler: NamedUpscaler = new Upscaler(options);

const progress: Progress = (fraction: number) => console.log(fraction);
const args: UpscaleArgs = { output: 'base64', patchSize: 64, padding: 2, progress, awaitNextFrame: true };

const tensor = await upscaler.upscale('./photo.png', { output: 'tensor' });
expect<Equal<typeof tensor.data, Float32Array>>();
void upscaler.upscale('./photo.png', args);

const { upscale } = upscaler;
const detailed = await upscale('./photo.png', { output: 'raw', resolveWithObject: true });
expect<Equal<typeof detailed.data.width, number>>();

/** What the declarations of UpscalerJS's packages say, with a stand-in for TensorFlow.js. */
declare const published: {
  scale?: number;
  channels?: 3;
  modelType?: 'layers' | 'graph';
  inputRange?: [number, number];
  _internals?: { name: string; version: string; path: string };
  meta?: { [key: string]: string | number | boolean | null | undefined };
  setup?: (tf: { ready(): Promise<void> }) => void | Promise<void>;
  preprocess?: (tensor: { mul(factor: number): unknown }) => { mul(factor: number): unknown };
};
void new Upscaler({ model: published });
void new Upscaler({ model: (tf: { ready(): Promise<void> }) => published });

const error: Error = new AbortError();
if (error instanceof UpscalerError) expect<Equal<(typeof error)['code'], UpscalerError['code']>>();
void getPatchesFromImage([10, 10], 4, 1);
