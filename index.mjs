import Upscaler from './index.js';

export default Upscaler;
export const { UpscalerError, AbortError, listModels, getModelDefinitions, getPatchesFromImage, versions } =
  Upscaler;
export { Upscaler };
