import { upscale } from '../../../upscale.mjs';

export const runtime = 'nodejs';
export const POST = upscale.upscale;
