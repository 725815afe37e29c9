import type { ModelDefinition } from 'upscaler-node';

declare const models: {
  'gans-4x': ModelDefinition;
  'psnr-small-2x': ModelDefinition;
  'div2k-2x': ModelDefinition;
  'div2k-3x': ModelDefinition;
  'div2k-4x': ModelDefinition;
};
export = models;
