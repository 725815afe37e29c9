/** What the literal `require`s of load-native.js give, wherever the addon was found. */
declare module '*.node' {
  const addon: import('./native').NativeAddon;
  export = addon;
}

declare module '@upscaler-node/*' {
  const addon: import('./native').NativeAddon;
  export = addon;
}
