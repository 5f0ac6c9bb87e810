// The strip of tools that floats over the image, with the brush's size beside it.

import type { App } from "../app.ts";
import { html, nothing, type Part } from "../dom/html.ts";
import { type IconName, icon } from "../dom/icon.ts";
import { takeTool, toolInHand } from "../file/drawing-layer.ts";
import { prefer, type ToolName } from "../model/workspace.ts";

/** The tools with their names, keys and icons. */
export const toolTable: readonly { readonly name: ToolName; readonly title: string; readonly key: string; readonly icon: IconName }[] = [
  { name: "select", title: "Select, move, pan", key: "V", icon: "pointer" },
  { name: "brush", title: "Brush", key: "B", icon: "brush" },
  { name: "eraser", title: "Eraser", key: "E", icon: "eraser" },
  { name: "polygon", title: "Polygon", key: "P", icon: "polygon" },
  { name: "freehand", title: "Freehand", key: "D", icon: "lasso" },
  { name: "rectangle", title: "Rectangle", key: "R", icon: "square" },
  { name: "fill", title: "Fill", key: "F", icon: "bucket" },
  { name: "split", title: "Split object", key: "C", icon: "scissors" },
  { name: "review", title: "Accept an object of the prediction; with Alt reject it", key: "Q", icon: "check" },
  { name: "box", title: "Box: everything in it is drawn", key: "A", icon: "box" },
];

/** The strip; nothing while no image is open. */
export function toolStrip({ workspace }: App): Part {
  const entry = workspace.current.value;
  if (!entry) return nothing;
  const tool = toolInHand(workspace);
  const { brushPx, brushInImage } = workspace.preferences.value;
  return html`<div class="tool-strip" role="toolbar" aria-label="Drawing tools">
    ${toolTable.map(
      ({ name, title, key, icon: picture }) =>
        html`<button class="tool" data-tool=${name} aria-pressed=${tool === name} aria-label=${title} title=${`${title} (${key})`} @click=${() => takeTool(workspace, name)}>${icon(picture)}</button>`,
    )}
    ${
      tool === "brush" || tool === "eraser"
        ? html`<span class="tool-line"></span><label class="brush-size" title=${brushInImage ? "Size in image pixels ( [ and ] )" : "Size on the screen ( [ and ] )"}><span class="visually-hidden">Brush size</span><input type="range" min="1" max="100" .value=${String(brushPx)} @input=${(event: Event) => prefer(workspace, { brushPx: Number((event.target as HTMLInputElement).value) })} /><output>${brushPx} px</output></label>`
        : nothing
    }
  </div>`;
}
