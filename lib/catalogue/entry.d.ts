import type { CatalogueEntry, Range } from '../../index.js';

/** A field that is computed from the weights or measured, never written by hand. */
export type Fact =
  | 'parameters'
  | 'macsPerPixel'
  | 'receptiveField'
  | 'halo'
  | 'fileSize'
  | 'sha256'
  | 'quality'
  | 'relativeSpeed';

/** What facts.json has of a model. */
export type Facts = Pick<Entry, Fact> &
  Partial<Pick<Entry, 'int8' | 'stability' | 'guardedStability' | 'int8Stability'>>;

/** A model as the library sees it: what users are shown, and what is needed to find, build and load it. */
export interface Entry extends Omit<CatalogueEntry, 'installed'> {
  /** The names of UpscalerJS's packages that hold the same weights. */
  upscalerjs: string[];
  /** Among those that a model that nobody names is taken from. */
  default: boolean;
  /** Comes with this package. */
  embedded: boolean;
  /** Its weights are in the repository; others are built when their package is packed. */
  committed: boolean;
  /** The weights within their package. */
  file: string;
  modelType: 'layers' | 'graph';
  inputRange: Range;
  outputRange: Range;
  divisibilityFactor: number;
}

/** One file of this folder: what its models share, and the models, which may share more among themselves. */
export interface Description {
  models?: Description[];
  [field: string]: unknown;
}
