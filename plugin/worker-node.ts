// The worker's entry in Node: it answers calls of networks (compute.ts) and of objects (object-threads.ts) over the wire. The
// jobs run in the terminal's own thread.

import { parentPort } from "node:worker_threads";
import { expose } from "comlink";
import { createComputeApi } from "./compute.ts";
import { toEndpoint } from "./node-worker.ts";
import { createObjectApi } from "./object-threads.ts";
import { carryProblems } from "./wire.ts";

carryProblems();
expose({ ...createComputeApi(), ...createObjectApi() }, toEndpoint(parentPort!));
