// The badge that says what computes: "WASM x2". A click shows the diagnostics, to be read and copied.

import type { App } from "../app.ts";
import type { Actions } from "../command/actions.ts";
import { html, nothing, type Part } from "../dom/html.ts";
import type { Computing } from "../plugin/computing.ts";

const names: Readonly<Record<string, string>> = { webgpu: "WebGPU", webgl: "WebGL", wasm: "WASM", cpu: "CPU" };

/** The badge; before the first job it says what could compute. */
export function computeBadge({ training, library }: App, actions: Actions): Part {
  if (!library.plugins.value.some(({ state }) => state === "ready")) return nothing;
  const computing = training.computing.value;
  const label = computing ? nameOf(computing) : describeCores();
  return html`<button class="badge" data-badge title=${`${explain(computing)} Click for the diagnostics.`} @click=${() => actions.diagnostics()}><span class="visually-hidden">Computed by </span>${label}</button>`;
}

/** "WASM x2" of "wasm (relaxed-simd kernels)" and two workers. */
function nameOf({ backend, workers }: Computing): string {
  const word = wordOf(backend);
  return `${names[word] ?? word}${workers === undefined ? "" : ` x${workers}`}`;
}

function wordOf(backend: string): string {
  return backend.split(" ")[0]!;
}

function explain(computing: Computing | undefined): string {
  if (!computing) return "What computes, a GPU or the processor, is known after the first job.";
  const { backend, workers } = computing;
  const word = wordOf(backend);
  if (word === "webgpu" || word === "webgl") return `The GPU computes: ${backend}.`;
  if (word !== "wasm" && word !== "cpu") return `The last job was computed by ${backend}.`;
  const cores = workers === undefined ? describeCores() : `${workers} processor ${workers === 1 ? "core" : "cores"}`;
  const who = hasGpu() ? "The processor computes" : "No GPU found";
  return `${who}: ${cores} ${cores.endsWith("s") ? "are" : "is"} used, ${backend}.`;
}

function describeCores(): string {
  const count = navigator.hardwareConcurrency || 1;
  return `${count} ${count === 1 ? "core" : "cores"}`;
}

let known: boolean | undefined;

/** False where graphics are drawn in software, too. Asked of WebGL: asking for a WebGPU adapter where there is none is a warning in the console. */
function hasGpu(): boolean {
  known ??= lookForGpu();
  return known;
}

function lookForGpu(): boolean {
  const context = document.createElement("canvas").getContext("webgl2");
  if (!context) return false;
  // Firefox tells it plainly, and warns who asks for the extension.
  const plain = String(context.getParameter(context.RENDERER));
  const detail = plain === "WebKit WebGL" ? context.getExtension("WEBGL_debug_renderer_info") : null;
  const renderer = detail ? String(context.getParameter(detail.UNMASKED_RENDERER_WEBGL)) : plain;
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return !/swiftshader|llvmpipe|softpipe|software|basic render/i.test(renderer);
}
