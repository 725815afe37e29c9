// One for all routes. Next.js loads routes in several bundles, and again while developing: the process is what they share.
import { createUpscale } from 'upscaler-node/web';

globalThis.upscale ??= createUpscale({ limits: { bytes: 10_000_000 } });

export const upscale = globalThis.upscale;
