import { Readable } from 'node:stream';
import { ReadableStream as WebReadableStream } from 'node:stream/web';
import Upscaler = require('upscaler-node');
import { type Equal, expect } from './equal.js';

const upscaler = new Upscaler({
  model: 'span-4x',
  limitInputPixels: false,
  warmupSizes: [64, { patchSize: 128 }],
});
expect<Equal<typeof upscaler, Upscaler>>();
expect<Equal<typeof Upscaler.Upscaler, typeof Upscaler>>();
expect<Equal<typeof upscaler.ready, Promise<void>>>();

const image = Buffer.alloc(0);

async function outputs() {
  expect<Equal<Awaited<ReturnType<typeof plain>>, Buffer>>();
  const plain = () => upscaler.upscale(image);

  const buffer = await upscaler.upscale(image, { format: 'webp', quality: 80 });
  expect<Equal<typeof buffer, Buffer>>();

  const base64 = await upscaler.upscale(image, { output: 'base64' });
  expect<Equal<typeof base64, string>>();

  const tensor = await upscaler.execute(image, { output: 'tensor', patchSize: 64, padding: 8 });
  expect<Equal<typeof tensor, Upscaler.Tensor>>();

  const raw = await upscaler.upscale(image, { output: 'raw' });
  expect<Equal<typeof raw, Upscaler.RawImage>>();

  const detailed = await upscaler.upscale(image, { output: 'base64', resolveWithObject: true });
  expect<Equal<typeof detailed, Upscaler.ResultWithInfo<string>>>();
  expect<Equal<typeof detailed.info.durationMs, number>>();

  const detailedBuffer = await upscaler.upscale(image, { resolveWithObject: true });
  expect<Equal<typeof detailedBuffer.data, Buffer>>();
}

async function progress() {
  await upscaler.upscale(image, {
    progress: (fraction) => expect<Equal<typeof fraction, number>>(),
  });
  await upscaler.upscale(image, {
    output: 'tensor',
    progress: (_fraction, slice) => expect<Equal<typeof slice, Upscaler.Tensor>>(),
  });
  const picture = await upscaler.upscale(image, {
    output: 'tensor',
    progressOutput: 'base64',
    progress(_fraction, slice, sliceData) {
      expect<Equal<typeof slice, string>>();
      expect<Equal<typeof sliceData.patchCoordinates.pre.origin, [number, number]>>();
    },
  });
  expect<Equal<typeof picture, Upscaler.Tensor>>();
}

function inputs() {
  void upscaler.upscale('./photo.jpg');
  void upscaler.upscale(new URL('file:///photo.jpg'));
  void upscaler.upscale(new Blob([]));
  void upscaler.upscale(process.stdin);
  void upscaler.upscale(Readable.from([]));
  void upscaler.upscale(new WebReadableStream());
  void upscaler.upscale(new ReadableStream());
  void upscaler.upscale(Readable.toWeb(Readable.from([])));
  void upscaler.upscale({ data: new Uint16Array(12), width: 2, height: 2, channels: 3 });
  void upscaler.upscale({ data: new Float32Array(12), shape: [2, 2, 3] });
  void upscaler.upscale({ shape: [2, 2, 3], data: async () => new Float32Array(12) });
}

async function errors() {
  try {
    await upscaler.upscale(image);
  } catch (error) {
    if (error instanceof Upscaler.AbortError) expect<Equal<typeof error.code, 'ABORT_ERR'>>();
    if (error instanceof Upscaler.UpscalerError)
      expect<Equal<typeof error.code, Upscaler.UpscalerErrorCode>>();
  }
}

async function life() {
  await using owned = new Upscaler();
  const { scale, modelDefinition } = await owned.getModel();
  expect<Equal<typeof scale, number>>();
  expect<Equal<typeof modelDefinition, Upscaler.ModelDefinition>>();
  expect<Equal<ReturnType<typeof owned.counters>, Upscaler.Counters>>();
  Upscaler.configure({ threads: 2 });
  const [[patch]] = Upscaler.getPatchesFromImage([100, 50], 32, 4);
  expect<Equal<typeof patch, Upscaler.Patch>>();
  const entries = Upscaler.listModels({ scale: 4 });
  expect<Equal<typeof entries, Upscaler.CatalogueEntry[]>>();
}

/** Options that are made elsewhere keep what a call resolves with. */
async function variables() {
  const usual: Upscaler.UpscaleOptions = { format: 'jpeg', quality: 80 };
  const buffer = await upscaler.upscale(image, usual);
  expect<Equal<typeof buffer, Buffer>>();

  const forTensors: Upscaler.UpscaleOptions<'tensor'> = { output: 'tensor' };
  const tensor = await upscaler.upscale(image, forTensors);
  expect<Equal<typeof tensor, Upscaler.Tensor>>();

  const forStreams: Upscaler.StreamOptions = { output: 'stream', format: 'jpeg' };
  const stream = await upscaler.upscale(image, forStreams);
  expect<Equal<typeof stream, Readable>>();

  const detailed = { output: 'raw', resolveWithObject: true } as const;
  const raw = await upscaler.upscale(image, detailed);
  expect<Equal<typeof raw, Upscaler.ResultWithInfo<Upscaler.RawImage>>>();

  const unknown: Upscaler.UpscaleArgs = JSON.parse('{}');
  const any = await upscaler.upscale(image, unknown);
  expect<
    Equal<
      typeof any,
      Upscaler.OutputTypes[Upscaler.Output] | Upscaler.ResultWithInfo<Upscaler.OutputTypes[Upscaler.Output]>
    >
  >();
}

/** Names are offered, and others are taken. */
function names() {
  const known: Upscaler.ModelName = 'span-2x';
  new Upscaler({ model: known });
  new Upscaler({ model: '@upscalerjs/esrgan-slim/4x', concurrency: 2, maxPending: 0 });
  void Upscaler.listModels({ domain: 'photo', size: 'small' });
  void Upscaler.listModels({ domain: 'anime', size: 'slim' });
  // @ts-expect-error: not a model of the catalogue
  const wrong: Upscaler.ModelName = 'span-3x';
  // @ts-expect-error: a tensor is no encoded picture
  const tensors: Upscaler.UpscaleOptions = { output: 'tensor' };
  return [wrong, tensors];
}

// @ts-expect-error: no such output
void upscaler.upscale(image, { output: 'gif' });
// @ts-expect-error: no such format
void upscaler.upscale(image, { format: 'heic' });
// @ts-expect-error: not an image
void upscaler.upscale(42);
// @ts-expect-error: not a model
new Upscaler({ model: 4 });
// @ts-expect-error: not a query
Upscaler.listModels({ colour: 'red' });

void [outputs, progress, inputs, errors, life, variables, names];

async function theDefault() {
  const { alternatives = [] } = await upscaler.getModel();
  expect<Equal<(typeof alternatives)[number]['artefacts'], Upscaler.Artefacts | null>>();
  const definition: Upscaler.ModelDefinition = { path: './a.onnx', postprocess: async (tensor) => tensor };
  new Upscaler({ model: definition });
}
