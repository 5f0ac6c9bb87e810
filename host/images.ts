// The open images of a host: a list with one of them active. Titles are unique, since macros choose images by title.

import { nearestWord, Problem } from "../core/problem.ts";
import { hasHidden, showText, toPlainName } from "../core/source/plain-text.ts";
import type { HostImage } from "../plugin/contract.ts";

export interface ImageList {
  /** In the order of their arrival; a new array at each change. */
  readonly list: readonly HostImage[];
  readonly active: HostImage | undefined;
  /** Adds an image, under its title (without what is not seen) or that title with a number; it becomes active unless told otherwise. */
  add(image: HostImage, options?: { activate?: boolean }): HostImage;
  /** Makes the image of that title active. Throws Problem InvalidParameter. */
  select(title: string): HostImage;
  /** Gives the active image another title. Throws Problem InvalidParameter for an empty or taken one. */
  rename(title: string): HostImage;
  /** Takes the image of that title away, or the active one; then the youngest is active. */
  close(title?: string): void;
  /** The active image. Throws Problem InvalidData when none is open. */
  assertActive(): HostImage;
}

/** An empty list; `onChange` is called after each change. */
export function createImageList(onChange: () => void = () => {}): ImageList {
  let list: readonly HostImage[] = [];
  let active: HostImage | undefined;

  function change(images: readonly HostImage[], chosen: HostImage | undefined): void {
    list = images;
    active = chosen;
    onChange();
  }

  function find(title: string): HostImage {
    const found = list.find((image) => image.title === title) ?? list.find((image) => isAlike(image.title, title));
    if (found !== undefined) return found;
    const titles = list.map((image) => image.title);
    const nearest = nearestWord(title.slice(0, 64), titles);
    const hint = nearest === undefined ? ` Open are: ${titles.join(", ") || "none"}.` : ` Did you mean "${nearest}"?`;
    throw new Problem("InvalidParameter", `There must be an image with the title ${JSON.stringify(title)}, but there is none.${hint}`, {
      parameter: "title",
      value: title,
      ...(nearest !== undefined && { nearest: [nearest] }),
    });
  }

  function assertActive(): HostImage {
    if (active !== undefined) return active;
    throw new Problem("InvalidData", "An image must be open; there are no images. Open one first.", { reason: "no image is open" });
  }

  return {
    get list() {
      return list;
    },
    get active() {
      return active;
    },
    add(image, { activate = true } = {}) {
      const title = toFreeTitle(toPlainName(image.title) || "untitled", new Set(list.map((other) => other.title)));
      const added = { ...image, title };
      change([...list, added], activate || active === undefined ? added : active);
      return added;
    },
    select(title) {
      const chosen = find(title);
      if (chosen !== active) change(list, chosen);
      return chosen;
    },
    rename(title) {
      const image = assertActive();
      if (title === image.title) return image;
      const isTaken = list.some((other) => other.title === title);
      if (title === "" || isTaken || hasHidden(title)) {
        const what = title === "" ? "is empty" : isTaken ? "is another image's" : "has control characters or direction marks";
        throw new Problem("InvalidParameter", `A title must be new and not empty; "${showText(title)}" ${what}. Use another one.`, {
          parameter: "title",
          value: title,
        });
      }
      const renamed = { ...image, title };
      change(
        list.map((other) => (other === image ? renamed : other)),
        renamed,
      );
      return renamed;
    },
    close(title) {
      const pattern =
        title !== undefined && /[*?]/.test(title) && !list.some((image) => isAlike(image.title, title)) ? toPattern(title) : undefined;
      const closed = pattern ? list.filter((image) => pattern.test(image.title)) : [title === undefined ? assertActive() : find(title)];
      const left = list.filter((image) => !closed.includes(image));
      change(left, active !== undefined && closed.includes(active) ? left.at(-1) : active);
    },
    assertActive,
  };
}

/** Titles as ImageJ's close("pattern") means them: * stands for any letters, ? for one. */
function toPattern(title: string): RegExp {
  const words = title.replace(/\*+/g, "*").replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${words.replaceAll("*", ".*").replaceAll("?", ".")}$`, "is");
}

/** True for titles that look alike: letters composed and decomposed, as macOS writes them. */
function isAlike(a: string, b: string): boolean {
  return a.normalize("NFC") === b.normalize("NFC");
}

/** The title, with -1, -2, ... before its extension while it is taken: as ImageJ names its windows. */
function toFreeTitle(title: string, taken: ReadonlySet<string>): string {
  const dot = title.lastIndexOf(".");
  const [base, extension] = dot > 0 ? [title.slice(0, dot), title.slice(dot)] : [title, ""];
  let free = title;
  for (let n = 1; taken.has(free); n++) free = `${base}-${n}${extension}`;
  return free;
}

/** The title of an image at an address: its last part, the same in every host, since macros call it by that. */
export function titleOfAddress({ pathname, host }: URL): string {
  const part = pathname.split("/").findLast((one) => one !== "") ?? host;
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a % that stands for itself
  }
}
