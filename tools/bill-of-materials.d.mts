export interface BilledPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly parts: readonly { readonly name: string; readonly license: string }[];
}
export function createBillOfMaterials(release: {
  readonly name: string;
  readonly version: string;
  readonly packages?: readonly BilledPackage[];
}): Promise<string>;
