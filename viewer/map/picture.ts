// The map as a picture.

import type OlMap from "ol/Map.js";

/** What the map shows now, as a PNG. */
export async function takePicture(map: OlMap): Promise<Blob> {
  await whenDrawn(map);
  const [width, height] = map.getSize() ?? [];
  const canvas = document.createElement("canvas");
  canvas.width = width!;
  canvas.height = height!;
  const context = canvas.getContext("2d")!;
  for (const part of map.getViewport()!.querySelectorAll<HTMLCanvasElement>("canvas")) {
    context.globalAlpha = Number(part.parentElement?.style.opacity || part.style.opacity || 1);
    if (part.width > 0) context.drawImage(part, 0, 0, canvas.width, canvas.height);
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error("The picture could not be made. Try a smaller window."))),
      "image/png",
    );
  });
}

/** Resolves once all that is in sight is read and drawn. */
export function whenDrawn(map: OlMap): Promise<void> {
  return new Promise((resolve) => {
    map.once("rendercomplete", () => resolve());
    map.render();
  });
}
