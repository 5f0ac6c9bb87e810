// Pages of real hosts, imjoy-core and hypha-core from npm, and of stubs of the hosts that cannot run here, with their real
// signatures; all of them served from this machine, every outside address turned to it (FIELD.md, "The hosts").

import { existsSync } from "node:fs";
import type { ServeOptions } from "./server.ts";
import { blank } from "./stand.ts";

export interface Operator {
  readonly name: string;
  onexecute(context: object): Promise<unknown>;
}

/** What a host's page leaves for the test in `globalThis.host`. */
export interface HostPage {
  /** Installs a plugin from its address and returns its functions. */
  load(url: string): Promise<never>;
  /** The host's menu. */
  readonly operators: Readonly<Record<string, Operator>>;
  readonly progress: number[];
  readonly status: string[];
  /** What getImage gives. */
  image: unknown;
  /** The stub of ImageJ.JS: its menu, and what it shows. */
  readonly imagej: {
    readonly items: Readonly<Record<string, () => Promise<void>>>;
    readonly shown: { readonly _rshape: number[]; readonly _rdtype: string; readonly _rvalue: ArrayBuffer }[];
    readonly macros: string[];
    readonly status: string[];
    active: unknown;
    drawn: unknown;
  };
}

// The service API of ImageJ.JS as FIELD.md has it. Its Java is a remote one: the macro that draws the ROI manager's objects into
// a new window has the effect of making that window the active one.
const imagejStub = `{
  _rintf: true,
  addMenuItem: async ({ label, callback }) => { host.imagej.items[label] = callback; },
  getImage: async () => host.imagej.active,
  getDimensions: async () => [48, 48, 1, 1, 1],
  viewImage: async (image, { name }) => { host.imagej.shown.push(image); },
  runMacro: async (text) => {
    host.imagej.macros.push(text);
    if (!text.includes("newImage(")) { host.imagej.active = host.imagej.before; return null; }
    if (host.imagej.drawn === undefined) throw "The ROI manager is empty: add objects to it first (draw one, press t).";
    host.imagej.before = host.imagej.active;
    host.imagej.active = host.imagej.drawn;
    return null;
  },
  showStatus: async (text) => { host.imagej.status.push(text); },
}`;

const imjoyHost = `${blank}<div id="pane"></div><script src="imjoy/imjoy-loader.js"></script><script type="module">
const core = await loadImJoyCore({ base_url: location.origin + "/imjoy/" });
const host = { operators: {}, progress: [], status: [], image: undefined, imagej: { items: {}, shown: [], macros: [], status: [] } };
const withImageJ = new URLSearchParams(location.search).has("imagej");
const imjoy = new core.ImJoy({
  name: "host", client_id: "local", debug: false, flags: [],
  default_base_frame: location.origin + "/base_frame.html",
  default_rpc_base_url: location.origin + "/rpc/",
  imjoy_api: {
    showProgress: (_, share) => void host.progress.push(share),
    showStatus: (_, text) => void host.status.push(text),
    showMessage: () => {},
    getImage: async () => host.image,
    ...(withImageJ && { getWindow: async (_, name) => (name === "ImageJ.JS" ? ${imagejStub} : undefined) }),
    utils: {},
  },
});
imjoy.pm.internal_plugins = {};
imjoy.pm.default_repository_list = [];
imjoy.event_bus.on("op_registered", (op) => { host.operators[op.name] = op; });
imjoy.event_bus.on("add_window", (w) => {
  const place = document.createElement("div");
  place.id = w.window_id;
  document.getElementById("pane").append(place);
  w.api = w.api || {};
  w.api.show = w.show = () => {};
  w.refresh = w.refresh || (() => {});
});
await imjoy.start({ workspace: null });
host.load = (url) => imjoy.api.getPlugin(url);
Object.assign(globalThis, { host, imjoy });
</script>`;

const baseFrame = `<!doctype html><html><body><script src="/imjoy/imjoy-loader.js"></script><script>
loadImJoyRPCByQueryString().then((rpc) => rpc.waitForInitialization({ target_origin: "*", enable_service_worker: false }));
</script></body></html>`;

// hypha-core has no menu, and lets nobody but itself register services: such a host makes its menu of the plugin's functions.
const hyphaHost = `${blank}<div id="pane"></div><script type="module">
import { HyphaCore } from "/hypha/hypha-core.mjs";
const host = { operators: {}, progress: [], status: [], image: undefined };
const hypha = new HyphaCore({
  base_url: location.origin + "/hypha/",
  default_service: {
    async showProgress(share, context) { host.progress.push(share); },
    async showStatus(text, context) { host.status.push(text); },
    async showMessage(text, context) {},
  },
});
hypha.on("add_window", (config) => {
  const frame = document.createElement("iframe");
  frame.src = config.src;
  frame.id = config.window_id;
  document.getElementById("pane").append(frame);
});
await hypha.start();
host.load = (url) => (url.endsWith(".imjoy.html") ? hypha.api.loadApp({ src: url }) : hypha.api.createWindow({ src: url }));
Object.assign(globalThis, { host, hypha });
</script>`;
const hyphaFrame = `<!doctype html><html><body><script src="/hypha-rpc/hypha-rpc-websocket.min.js"></script><script>
hyphaWebsocketClient.setupLocalClient({ enable_execution: true });
</script></body></html>`;
const hyphaWorker =
  'importScripts("/hypha-rpc/hypha-rpc-websocket.min.js"); hyphaWebsocketClient.setupLocalClient({ enable_execution: true });';

// Kaibu's functions that are used, as a window of ImJoy: layers and widgets are kept for the test.
const kaibuStub = `${blank}<script src="/rpc/imjoy-rpc.min.js"></script><script type="module">
const api = await imjoyRPC.setupRPC({ name: "Kaibu", type: "rpc-window", version: "0.2.0", description: "a stub", enable_service_worker: false });
const kaibu = { layers: [], shapes: [], elements: [], features: { type: "FeatureCollection", features: [] } };
globalThis.kaibu = kaibu;
await api.export({
  setup: async () => {},
  run: async () => {},
  view_image: async (image, config) => { kaibu.layers.push({ image, config }); return { _rintf: true, set_image: async () => {} }; },
  add_shapes: async (shapes, config) => {
    kaibu.shapes.push({ shapes, config });
    return { _rintf: true, get_features: async () => kaibu.features };
  },
  add_widget: async (config) => { kaibu.elements = config.elements; return { _rintf: true, set_elements: async () => {} }; },
});
</script>`;

/** Serves the hosts: /imjoy.html, /hypha.html, /kaibu.html. Throws where a package is missing. */
export function hostPages(): Partial<ServeOptions> {
  for (const name of ["imjoy-core", "imjoy-rpc", "hypha-core", "hypha-rpc"]) {
    if (!existsSync(`node_modules/${name}`)) throw new Error(`${name} must be installed for these tests. Run npm ci.`);
  }
  return {
    folders: {
      "/imjoy/": "node_modules/imjoy-core/dist",
      "/rpc/": "node_modules/imjoy-rpc/dist",
      "/hypha/": "node_modules/hypha-core/dist",
      "/hypha-rpc/": "node_modules/hypha-rpc/dist",
    },
    pages: {
      "/imjoy.html": imjoyHost,
      "/base_frame.html": baseFrame,
      "/hypha.html": hyphaHost,
      "/hypha/hypha-app-iframe.html": hyphaFrame,
      "/hypha/hypha-app-webworker.js": hyphaWorker,
      "/kaibu.html": kaibuStub,
    },
  };
}
