// The script inside overtile.imjoy.html: the single file as an ImJoy plugin. The host's frame gives it the global `api`.

import { files, workerCode } from "virtual:bundle";
import { createRpcPlugin, type ImJoyApi } from "../adapter/imjoy.ts";
import { createOvertile } from "../client.ts";
import { createInlineBundle } from "../thread/bundle.ts";

const { api } = globalThis as unknown as { readonly api: ImJoyApi };
void api.export(createRpcPlugin(api, createOvertile(createInlineBundle(workerCode, files))));
