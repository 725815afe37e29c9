import type { ModelDefinition } from 'upscaler-node';

declare const models: {
  '2x': ModelDefinition;
};
export = models;
