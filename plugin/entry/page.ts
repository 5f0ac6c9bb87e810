// The page form of the bundle, dist/index.html: in a frame it is an ImJoy plugin; opened by itself it says what it is.

import { guardParent } from "../adapter/guard-parent.ts";
import { createRpcPlugin, type ImJoyApi } from "../adapter/imjoy.ts";
import { createJoyForm } from "../adapter/imjoy-form.ts";
import { createOvertile } from "../client.ts";
import { createFileBundle } from "../thread/bundle.ts";
import { version } from "../version.ts";

/** The page, of which the project's types know no more: only here is a DOM. */
interface Page {
  readonly parent: unknown;
  readonly location: { readonly href: string; readonly ancestorOrigins?: readonly string[] };
  readonly document: {
    readonly head: { append(node: unknown): void };
    createElement(tag: "script"): { src: string; onload: () => void; onerror: () => void };
  };
  readonly imjoyRPC?: { setupRPC(config: object): Promise<ImJoyApi> };
  addEventListener(type: "message", listener: (event: MessageEvent) => void, capture: boolean): void;
}

const page = globalThis as unknown as Page;

/** True in a frame: whoever opened it is the host. */
function hasHost(): boolean {
  return page.parent !== globalThis;
}

async function joinHost(): Promise<void> {
  guardParent(page);
  await loadScript(new URL("imjoy-rpc.min.js", import.meta.url).href);
  const api = await page.imjoyRPC!.setupRPC({
    name: "Overtile",
    type: "rpc-worker",
    version,
    description: "Learns to segment your own structures from a few annotated images, and segments images of any size, on this computer.",
    ui: createJoyForm("segment"),
    target_origin: page.location.ancestorOrigins?.[0]?.replace(/^null$/, "*") ?? "*",
    enable_service_worker: false,
  });
  const plugin = createRpcPlugin(api, createOvertile(createFileBundle(import.meta.url)));
  await api.export(plugin);
}

function loadScript(src: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = page.document.createElement("script");
    script.src = src;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${src} could not be loaded`));
    page.document.head.append(script);
  });
}

if (hasHost()) await joinHost();
