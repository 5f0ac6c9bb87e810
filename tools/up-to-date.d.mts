export interface Build {
  readonly root: string;
  readonly name: string;
  readonly sources: readonly string[];
  readonly results: readonly string[];
  readonly options?: string;
  readonly except?: (path: string) => boolean;
}
export function makeIfNeeded(build: Build, make: () => void | Promise<void>): Promise<boolean>;
export function claimResults(root: string): Promise<() => void>;
