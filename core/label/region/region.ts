// Regions of interest: what somebody drew, as polygons, and the pixels in them.

/** Polygons in pixels of the full image; (0, 0) is the upper left corner of the first pixel. */
export interface Region {
  readonly name?: string;
  /** The class that its maker gave it. */
  readonly className?: string;
  /** A region without area, such as a line, has none. Polygons may overlap: a pixel counts when it is in one of them. */
  readonly polygons: readonly Shape[];
}

/** Rings x0, y0, x1, y1, ... of any direction, filled together by the even-odd rule; the first corner is not repeated. */
export type Shape = readonly ArrayLike<number>[];

export interface ShapeScanner {
  /**
   * Calls `visit` for each run of pixels of row `y`, `x1` exclusive, shape by shape. Rows must be asked for from top to bottom;
   * some may be left out.
   */
  scanRow(y: number, visit: (shape: number, x0: number, x1: number) => void): void;
}

/**
 * A scanner of shapes in an image `width` pixels wide. A pixel is in a shape when its centre is; centres on an edge are taken
 * as ImageJ takes them: in on the right and upper edge, out on the left and lower one.
 */
export function createShapeScanner(shapes: readonly Shape[], width: number): ShapeScanner {
  const waiting = shapes.flatMap((rings, shape) => rings.flatMap((ring) => listEdges(ring, shape))).sort((a, b) => a.row0 - b.row0);
  let next = 0;
  let active: Edge[] = [];
  return {
    scanRow: (y, visit) => {
      while (next < waiting.length && waiting[next]!.row0 <= y) active.push(waiting[next++]!);
      active = active.filter(({ row1 }) => row1 > y);
      for (const edge of active) edge.x = edge.atX + (y + 0.5 - edge.atY) * edge.slope;
      active.sort((a, b) => a.shape - b.shape || a.x - b.x);
      for (let i = 0; i + 1 < active.length; i += 2) {
        const x0 = Math.max(0, firstPixel(active[i]!.x));
        const x1 = Math.min(width, firstPixel(active[i + 1]!.x));
        if (x0 < x1) visit(active[i]!.shape, x0, x1);
      }
    },
  };
}

/** Calls `paint` for each run of pixels in a shape, `x1` exclusive. */
export function fillShape(
  shape: Shape,
  { height, width }: { height: number; width: number },
  paint: (y: number, x0: number, x1: number) => void,
): void {
  const { scanRow } = createShapeScanner([shape], width);
  let [top, bottom] = [height, 0];
  for (const ring of shape) {
    for (let i = 1; i < ring.length; i += 2) {
      top = Math.min(top, Math.floor(ring[i]!));
      bottom = Math.max(bottom, Math.ceil(ring[i]!));
    }
  }
  for (let y = Math.max(0, top); y < Math.min(height, bottom); y++) scanRow(y, (_, x0, x1) => paint(y, x0, x1));
}

/** A side of a ring that crosses the centres of rows `row0` to `row1`. */
interface Edge {
  readonly shape: number;
  readonly row0: number;
  readonly row1: number;
  readonly atX: number;
  readonly atY: number;
  readonly slope: number;
  /** Where it crosses the centre of the row at hand. */
  x: number;
}

function listEdges(ring: ArrayLike<number>, shape: number): Edge[] {
  const edges: Edge[] = [];
  for (let i = 0; i < ring.length; i += 2) {
    const to = (i + 2) % ring.length;
    const [upper, lower] = ring[i + 1]! <= ring[to + 1]! ? [i, to] : [to, i];
    const [atX, atY] = [ring[upper]!, ring[upper + 1]!];
    const row0 = Math.ceil(atY - 0.5);
    const row1 = Math.ceil(ring[lower + 1]! - 0.5);
    if (row0 >= row1) continue;
    edges.push({ shape, row0, row1, atX, atY, slope: (ring[lower]! - atX) / (ring[lower + 1]! - atY), x: 0 });
  }
  return edges;
}

/** The first pixel right of an edge; ij/process/PolygonFiller moves edges by as much to the right, against rounding. */
function firstPixel(x: number): number {
  return Math.floor(x + 0.5 + 1e-8);
}
