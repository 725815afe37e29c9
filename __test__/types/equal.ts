/** `true` only where both types are the same: neither is merely assignable to the other. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Fails to compile unless it is given `true`. */
export declare function expect<_ extends true>(): void;
