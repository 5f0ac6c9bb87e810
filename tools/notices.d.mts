export interface Package {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}
export function modulesOf(metafile: import("esbuild").Metafile): string[];
export function packagesOf(modules: Iterable<string>): Package[];
