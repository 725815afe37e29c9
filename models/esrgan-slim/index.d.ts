import type { ModelDefinition } from 'upscaler-node';

declare const models: {
  '2x': ModelDefinition;
  '3x': ModelDefinition;
  '4x': ModelDefinition;
  '8x': ModelDefinition;
};
export = models;
