export function kernelFile(build: "simd" | "relaxed-simd"): string;
export function buildKernel(options?: { ifNeeded?: boolean }): Promise<void>;
