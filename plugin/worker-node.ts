// The worker's entry in Node: it answers compute calls (compute.ts) over the wire. The jobs run in the terminal's own thread.

import { parentPort } from "node:worker_threads";
import { expose } from "comlink";
import { createComputeApi } from "./compute.ts";
import { toEndpoint } from "./node-worker.ts";
import { carryProblems } from "./wire.ts";

carryProblems();
expose(createComputeApi(), toEndpoint(parentPort!));
