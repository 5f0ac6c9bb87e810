// tfjs's webgpu backend on a device of our own, so that its loss and its errors are heard: tfjs listens to neither, and goes on
// computing nothing. Reasons for the flags: the backend submits 15 dispatches at once, which on a slow GPU passes the two
// seconds after which Windows resets it, and keeps dead maps alive until then.

import { env, findBackendFactory, registerBackend, removeBackend, setBackend } from "@tensorflow/tfjs-core";
import { createFailureWatch, type FailureWatch } from "./failure.ts";

const dispatchesAtOnce = 4;

/** Makes webgpu the current backend. */
export async function startWebGpu(): Promise<{ readonly watch: FailureWatch; dispose(): void }> {
  const { WebGPUBackend } = await import("@tensorflow/tfjs-backend-webgpu");
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu;
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("no WebGPU adapter");
  const { limits } = adapter;
  const device = await adapter.requestDevice({
    requiredLimits: {
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxBufferSize: limits.maxBufferSize,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    },
  });
  const watch = createFailureWatch();
  let isOurs = false;
  device.lost.then(({ message, reason }) => {
    if (!isOurs) watch.fail(`the WebGPU device was lost (${message || reason})`);
  });
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    watch.fail(`WebGPU failed: ${event.error.message}`);
  });
  env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", dispatchesAtOnce);
  if (findBackendFactory("webgpu")) removeBackend("webgpu");
  registerBackend("webgpu", () => new WebGPUBackend(device, adapter.info), 3);
  if (!(await setBackend("webgpu"))) throw new Error("WebGPU could not be started here");
  return {
    watch,
    dispose() {
      isOurs = true;
      device.destroy();
    },
  };
}
