// Everything that the WASM file exports. Each function takes the address of one record; `core/kernel/records.ts` writes them.

export { multiply, multiplyTransposed, pack } from "./gemm";
export { winogradGradient, winogradInput, winogradOutput } from "./winograd";
export { winogradFilter, winogradFilterGradient } from "./winograd-filter";
export { copyRows, cropConcat, finishRows, gatherPatches, gatherUpConvolution, scatterUpConvolution, sumRows } from "./map";
export { maxPool, maxPoolBackward } from "./pool";
