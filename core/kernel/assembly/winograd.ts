// Winograd's F(4x4, 3x3) (Lavin and Gray 2015, arXiv:1509.09308): a 3x3 convolution becomes 36 matrix products over tiles of 4x4
// outputs, with a quarter of the multiplications. With V = B'dB (6x6 input tiles), U = GgG', M = V U: y = A'MA.
// The same V serves the gradient to the filter: dU = V' (A dy A'), dg = G' dU G. The gradient to the input is a convolution
// of dy with the turned filter. V, M and A dy A' are [36][tile][channel], rows and steps padded by the caller so that the
// 36 streams do not fall on the same cache sets. Tiles are counted over the whole batch: image, then rows, then columns.

import { copyFloats, fma, openWhere, relu } from "./vector";

/** Where the tiles of a batch of images lie. */
@unmanaged
class Tiles {
  x: usize; mask: usize;
  height: i32; width: i32; channels: i32;
  padTop: i32; padLeft: i32;
  tileRows: i32; tileColumns: i32;
  first: i32; count: i32;
  to: usize; toRow: usize; toStep: usize;
  scratch: usize;
  sums: usize;
}

// B' applied to six values.
// @ts-ignore: decorator
@inline
function inputPass(d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128, o: usize, step: usize): void {
  const four = f32x4.splat(4), minusFive = f32x4.splat(-5), minusFour = f32x4.splat(-4);
  v128.store(o, fma(four, d0, fma(minusFive, d2, d4)));
  const a = fma(minusFour, d2, d4), b = fma(minusFour, d1, d3);
  o += step;
  v128.store(o, f32x4.add(a, b));
  o += step;
  v128.store(o, f32x4.sub(a, b));
  const c = f32x4.sub(d4, d2), e0 = f32x4.sub(d3, d1), e = f32x4.add(e0, e0);
  o += step;
  v128.store(o, f32x4.add(c, e));
  o += step;
  v128.store(o, f32x4.sub(c, e));
  o += step;
  v128.store(o, fma(four, d1, fma(minusFive, d3, d5)));
}

// @ts-ignore: decorator
@inline
function inputTile(x: usize, mask: usize, row: usize, column: usize, groups: i32, tmp: usize, to: usize, step: usize, masked: bool): void {
  const row2 = row + row, row3 = row2 + row, row4 = row3 + row, row5 = row4 + row;
  for (; groups > 0; groups--) {
    let s = x, t = tmp, y = mask;
    const end = tmp + 96;
    while (t != end) {
      let d0 = v128.load(s), d1 = v128.load(s + row), d2 = v128.load(s + row2);
      let d3 = v128.load(s + row3), d4 = v128.load(s + row4), d5 = v128.load(s + row5);
      if (masked) {
        d0 = openWhere(d0, v128.load(y)); d1 = openWhere(d1, v128.load(y + row)); d2 = openWhere(d2, v128.load(y + row2));
        d3 = openWhere(d3, v128.load(y + row3)); d4 = openWhere(d4, v128.load(y + row4)); d5 = openWhere(d5, v128.load(y + row5));
        y += column;
      }
      inputPass(d0, d1, d2, d3, d4, d5, t, 96);
      s += column;
      t += 16;
    }
    let o = to;
    t = tmp;
    const last = tmp + 576;
    while (t != last) {
      inputPass(v128.load(t), v128.load(t, 16), v128.load(t, 32), v128.load(t, 48), v128.load(t, 64), v128.load(t, 80), o, step);
      o += step * 6;
      t += 96;
    }
    x += 16;
    if (masked) mask += 16;
    to += 16;
  }
}

function plainInputTile(x: usize, row: usize, column: usize, groups: i32, tmp: usize, to: usize, step: usize): void {
  inputTile(x, 0, row, column, groups, tmp, to, step, false);
}
function maskedInputTile(x: usize, mask: usize, row: usize, column: usize, groups: i32, tmp: usize, to: usize, step: usize): void {
  inputTile(x, mask, row, column, groups, tmp, to, step, true);
}

// A square of `side` pixels from (y0, x0), with zeros outside the image and in the channels that fill up to a multiple of 4.
function copyPatch(x: usize, mask: usize, height: i32, width: i32, channels: i32, y0: i32, x0: i32, side: i32, to: usize): void {
  const padded = (channels + 3) & ~3;
  for (let i = y0; i < y0 + side; i++) {
    for (let j = x0; j < x0 + side; j++) {
      const inside = i >= 0 && i < height && j >= 0 && j < width;
      const o = inside ? ((<usize>i * <usize>width + <usize>j) * <usize>channels) << 2 : 0;
      copyFloats(x + o, mask == 0 ? <usize>0 : mask + o, to, inside ? channels : 0, padded);
      to += (<usize>padded) << 2;
    }
  }
}

/** V = B'dB for `count` tiles from tile `first`; the mask (0: none) is the ReLU's output, closed where it is <= 0. */
export function winogradInput(record: usize): void {
  const r = changetype<Tiles>(record);
  const height = r.height, width = r.width, channels = r.channels, tmp = r.scratch, patch = r.scratch + 1024;
  const column = (<usize>channels) << 2, row = column * <usize>width, image = row * <usize>height;
  const groups = (channels + 3) >> 2, padded = (<usize>groups) << 4;
  const perImage = r.tileRows * r.tileColumns, step = r.toStep;
  let to = r.to;
  for (let t = r.first, end = r.first + r.count; t < end; t++) {
    const n = t / perImage, inImage = t - n * perImage, ty = inImage / r.tileColumns, tx = inImage - ty * r.tileColumns;
    const y0 = ty * 4 - r.padTop, x0 = tx * 4 - r.padLeft;
    const base = r.x + <usize>n * image, mask = r.mask == 0 ? <usize>0 : r.mask + <usize>n * image;
    if (y0 >= 0 && x0 >= 0 && y0 + 6 <= height && x0 + 6 <= width && (channels & 3) == 0) {
      const o = <usize>y0 * row + <usize>x0 * column;
      if (mask == 0) plainInputTile(base + o, row, column, groups, tmp, to, step);
      else maskedInputTile(base + o, mask + o, row, column, groups, tmp, to, step);
    } else {
      copyPatch(base, mask, height, width, channels, y0, x0, 6, patch);
      plainInputTile(patch, padded * 6, padded, groups, tmp, to, step);
    }
    to += r.toRow;
  }
}

// A applied to four values.
// @ts-ignore: decorator
@inline
function gradientPass(d0: v128, d1: v128, d2: v128, d3: v128, o: usize, step: usize): void {
  v128.store(o, d0);
  const a = f32x4.add(d0, d2), b = f32x4.add(d1, d3);
  o += step;
  v128.store(o, f32x4.add(a, b));
  o += step;
  v128.store(o, f32x4.sub(a, b));
  const c = fma(f32x4.splat(4), d2, d0), e0 = fma(f32x4.splat(4), d3, d1), e = f32x4.add(e0, e0);
  o += step;
  v128.store(o, f32x4.add(c, e));
  o += step;
  v128.store(o, f32x4.sub(c, e));
  o += step;
  v128.store(o, d3);
}

// @ts-ignore: decorator
@inline
function gradientTile(x: usize, mask: usize, row: usize, column: usize, groups: i32, tmp: usize, to: usize, step: usize, sums: usize, masked: bool): void {
  const row2 = row + row, row3 = row2 + row;
  for (; groups > 0; groups--) {
    let s = x, t = tmp, y = mask;
    const end = tmp + 64;
    while (t != end) {
      let d0 = v128.load(s), d1 = v128.load(s + row), d2 = v128.load(s + row2), d3 = v128.load(s + row3);
      if (masked) {
        d0 = openWhere(d0, v128.load(y)); d1 = openWhere(d1, v128.load(y + row));
        d2 = openWhere(d2, v128.load(y + row2)); d3 = openWhere(d3, v128.load(y + row3));
        y += column;
      }
      gradientPass(d0, d1, d2, d3, t, 64);
      s += column;
      t += 16;
    }
    let o = to;
    t = tmp;
    const last = tmp + 384;
    while (t != last) {
      gradientPass(v128.load(t), v128.load(t, 16), v128.load(t, 32), v128.load(t, 48), o, step);
      o += step * 6;
      t += 64;
    }
    // Row 1 and column 1 of A are all ones: that entry is the sum of the tile, which is the bias's gradient.
    v128.store(sums, f32x4.add(v128.load(sums), v128.load(to + step * 7)));
    x += 16;
    if (masked) mask += 16;
    to += 16;
    sums += 16;
  }
}

function plainGradientTile(x: usize, row: usize, column: usize, groups: i32, tmp: usize, to: usize, step: usize, sums: usize): void {
  gradientTile(x, 0, row, column, groups, tmp, to, step, sums, false);
}
function maskedGradientTile(x: usize, mask: usize, row: usize, column: usize, groups: i32, tmp: usize, to: usize, step: usize, sums: usize): void {
  gradientTile(x, mask, row, column, groups, tmp, to, step, sums, true);
}

/** A dy A' for `count` tiles of 4x4 from tile `first`, and their sums per channel added to `sums` (padded to 4). */
export function winogradGradient(record: usize): void {
  const r = changetype<Tiles>(record);
  const height = r.height, width = r.width, channels = r.channels, tmp = r.scratch, patch = r.scratch + 1024;
  const column = (<usize>channels) << 2, row = column * <usize>width, image = row * <usize>height;
  const groups = (channels + 3) >> 2, padded = (<usize>groups) << 4;
  const perImage = r.tileRows * r.tileColumns, step = r.toStep;
  // Panels have 8 columns: the last 4 may be beyond the channels and must be zero.
  const pad = (groups & 1) == 1;
  let to = r.to;
  for (let t = r.first, end = r.first + r.count; t < end; t++) {
    const n = t / perImage, inImage = t - n * perImage, ty = inImage / r.tileColumns, tx = inImage - ty * r.tileColumns;
    const y0 = ty * 4, x0 = tx * 4;
    const base = r.x + <usize>n * image, mask = r.mask == 0 ? <usize>0 : r.mask + <usize>n * image;
    if (y0 + 4 <= height && x0 + 4 <= width && (channels & 3) == 0) {
      const o = <usize>y0 * row + <usize>x0 * column;
      if (mask == 0) plainGradientTile(base + o, row, column, groups, tmp, to, step, r.sums);
      else maskedGradientTile(base + o, mask + o, row, column, groups, tmp, to, step, r.sums);
    } else {
      copyPatch(base, mask, height, width, channels, y0, x0, 4, patch);
      plainGradientTile(patch, padded * 4, padded, groups, tmp, to, step, r.sums);
    }
    if (pad) {
      for (let k: usize = 0, o = to + padded; k < 36; k++, o += step) v128.store(o, f32x4.splat(0));
    }
    to += r.toRow;
  }
}

// A' applied to six values.
// @ts-ignore: decorator
@inline
function outputPass(m0: v128, m1: v128, m2: v128, m3: v128, m4: v128, m5: v128, o: usize, step: usize, bias: v128, open: bool, last: bool): void {
  const a = f32x4.add(m1, m2), b = f32x4.sub(m1, m2), c = f32x4.add(m3, m4), d = f32x4.sub(m3, m4);
  let y0 = f32x4.add(f32x4.add(m0, a), c), y1 = fma(f32x4.splat(2), d, b), y2 = fma(f32x4.splat(4), c, a);
  let y3 = f32x4.add(fma(f32x4.splat(8), d, b), m5);
  if (last) {
    y0 = f32x4.add(y0, bias); y1 = f32x4.add(y1, bias); y2 = f32x4.add(y2, bias); y3 = f32x4.add(y3, bias);
    if (open) { y0 = relu(y0); y1 = relu(y1); y2 = relu(y2); y3 = relu(y3); }
  }
  v128.store(o, y0);
  o += step;
  v128.store(o, y1);
  o += step;
  v128.store(o, y2);
  o += step;
  v128.store(o, y3);
}

// @ts-ignore: decorator
@inline
function outputTile(m: usize, step: usize, groups: i32, tmp: usize, bias: usize, to: usize, row: usize, column: usize, open: bool): void {
  const step6 = step * 6, step12 = step * 12, step18 = step * 18, step24 = step * 24, step30 = step * 30, zero = f32x4.splat(0);
  for (; groups > 0; groups--) {
    let s = m, t = tmp;
    const end = tmp + 96;
    while (t != end) {
      outputPass(v128.load(s), v128.load(s + step6), v128.load(s + step12), v128.load(s + step18), v128.load(s + step24), v128.load(s + step30), t, 96, zero, false, false);
      s += step;
      t += 16;
    }
    const b = v128.load(bias);
    let o = to;
    t = tmp;
    const last = tmp + 384;
    while (t != last) {
      outputPass(v128.load(t), v128.load(t, 16), v128.load(t, 32), v128.load(t, 48), v128.load(t, 64), v128.load(t, 80), o, column, b, open, true);
      o += row;
      t += 96;
    }
    m += 16;
    bias += 16;
    to += 16;
  }
}

function linearOutputTile(m: usize, step: usize, groups: i32, tmp: usize, bias: usize, to: usize, row: usize, column: usize): void {
  outputTile(m, step, groups, tmp, bias, to, row, column, false);
}
function reluOutputTile(m: usize, step: usize, groups: i32, tmp: usize, bias: usize, to: usize, row: usize, column: usize): void {
  outputTile(m, step, groups, tmp, bias, to, row, column, true);
}

/** y = A'MA + bias, ReLU where asked, for the tiles of M. `bias` is padded to a multiple of 4 floats; y may have more channels than M. */
@unmanaged
class Output {
  m: usize; mRow: usize; mStep: usize;
  y: usize;
  height: i32; width: i32; channels: i32; yChannels: i32;
  tileRows: i32; tileColumns: i32;
  first: i32; count: i32;
  bias: usize;
  relu: i32;
  scratch: usize;
}

export function winogradOutput(record: usize): void {
  const r = changetype<Output>(record);
  const height = r.height, width = r.width, channels = r.channels, tmp = r.scratch, patch = r.scratch + 1024;
  const column = (<usize>r.yChannels) << 2, row = column * <usize>width, image = row * <usize>height;
  const groups = (channels + 3) >> 2, padded = (<usize>groups) << 4;
  const perImage = r.tileRows * r.tileColumns, step = r.mStep, bias = r.bias, open = r.relu != 0;
  let m = r.m;
  for (let t = r.first, end = r.first + r.count; t < end; t++) {
    const n = t / perImage, inImage = t - n * perImage, ty = inImage / r.tileColumns, tx = inImage - ty * r.tileColumns;
    const y0 = ty * 4, x0 = tx * 4;
    const base = r.y + <usize>n * image + <usize>y0 * row + <usize>x0 * column;
    if (y0 + 4 <= height && x0 + 4 <= width && (channels & 3) == 0) {
      if (open) reluOutputTile(m, step, groups, tmp, bias, base, row, column);
      else linearOutputTile(m, step, groups, tmp, bias, base, row, column);
    } else {
      if (open) reluOutputTile(m, step, groups, tmp, bias, patch, padded * 4, padded);
      else linearOutputTile(m, step, groups, tmp, bias, patch, padded * 4, padded);
      const rows = min(4, height - y0), columns = min(4, width - x0);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          copyFloats(patch + <usize>(i * 4 + j) * padded, 0, base + <usize>i * row + <usize>j * column, channels, 0);
        }
      }
    }
    m += r.mRow;
  }
}
