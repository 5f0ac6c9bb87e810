// Winograd's transforms of 3x3 filters: U = GgG' into the panels of a product, for the way forward or turned for the way back,
// and dg = G' dU G. See winograd.ts.

import { copyFloats, fma, transpose4 } from "./vector";

// G applied to three values.
// @ts-ignore: decorator
@inline
function filterPass(a: v128, b: v128, c: v128, o: usize, step: usize): void {
  const ac = f32x4.mul(f32x4.add(a, c), f32x4.splat(-1.0 / 6.0)), b6 = f32x4.mul(b, f32x4.splat(1.0 / 6.0));
  const a24 = fma(a, f32x4.splat(1.0 / 24.0), f32x4.mul(c, f32x4.splat(1.0 / 6.0))), b12 = f32x4.mul(b, f32x4.splat(1.0 / 12.0));
  v128.store(o, f32x4.mul(a, f32x4.splat(0.25)));
  o += step;
  v128.store(o, f32x4.sub(ac, b6));
  o += step;
  v128.store(o, f32x4.add(ac, b6));
  o += step;
  v128.store(o, f32x4.add(a24, b12));
  o += step;
  v128.store(o, f32x4.sub(a24, b12));
  o += step;
  v128.store(o, c);
}

// Nine taps, `tap` bytes apart, of four filters into 36 places, `step` bytes apart.
// @ts-ignore: decorator
@inline
function transformFilter(s: usize, tap: usize, tmp: usize, to: usize, step: usize): void {
  const tap3 = tap * 3, tap6 = tap * 6;
  let t = tmp, end = tmp + 48;
  while (t != end) {
    filterPass(v128.load(s), v128.load(s + tap3), v128.load(s + tap6), t, 48);
    s += tap;
    t += 16;
  }
  t = tmp;
  end = tmp + 288;
  while (t != end) {
    filterPass(v128.load(t), v128.load(t, 16), v128.load(t, 32), to, step);
    to += step * 6;
    t += 48;
  }
}

/** U = GgG' in panels [36][ceil(outputs / 8)][inputs][8], `toStep` bytes between the 36, of the output channels [first, first + count).
 *  With `turned`, of the filter that carries dy back to x: turned by 180 degrees, its inputs and outputs exchanged. */
@unmanaged
class Filter {
  filter: usize;
  inputs: i32; outputs: i32;
  turned: i32;
  first: i32; count: i32;
  to: usize; toStep: usize;
  scratch: usize;
}

export function winogradFilter(record: usize): void {
  const r = changetype<Filter>(record);
  const inputs = r.inputs, outputs = r.outputs, step = r.toStep, tmp = r.scratch, gathered = r.scratch + 512;
  const tap = (<usize>inputs * <usize>outputs) << 2;
  const turned = r.turned != 0;
  // `depth` runs over what the product sums, `wide` over the panels' columns; the tensor's last axis is always its outputs.
  const depth = turned ? outputs : inputs, wide = turned ? inputs : outputs, end = r.first + r.count;
  const panel = (<usize>depth) << 5;
  let to = r.to;
  // Two panels at a time where the filter lies in rows: 16 floats are a cache line, and each row of a wide filter is a page.
  for (let n = r.first; n < end; n += turned ? 8 : 16) {
    if (turned) {
      const real = min(8, wide - n);
      for (let k = 0; k < depth; k += 4) {
        const deep = min(4, depth - k);
        gatherTurned(r.filter + ((<usize>n * <usize>outputs + <usize>k) << 2), outputs, tap, real, deep, gathered);
        for (let i = 0; i < deep; i++) {
          const s = gathered + ((<usize>i) << 5);
          transformFilter(s, 128, tmp, to, step);
          transformFilter(s + 16, 128, tmp, to + 16, step);
          to += 32;
        }
      }
    } else {
      const second = n + 8 < end;
      for (let k = 0; k < depth; k++) {
        const s = r.filter + ((<usize>k * <usize>outputs + <usize>n) << 2);
        transformPanelRow(s, tap, wide - n, gathered, tmp, to, step);
        if (second) transformPanelRow(s + 32, tap, wide - n - 8, gathered, tmp, to + panel, step);
        to += 32;
      }
      to += panel;
    }
  }
}

// Eight output channels of one input channel; fewer are filled up with zeros.
function transformPanelRow(s: usize, tap: usize, real: i32, gathered: usize, tmp: usize, to: usize, step: usize): void {
  if (real < 8) {
    for (let p: usize = 0; p < 9; p++) copyFloats(s + p * tap, 0, gathered + (p << 5), real, 8);
    s = gathered;
    tap = 32;
  }
  transformFilter(s, tap, tmp, to, step);
  transformFilter(s + 16, tap, tmp, to + 16, step);
}

// Nine taps in reverse order of an 8 (inputs) x 4 (outputs) piece of the filter, turned to [tap][4][8], zero-filled.
function gatherTurned(from: usize, outputs: i32, tap: usize, real: i32, deep: i32, to: usize): void {
  const row = (<usize>outputs) << 2;
  for (let p: usize = 0; p < 9; p++) {
    const s = from + (8 - p) * tap, o = to + (p << 7);
    if (real == 8 && deep == 4) {
      transpose4(s, row, o);
      transpose4(s + row * 4, row, o + 16);
    } else {
      memory.fill(o, 0, 128);
      for (let i = 0; i < real; i++) {
        for (let j = 0; j < deep; j++) store<f32>(o + ((<usize>(j * 8 + i)) << 2), load<f32>(s + <usize>i * row + ((<usize>j) << 2)));
      }
    }
  }
}

// G' applied to six values.
// @ts-ignore: decorator
@inline
function filterGradientPass(u0: v128, u1: v128, u2: v128, u3: v128, u4: v128, u5: v128, o: usize, step: usize): void {
  const a = f32x4.add(u1, u2), b = f32x4.sub(u2, u1), c = f32x4.add(u3, u4), d = f32x4.sub(u3, u4);
  const sixth = f32x4.splat(1.0 / 6.0);
  v128.store(o, fma(u0, f32x4.splat(0.25), fma(c, f32x4.splat(1.0 / 24.0), f32x4.mul(a, f32x4.splat(-1.0 / 6.0)))));
  o += step;
  v128.store(o, fma(b, sixth, f32x4.mul(d, f32x4.splat(1.0 / 12.0))));
  o += step;
  v128.store(o, fma(f32x4.sub(c, a), sixth, u5));
}

/** dg = G' dU G: dU is [36][inputs][row], for the inputs [first, first + count) of the filter [3, 3, inputs, outputs]. */
@unmanaged
class FilterGradient {
  u: usize; uRow: usize; uStep: usize;
  filter: usize;
  inputs: i32; outputs: i32;
  first: i32; count: i32;
  scratch: usize;
}

export function winogradFilterGradient(record: usize): void {
  const r = changetype<FilterGradient>(record);
  const outputs = r.outputs, step = r.uStep, tmp = r.scratch, tap = (<usize>r.inputs * <usize>outputs) << 2;
  const step6 = step * 6, step12 = step * 12, step18 = step * 18, step24 = step * 24, step30 = step * 30, patch = tmp + 512;
  for (let k = 0; k < r.count; k++) {
    let u = r.u + <usize>k * r.uRow;
    let to = r.filter + ((<usize>(r.first + k) * <usize>outputs) << 2);
    for (let n = 0; n < outputs; n += 4) {
      let s = u, t = tmp, end = tmp + 96;
      while (t != end) {
        filterGradientPass(v128.load(s), v128.load(s + step6), v128.load(s + step12), v128.load(s + step18), v128.load(s + step24), v128.load(s + step30), t, 96);
        s += step;
        t += 16;
      }
      const whole = n + 4 <= outputs;
      let o = whole ? to : patch;
      const between = whole ? tap : <usize>16;
      t = tmp;
      end = tmp + 288;
      while (t != end) {
        filterGradientPass(v128.load(t), v128.load(t, 16), v128.load(t, 32), v128.load(t, 48), v128.load(t, 64), v128.load(t, 80), o, between);
        o += 3 * between;
        t += 96;
      }
      if (!whole) {
        for (let p: usize = 0; p < 9; p++) copyFloats(patch + (p << 4), 0, to + p * tap, outputs - n, 0);
      }
      u += 16;
      to += 16;
    }
  }
}
