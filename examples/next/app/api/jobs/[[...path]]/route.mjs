import { upscale } from '../../../../upscale.mjs';

export const runtime = 'nodejs';
export const dynamic = 'force-dynamic';
export const GET = upscale.jobs;
export const POST = upscale.jobs;
export const DELETE = upscale.jobs;
