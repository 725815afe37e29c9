import type { ModelDefinition } from 'upscaler-node';

declare const models: {
  'photo-hq-4x': ModelDefinition;
  'illustration-hq-4x': ModelDefinition;
};
export = models;
