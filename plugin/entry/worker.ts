// The worker's entry in a browser. One file, two uses: a page starts one that runs jobs (job-api.ts), and that one starts more
// that compute (compute.ts) and describe objects (object-threads.ts). Node's is worker-node.ts.

import { expose } from "comlink";
import { createComputeApi } from "../crew/compute.ts";
import { createObjectApi } from "../crew/object-threads.ts";
import { createJobApi } from "../job/job-api.ts";
import { holdLife } from "../thread/browser-worker.ts";
import { carryProblems, protocolVersion } from "../thread/wire.ts";

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
