// The worker's entry in Node: it answers calls of networks (compute.ts) and of objects (object-threads.ts) over the wire. The
// jobs run in the terminal's own thread.

import { parentPort } from "node:worker_threads";
import { expose } from "comlink";
import { createComputeApi } from "../crew/compute.ts";
import { createObjectApi } from "../crew/object-threads.ts";
import { toEndpoint } from "../thread/node-worker.ts";
import { carryProblems } from "../thread/wire.ts";

carryProblems();
expose({ ...createComputeApi(), ...createObjectApi() }, toEndpoint(parentPort!));
