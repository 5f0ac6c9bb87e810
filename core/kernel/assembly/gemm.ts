// The matrix product under everything. Its inner loop is written for what V8 makes of it on x86-64 (15 free vector registers):
// blocks of 6 rows x 8 columns, 12 accumulators, two loads and one broadcast alive; the build without a fused multiply-add needs
// a register for the product and takes 5 rows. Three things must stay as they are (measured, GMAC/s): the loop is not unrolled
// by hand (27 -> 18, Binaryen regroups it by accumulator), it is a `while` with nothing around it (27 -> 14, V8 unrolls a do-while
// and moves all loads to its top), and each block is a function of its own, called twice, because Binaryen inlines what is called once.
//   multiply:           C[m][n] = sum_k A[m][k] B[k][n]   A by rows, B in panels [n / 8][k][8]
//   multiplyTransposed: C[m][n] = sum_k A[k][m] B[k][n]   both by rows: sums over pixels or tiles, for filter gradients

import { fma, transpose4 } from "./vector";

/** Rows of a full block. */
const full: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 5;
const fullT: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;

// One block of `rows` x 8; a row of A is `run` bytes. Ends are compared by !=, which also holds where an end is 2^32.
// @ts-ignore: decorator
@inline
function block(rows: i32, a: usize, aRow: usize, run: usize, b: usize, c: usize, cRow: usize, add: bool): void {
  let p0 = a, p1 = a + aRow, p2 = p1 + aRow, p3 = p2 + aRow, p4 = p3 + aRow, p5 = p4 + aRow;
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
  if (add) {
    let o = c;
    c00 = v128.load(o); c01 = v128.load(o, 16);
    if (rows > 1) { o += cRow; c10 = v128.load(o); c11 = v128.load(o, 16); }
    if (rows > 2) { o += cRow; c20 = v128.load(o); c21 = v128.load(o, 16); }
    if (rows > 3) { o += cRow; c30 = v128.load(o); c31 = v128.load(o, 16); }
    if (rows > 4) { o += cRow; c40 = v128.load(o); c41 = v128.load(o, 16); }
    if (rows > 5) { o += cRow; c50 = v128.load(o); c51 = v128.load(o, 16); }
  }
  const end = a + run;
  while (p0 != end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let s = v128.load32_splat(p0);
    c00 = fma(s, b0, c00); c01 = fma(s, b1, c01);
    if (rows > 1) { s = v128.load32_splat(p1); c10 = fma(s, b0, c10); c11 = fma(s, b1, c11); }
    if (rows > 2) { s = v128.load32_splat(p2); c20 = fma(s, b0, c20); c21 = fma(s, b1, c21); }
    if (rows > 3) { s = v128.load32_splat(p3); c30 = fma(s, b0, c30); c31 = fma(s, b1, c31); }
    if (rows > 4) { s = v128.load32_splat(p4); c40 = fma(s, b0, c40); c41 = fma(s, b1, c41); }
    if (rows > 5) { s = v128.load32_splat(p5); c50 = fma(s, b0, c50); c51 = fma(s, b1, c51); }
    p0 += 4; p1 += 4; p2 += 4; p3 += 4; p4 += 4; p5 += 4;
    b += 32;
  }
  keep(c, c00, c01);
  if (rows > 1) { c += cRow; keep(c, c10, c11); }
  if (rows > 2) { c += cRow; keep(c, c20, c21); }
  if (rows > 3) { c += cRow; keep(c, c30, c31); }
  if (rows > 4) { c += cRow; keep(c, c40, c41); }
  if (rows > 5) { c += cRow; keep(c, c50, c51); }
}

// @ts-ignore: decorator
@inline
function keep(c: usize, v0: v128, v1: v128): void {
  v128.store(c, v0);
  v128.store(c, v1, 16);
}

function block6(a: usize, aRow: usize, run: usize, b: usize, c: usize, cRow: usize, add: bool): void { block(6, a, aRow, run, b, c, cRow, add); }
function block5(a: usize, aRow: usize, run: usize, b: usize, c: usize, cRow: usize, add: bool): void { block(5, a, aRow, run, b, c, cRow, add); }
function block4(a: usize, aRow: usize, run: usize, b: usize, c: usize, cRow: usize, add: bool): void { block(4, a, aRow, run, b, c, cRow, add); }
function block3(a: usize, aRow: usize, run: usize, b: usize, c: usize, cRow: usize, add: bool): void { block(3, a, aRow, run, b, c, cRow, add); }
function block2(a: usize, aRow: usize, run: usize, b: usize, c: usize, cRow: usize, add: bool): void { block(2, a, aRow, run, b, c, cRow, add); }
function block1(a: usize, aRow: usize, run: usize, b: usize, c: usize, cRow: usize, add: bool): void { block(1, a, aRow, run, b, c, cRow, add); }

// @ts-ignore: decorator
@inline
function blockOf(rows: i32, a: usize, aRow: usize, run: usize, b: usize, c: usize, cRow: usize, add: bool): void {
  if (full == 6 && rows == 6) block6(a, aRow, run, b, c, cRow, add);
  else if (rows == 5) block5(a, aRow, run, b, c, cRow, add);
  else if (rows == 4) block4(a, aRow, run, b, c, cRow, add);
  else if (rows == 3) block3(a, aRow, run, b, c, cRow, add);
  else if (rows == 2) block2(a, aRow, run, b, c, cRow, add);
  else block1(a, aRow, run, b, c, cRow, add);
}

/** A batch of products with A by rows and B in panels; C gets whole panels of 8 columns. Steps in bytes. */
@unmanaged
class Multiply {
  a: usize; aRow: usize; aStep: usize;
  b: usize; bPanel: usize; bStep: usize;
  c: usize; cRow: usize; cStep: usize;
  batch: i32; rows: i32; panels: i32; depth: i32;
  add: i32;
}

export function multiply(record: usize): void {
  const r = changetype<Multiply>(record);
  const run = (<usize>r.depth) << 2, panel = r.bPanel;
  const aRow = r.aRow, cRow = r.cRow, rows = r.rows, panels = r.panels, add = r.add != 0;
  let a = r.a, b = r.b, c = r.c;
  for (let i = 0, batch = r.batch; i < batch; i++) {
    let bp = b, cp = c;
    for (let n = 0; n < panels; n++) {
      let ap = a, cm = cp;
      for (let m = 0; m < rows; m += full) {
        const some = min(full, rows - m);
        if (add) blockOf(some, ap, aRow, run, bp, cm, cRow, true);
        else blockOf(some, ap, aRow, run, bp, cm, cRow, false);
        ap += aRow * full;
        cm += cRow * full;
      }
      bp += panel;
      cp += 32;
    }
    a += r.aStep;
    b += r.bStep;
    c += r.cStep;
  }
}

// @ts-ignore: decorator
@inline
function blockT(rows: i32, a: usize, aRow: usize, b: usize, bRow: usize, k: i32, c: usize, cRow: usize, add: bool): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
  if (add) {
    let o = c;
    c00 = v128.load(o); c01 = v128.load(o, 16);
    if (rows > 1) { o += cRow; c10 = v128.load(o); c11 = v128.load(o, 16); }
    if (rows > 2) { o += cRow; c20 = v128.load(o); c21 = v128.load(o, 16); }
    if (rows > 3) { o += cRow; c30 = v128.load(o); c31 = v128.load(o, 16); }
    if (rows > 4) { o += cRow; c40 = v128.load(o); c41 = v128.load(o, 16); }
    if (rows > 5) { o += cRow; c50 = v128.load(o); c51 = v128.load(o, 16); }
  }
  while (k > 0) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let s = v128.load32_splat(a);
    c00 = fma(s, b0, c00); c01 = fma(s, b1, c01);
    if (rows > 1) { s = v128.load32_splat(a, 4); c10 = fma(s, b0, c10); c11 = fma(s, b1, c11); }
    if (rows > 2) { s = v128.load32_splat(a, 8); c20 = fma(s, b0, c20); c21 = fma(s, b1, c21); }
    if (rows > 3) { s = v128.load32_splat(a, 12); c30 = fma(s, b0, c30); c31 = fma(s, b1, c31); }
    if (rows > 4) { s = v128.load32_splat(a, 16); c40 = fma(s, b0, c40); c41 = fma(s, b1, c41); }
    if (rows > 5) { s = v128.load32_splat(a, 20); c50 = fma(s, b0, c50); c51 = fma(s, b1, c51); }
    a += aRow;
    b += bRow;
    k--;
  }
  keep(c, c00, c01);
  if (rows > 1) { c += cRow; keep(c, c10, c11); }
  if (rows > 2) { c += cRow; keep(c, c20, c21); }
  if (rows > 3) { c += cRow; keep(c, c30, c31); }
  if (rows > 4) { c += cRow; keep(c, c40, c41); }
  if (rows > 5) { c += cRow; keep(c, c50, c51); }
}

function blockT6(a: usize, aRow: usize, b: usize, bRow: usize, k: i32, c: usize, cRow: usize, add: bool): void { blockT(6, a, aRow, b, bRow, k, c, cRow, add); }
function blockT5(a: usize, aRow: usize, b: usize, bRow: usize, k: i32, c: usize, cRow: usize, add: bool): void { blockT(5, a, aRow, b, bRow, k, c, cRow, add); }
function blockT4(a: usize, aRow: usize, b: usize, bRow: usize, k: i32, c: usize, cRow: usize, add: bool): void { blockT(4, a, aRow, b, bRow, k, c, cRow, add); }
function blockT3(a: usize, aRow: usize, b: usize, bRow: usize, k: i32, c: usize, cRow: usize, add: bool): void { blockT(3, a, aRow, b, bRow, k, c, cRow, add); }
function blockT2(a: usize, aRow: usize, b: usize, bRow: usize, k: i32, c: usize, cRow: usize, add: bool): void { blockT(2, a, aRow, b, bRow, k, c, cRow, add); }
function blockT1(a: usize, aRow: usize, b: usize, bRow: usize, k: i32, c: usize, cRow: usize, add: bool): void { blockT(1, a, aRow, b, bRow, k, c, cRow, add); }

// @ts-ignore: decorator
@inline
function blockTOf(rows: i32, a: usize, aRow: usize, b: usize, bRow: usize, k: i32, c: usize, cRow: usize, add: bool): void {
  if (fullT == 6 && rows == 6) blockT6(a, aRow, b, bRow, k, c, cRow, add);
  else if (rows == 5) blockT5(a, aRow, b, bRow, k, c, cRow, add);
  else if (rows == 4) blockT4(a, aRow, b, bRow, k, c, cRow, add);
  else if (rows == 3) blockT3(a, aRow, b, bRow, k, c, cRow, add);
  else if (rows == 2) blockT2(a, aRow, b, bRow, k, c, cRow, add);
  else blockT1(a, aRow, b, bRow, k, c, cRow, add);
}

/** A batch of products of transposed A by rows with B by rows (whole panels of 8 columns); both have `depth` rows. */
@unmanaged
class MultiplyTransposed {
  a: usize; aRow: usize; aStep: usize;
  b: usize; bRow: usize; bStep: usize;
  c: usize; cRow: usize; cStep: usize;
  batch: i32; rows: i32; panels: i32; depth: i32;
  add: i32;
}

/** Rows of A and B that are summed at a time, so that the panel of B stays in the L1 cache. */
const depthBlock: i32 = 128;

export function multiplyTransposed(record: usize): void {
  const r = changetype<MultiplyTransposed>(record);
  const aRow = r.aRow, bRow = r.bRow, cRow = r.cRow, rows = r.rows, panels = r.panels, depth = r.depth;
  let a = r.a, b = r.b, c = r.c;
  for (let i = 0, batch = r.batch; i < batch; i++) {
    let ak = a, bk = b;
    for (let k = 0; k < depth; k += depthBlock) {
      const deep = min(depthBlock, depth - k), add = r.add != 0 || k > 0;
      let bp = bk, cp = c;
      for (let n = 0; n < panels; n++) {
        let ap = ak, cm = cp;
        for (let m = 0; m < rows; m += fullT) {
          const some = min(fullT, rows - m);
          if (add) blockTOf(some, ap, aRow, bp, bRow, deep, cm, cRow, true);
          else blockTOf(some, ap, aRow, bp, bRow, deep, cm, cRow, false);
          ap += fullT << 2;
          cm += cRow * fullT;
        }
        bp += 32;
        cp += 32;
      }
      ak += <usize>deep * aRow;
      bk += <usize>deep * bRow;
    }
    a += r.aStep;
    b += r.bStep;
    c += r.cStep;
  }
}

/** A [depth][columns] matrix with any steps (in bytes) into zero-padded panels [ceil(columns / 8)][depth][8]. */
@unmanaged
class Pack {
  from: usize; depthStep: usize; columnStep: usize;
  depth: i32; columns: i32;
  to: usize;
}

export function pack(record: usize): void {
  const r = changetype<Pack>(record);
  const from = r.from, depthStep = r.depthStep, columnStep = r.columnStep, depth = r.depth, columns = r.columns;
  let to = r.to;
  for (let n = 0; n < columns; n += 8) {
    const base = from + <usize>n * columnStep;
    if (n + 8 <= columns && columnStep == 4) {
      let s = base;
      for (let k = 0; k < depth; k++) {
        v128.store(to, v128.load(s));
        v128.store(to, v128.load(s, 16), 16);
        s += depthStep;
        to += 32;
      }
      continue;
    }
    let k = 0;
    if (n + 8 <= columns && depthStep == 4) {
      for (; k + 4 <= depth; k += 4) {
        let s = base + ((<usize>k) << 2);
        transpose4(s, columnStep, to);
        transpose4(s + columnStep * 4, columnStep, to + 16);
        to += 128;
      }
    }
    const real = min(8, columns - n);
    for (; k < depth; k++) {
      let s = base + <usize>k * depthStep;
      for (let i = 0; i < 8; i++) {
        store<f32>(to, i < real ? load<f32>(s) : 0);
        s += i + 1 < real ? columnStep : 0;
        to += 4;
      }
    }
  }
}
