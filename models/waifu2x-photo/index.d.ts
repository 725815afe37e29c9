import type { ModelDefinition } from 'upscaler-node';

declare const models: {
  'denoise-2x-1': ModelDefinition;
  'denoise-2x-0': ModelDefinition;
  'denoise-2x-2': ModelDefinition;
  'denoise-2x-3': ModelDefinition;
  'denoise-2x-none': ModelDefinition;
};
export = models;
