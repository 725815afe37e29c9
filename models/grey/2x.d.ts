import type { ModelDefinition } from 'upscaler-node';

declare const definition: ModelDefinition;
export = definition;
