import type { ModelDefinition } from 'upscaler-node';

declare const models: {
  'photo-4x': ModelDefinition;
  'illustration-2x': ModelDefinition;
  'illustration-3x': ModelDefinition;
  'illustration-4x': ModelDefinition;
};
export = models;
