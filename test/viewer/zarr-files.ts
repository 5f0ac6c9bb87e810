// The files of a small OME-Zarr.

/** Two levels, version 0.4: 600 x 500 in chunks of 256, values (x + y) mod 200; below it every other pixel. */
export function zarrFiles(): Record<string, string | number[]> {
  const files: Record<string, string | number[]> = {
    ".zgroup": JSON.stringify({ zarr_format: 2 }),
    ".zattrs": JSON.stringify({
      multiscales: [
        {
          version: "0.4",
          axes: [
            { name: "y", type: "space", unit: "micrometer" },
            { name: "x", type: "space", unit: "micrometer" },
          ],
          datasets: [1, 2].map((factor, i) => ({
            path: String(i),
            coordinateTransformations: [{ type: "scale", scale: [0.5 * factor, 0.5 * factor] }],
          })),
        },
      ],
    }),
  };
  for (const [level, factor] of [1, 2].entries()) {
    const [height, width] = [500 / factor, 600 / factor];
    const meta = {
      zarr_format: 2,
      shape: [height, width],
      chunks: [256, 256],
      dtype: "|u1",
      fill_value: 0,
      order: "C",
      filters: null,
      compressor: null,
    };
    files[`${level}/.zarray`] = JSON.stringify(meta);
    for (let row = 0; row * 256 < height; row++)
      for (let column = 0; column * 256 < width; column++)
        files[`${level}/${row}.${column}`] = Array.from({ length: 65536 }, (_, i) => {
          const [y, x] = [row * 256 + (i >> 8), column * 256 + (i & 255)];
          return y < height && x < width ? (factor * (x + y)) % 200 : 0;
        });
  }
  return files;
}
