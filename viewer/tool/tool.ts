// What a drawing tool is: it hears of points in the image, from the mouse, a finger, or the keyboard's crosshair alike.

import type { Point } from "../labels/paint.ts";
import type { Frame } from "../map/frame.ts";

/** How a point was made. */
export interface Input {
  /** Screen pixels per image pixel. */
  readonly scale: number;
  readonly shift: boolean;
  readonly alt: boolean;
}

export interface Tool {
  /** A press. False means that the tool does not want the drag that follows: it pans. */
  down(point: Point, input: Input): boolean;
  /** A move with the button down. */
  drag(point: Point, input: Input): void;
  up(point: Point, input: Input): void;
  /** A move with no button down. */
  hover?(point: Point, input: Input): void;
  /** The pointer has left the image. */
  leave?(): void;
  doubleClick?(point: Point, input: Input): void;
  /** Enter, Escape, Backspace. True when the tool used the key. */
  key?(key: "Enter" | "Escape" | "Backspace"): boolean;
  /** Ends whatever is under way without a trace. */
  cancel(): void;
  /** What the tool shows over the image: an outline under way, the brush's size. */
  draw?(frame: Frame): void;
  readonly cursor: string;
}
