// What stands behind the GPU backends on this machine, asked cheaply and before any of tfjs's code for them is loaded.
// A software adapter (SwiftShader, llvmpipe) computes on the processor, and worse than our WASM kernels: it ranks below wasm.

import { describeError } from "../problem.ts";

export interface Adapter {
  readonly backend: "webgpu" | "webgl";
  /** As the browser calls it: "nvidia ampere", "Apple M1". */
  readonly title: string;
  readonly isSoftware: boolean;
}

/** An adapter, or why there is none. */
export type AdapterReport = Adapter | { readonly backend: Adapter["backend"]; readonly reason: string };

/** The adapter behind a GPU backend. Never rejects, and answers within `timeoutMs`. */
export async function inspectAdapter(backend: Adapter["backend"], timeoutMs = 5000): Promise<AdapterReport> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<AdapterReport>((resolve) => {
    timer = setTimeout(() => resolve({ backend, reason: `it did not answer within ${timeoutMs / 1000} s` }), timeoutMs);
  });
  try {
    return await Promise.race([backend === "webgpu" ? inspectWebGpu() : inspectWebGl(), late]);
  } catch (error) {
    return { backend, reason: describeError(error) };
  } finally {
    clearTimeout(timer);
  }
}

const software = /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render|warp/i;

async function inspectWebGpu(): Promise<AdapterReport> {
  const backend = "webgpu";
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu;
  if (gpu === undefined)
    return { backend, reason: globalThis.isSecureContext ? "this browser has no WebGPU" : "WebGPU needs https or localhost" };
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) return { backend, reason: "no WebGPU adapter" };
  const { vendor, architecture, description } = adapter.info;
  const title = [vendor, architecture, description].filter(Boolean).join(" ") || "unnamed adapter";
  const isFallback = (adapter as { isFallbackAdapter?: boolean }).isFallbackAdapter ?? adapter.info.isFallbackAdapter;
  return { backend, title, isSoftware: isFallback === true || software.test(title) };
}

async function inspectWebGl(): Promise<AdapterReport> {
  const backend = "webgl";
  const created = createWebGl();
  if (created === undefined) return { backend, reason: "this browser has no WebGL 2 in workers" };
  const { context } = created;
  try {
    const names = context.getExtension("WEBGL_debug_renderer_info");
    const title = String(context.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER));
    return { backend, title, isSoftware: software.test(title) };
  } finally {
    // Contexts are few: the page's viewer needs its own.
    context.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

/** A WebGL 2 context of its own, as tfjs wants it; undefined where there is none. */
export function createWebGl(): { readonly context: WebGL2RenderingContext; readonly canvas: OffscreenCanvas } | undefined {
  if (typeof OffscreenCanvas === "undefined") return undefined;
  const attributes = {
    alpha: false,
    antialias: false,
    premultipliedAlpha: false,
    preserveDrawingBuffer: false,
    depth: false,
    stencil: false,
  };
  const canvas = new OffscreenCanvas(300, 150);
  const context = canvas.getContext("webgl2", attributes);
  return context === null ? undefined : { context, canvas };
}
