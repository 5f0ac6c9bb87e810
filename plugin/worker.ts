// The worker's entry in a browser. One file, two uses: a page starts one that runs jobs (job-api.ts), and that one starts more
// that compute (compute.ts) and describe objects (object-threads.ts). Node's is worker-node.ts.

import { expose } from "comlink";
import { holdLife } from "./browser-worker.ts";
import { createComputeApi } from "./compute.ts";
import { createJobApi } from "./job-api.ts";
import { createObjectApi } from "./object-threads.ts";
import { carryProblems, protocolVersion } from "./wire.ts";

const alive = holdLife(globalThis.name);

carryProblems();
expose({
  ...createComputeApi(),
  ...createObjectApi(),
  ...createJobApi(),
  async greet() {
    await alive;
    return protocolVersion;
  },
});
