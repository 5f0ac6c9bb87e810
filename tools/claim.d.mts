export interface Claim {
  readonly root: string;
  readonly name: string;
  readonly against: RegExp;
  readonly say?: (pid: number) => void;
}
export function claim(wanted: Claim): Promise<() => void>;
