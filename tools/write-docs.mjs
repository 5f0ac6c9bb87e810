// The docs as pages of the static site: README.md and docs/*.md to HTML beside each other, with their pictures and samples.

import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Marked } from "marked";

const style = `body{max-width:52rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 system-ui,sans-serif;color:#222;background:#fff}
img{max-width:100%}table{border-collapse:collapse;display:block;overflow-x:auto}td,th{border:1px solid #bbb;padding:.25rem .5rem;text-align:left}
pre{overflow-x:auto;background:#f4f4f4;padding:.75rem}code{font-size:.9em}a{color:#0550ae}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#16181c}pre{background:#22252b}td,th{border-color:#555}a{color:#8ab4f8}}`;

/** Writes the pages into the folder: index.html is the README. */
export async function writeDocs(folder) {
  await mkdir(folder, { recursive: true });
  const pages = (await readdir("docs")).filter((name) => name.endsWith(".md"));
  for (const page of (await readdir(".")).filter((name) => name.endsWith(".md"))) await writePage(page, join(folder, nameOf(page)));
  for (const page of pages) await writePage(`docs/${page}`, join(folder, nameOf(page)));
  // Pictures, and what else the pages link to.
  await cp("docs", folder, { recursive: true, filter: (path) => !path.endsWith(".md") });
}

async function writePage(from, to) {
  const text = await readFile(from, "utf8");
  const title = /^# (.*)/m.exec(text)?.[1] ?? "Overtile";
  const marked = new Marked({
    walkTokens(token) {
      if (token.type === "link" || token.type === "image") token.href = turn(token.href);
    },
    renderer: {
      heading({ tokens, depth, text: words }) {
        return `<h${depth} id="${anchorOf(words)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
    },
  });
  await writeFile(
    to,
    `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title === "Overtile" ? title : `${title} - Overtile`}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
<p><a href="../viewer/">Viewer</a> · <a href="index.html">Overview</a></p>
${await marked.parse(text)}</html>
`,
  );
}

/** Links between the Markdown files, as they are between the pages. */
function turn(address) {
  if (/^[a-z]+:/.test(address)) return address;
  return address.replace(/^(\.\.\/|docs\/)/, "").replace(/^[^#]*\.md/, nameOf);
}

/** The page of a Markdown file, in lower case; of README it is the first one. */
function nameOf(file) {
  return file === "README.md" ? "index.html" : file.toLowerCase().replace(/\.md$/, ".html");
}

/** The name of a heading in an address, as code hosts make it. */
function anchorOf(words) {
  return words
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
