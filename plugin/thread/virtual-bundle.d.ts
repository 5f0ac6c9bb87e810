// Made by rollup.config.mjs: what the single files carry inside.

declare module "virtual:bundle" {
  /** The worker as a classic script. */
  export const workerCode: string;
  /** The WASM files, and models as "models/NAME.zip", in base64, by name. */
  export const files: Readonly<Record<string, string>>;
}
