// Names of files in archives, before anything trusts them.

/** The name in these bytes, with "/" between its parts. Throws what `refuse` makes for names that are absolute, climb out, or are not text. */
export function assertSafeName(bytes: Uint8Array, refuse: (reason: string) => Error): string {
  let name: string;
  try {
    name = decodeName(bytes);
  } catch {
    throw refuse("a file name in it is not UTF-8");
  }
  const shown = JSON.stringify(name.slice(0, 100));
  if (name === "") throw refuse("a file in it has no name");
  if (name.length > 1024) throw refuse(`a file name in it is too long: ${shown}`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  if (/[\u0000-\u001f\u007f]/.test(name)) throw refuse(`a file name in it has control characters: ${shown}`);
  if (name.startsWith("/") || /^[A-Za-z]:/.test(name)) throw refuse(`a file name in it is absolute: ${shown}`);
  const parts = (name.endsWith("/") ? name.slice(0, -1) : name).split("/");
  for (const part of parts) {
    if (part === ".." || part === "." || part === "") throw refuse(`a file name in it leaves its folder: ${shown}`);
    if (part === "__proto__" || part === "constructor" || part === "prototype") throw refuse(`a file name in it is not allowed: ${shown}`);
  }
  return name;
}

/** The text of a name. Some programs of Windows write "\\" between its parts, others "./" before them. Throws TypeError for bytes that are no UTF-8. */
export function decodeName(bytes: Uint8Array): string {
  const name = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  return name.replaceAll("\\", "/").replace(/^(\.\/)+(?=.)/, "");
}

/** True for what systems leave beside people's files: resource forks of macOS, views of folders, thumbnails, hidden files. */
export function isSystemFile(path: string): boolean {
  const parts = path.split("/");
  const file = parts.at(-1)!;
  return parts.includes("__MACOSX") || file.startsWith(".") || /^(thumbs\.db|ehthumbs\.db|desktop\.ini)$/i.test(file);
}
