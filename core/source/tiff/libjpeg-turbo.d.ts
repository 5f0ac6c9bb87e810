// The package has no types of its own.

declare module "@cornerstonejs/codec-libjpeg-turbo-8bit/decode" {
  const create: <Module>(options?: object) => Promise<Module>;
  // biome-ignore lint/style/noDefaultExport: this is how the package exports it
  export default create;
}
