// What a file is called, wherever it lies.

/** "s.svs" of "/data/s.svs" and of "https://host/s.svs?token=1": neither folders nor what an address is asked with. */
export function fileNameOf(path: string): string {
  const bare = /^[a-z][a-z\d+.-]*:\/\//i.test(path) ? path.replace(/[?#].*$/s, "") : path;
  return bare.split(/[\\/]/).findLast((part) => part !== "") ?? path;
}
