// Files that the build takes in as text.

declare module "*.svg" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: how the build hands over a file.
  export default text;
}
