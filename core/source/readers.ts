// All readers at once, for whoever may lose the network later. Modules are kept by their thread once they are loaded.

/** Loads what formats load when they are met. Rejects where a part could not be loaded; the others are loaded all the same. */
export async function loadReaders(): Promise<void> {
  const parts = [
    import("./zarr/open.ts"),
    import("./zarr/store.ts"),
    import("./zarr/http-store.ts"),
    import("./tiff/jpeg.ts").then(({ loadTurbo }) => loadTurbo()),
    import("zstddec"),
  ];
  for (const part of await Promise.allSettled(parts)) if (part.status === "rejected") throw part.reason;
}
