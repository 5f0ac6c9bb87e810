// A folder as browsers hand it over (File System API), in memory: what the plugin uses of it, for tests that need no browser.

/** The handle of an empty folder, and the bytes of its files by their paths. */
export function createFakeFolder(name: string): {
  readonly handle: FileSystemDirectoryHandle;
  readonly files: Map<string, Uint8Array<ArrayBuffer>>;
} {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const folders = new Set([""]);
  const missing = (): never => {
    throw new DOMException("It is not there.", "NotFoundError");
  };
  const fileAt = (path: string): object => ({
    kind: "file",
    name: path.split("/").at(-1)!,
    getFile: async () => new File([files.get(path) ?? missing()], path),
    async createWritable() {
      let bytes = new Uint8Array(0);
      const put = (data: Uint8Array, position: number): void => {
        const grown = new Uint8Array(Math.max(bytes.length, position + data.length));
        grown.set(bytes);
        grown.set(data, position);
        bytes = grown;
      };
      return {
        write: async (what: Uint8Array | { readonly position: number; readonly data: Uint8Array }) =>
          what instanceof Uint8Array ? put(what, bytes.length) : put(what.data, what.position),
        close: async () => void files.set(path, bytes),
        abort: async () => {},
      };
    },
  });
  const folderAt = (prefix: string): object => ({
    kind: "directory",
    name,
    async getDirectoryHandle(child: string, { create = false } = {}) {
      const path = `${prefix}${child}/`;
      if (!folders.has(path) && !create) missing();
      folders.add(path);
      return folderAt(path);
    },
    async getFileHandle(child: string, { create = false } = {}) {
      const path = prefix + child;
      if (!files.has(path) && !create) missing();
      if (!files.has(path)) files.set(path, new Uint8Array(0));
      return fileAt(path);
    },
    async removeEntry(child: string) {
      if (!files.delete(prefix + child)) missing();
    },
  });
  return { handle: folderAt("") as FileSystemDirectoryHandle, files };
}
