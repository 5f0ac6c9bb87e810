// Icons of lucide as one sprite in the page. Each is drawn with the text's colour.

import arrowDown from "lucide-static/icons/arrow-down.svg";
import arrowUp from "lucide-static/icons/arrow-up.svg";
import boxes from "lucide-static/icons/boxes.svg";
import brush from "lucide-static/icons/brush.svg";
import check from "lucide-static/icons/check.svg";
import help from "lucide-static/icons/circle-help.svg";
import download from "lucide-static/icons/download.svg";
import eraser from "lucide-static/icons/eraser.svg";
import eye from "lucide-static/icons/eye.svg";
import eyeOff from "lucide-static/icons/eye-off.svg";
import folder from "lucide-static/icons/folder-open.svg";
import image from "lucide-static/icons/image.svg";
import lasso from "lucide-static/icons/lasso.svg";
import layers from "lucide-static/icons/layers.svg";
import menu from "lucide-static/icons/menu.svg";
import moon from "lucide-static/icons/moon.svg";
import pointer from "lucide-static/icons/mouse-pointer-2.svg";
import bucket from "lucide-static/icons/paint-bucket.svg";
import pencil from "lucide-static/icons/pencil.svg";
import polygon from "lucide-static/icons/pentagon.svg";
import play from "lucide-static/icons/play.svg";
import plus from "lucide-static/icons/plus.svg";
import puzzle from "lucide-static/icons/puzzle.svg";
import redo from "lucide-static/icons/redo-2.svg";
import scissors from "lucide-static/icons/scissors.svg";
import settings from "lucide-static/icons/settings-2.svg";
import square from "lucide-static/icons/square.svg";
import box from "lucide-static/icons/square-dashed.svg";
import sun from "lucide-static/icons/sun.svg";
import table from "lucide-static/icons/table.svg";
import target from "lucide-static/icons/target.svg";
import trash from "lucide-static/icons/trash-2.svg";
import warning from "lucide-static/icons/triangle-alert.svg";
import undo from "lucide-static/icons/undo-2.svg";
import close from "lucide-static/icons/x.svg";
import { html, type TemplateResult } from "./html.ts";

const icons = {
  arrowDown,
  arrowUp,
  box,
  boxes,
  brush,
  bucket,
  check,
  close,
  download,
  eraser,
  eye,
  eyeOff,
  folder,
  help,
  image,
  lasso,
  layers,
  menu,
  moon,
  pencil,
  play,
  plus,
  pointer,
  polygon,
  puzzle,
  redo,
  scissors,
  settings,
  square,
  sun,
  table,
  target,
  trash,
  undo,
  warning,
};

export type IconName = keyof typeof icons;

/** An icon; the button around it carries the words. */
export function icon(name: IconName): TemplateResult {
  return html`<svg class="icon" aria-hidden="true"><use href=${`#icon-${name}`}></use></svg>`;
}

/** Puts the sprite into the page; once, at the start. */
export function installIcons(): void {
  const space = "http://www.w3.org/2000/svg";
  const sprite = document.createElementNS(space, "svg");
  // Not `hidden`: that is for HTML elements only.
  sprite.setAttribute("style", "display:none");
  for (const [name, text] of Object.entries(icons)) {
    const parsed = new DOMParser().parseFromString(text, "text/html").querySelector("svg")!;
    const symbol = document.createElementNS(space, "symbol");
    symbol.id = `icon-${name}`;
    symbol.setAttribute("viewBox", "0 0 24 24");
    symbol.append(...parsed.childNodes);
    sprite.append(symbol);
  }
  document.body.append(sprite);
}
