// The few vector operations that differ between the two builds, and those that every kernel shares.
// All pointers are byte offsets into tfjs's own memory, unsigned; nothing here allocates.

/** a * b + c; one rounding in the relaxed build where the machine has a fused instruction, else two. */
// @ts-ignore: decorator
@inline
export function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** max(v, 0) that keeps NaN: pmax returns its first operand when the comparison is false. */
// @ts-ignore: decorator
@inline
export function relu(v: v128): v128 {
  return f32x4.pmax(v, f32x4.splat(0));
}

/** `v` where `y` > 0, else 0. The bits are masked, so a NaN in `v` does not outlive a closed ReLU. */
// @ts-ignore: decorator
@inline
export function openWhere(v: v128, y: v128): v128 {
  return v128.and(v, f32x4.gt(y, f32x4.splat(0)));
}

/** Copies `count` floats; with a mask, those whose mask float is <= 0 or NaN become 0. Writes `padded` floats, the rest 0. */
export function copyFloats(from: usize, mask: usize, to: usize, count: i32, padded: i32): void {
  const whole = count & ~3;
  let i = 0;
  if (mask == 0) {
    for (; i < whole; i += 4) v128.store(to + ((<usize>i) << 2), v128.load(from + ((<usize>i) << 2)));
    for (; i < count; i++) store<f32>(to + ((<usize>i) << 2), load<f32>(from + ((<usize>i) << 2)));
  } else {
    for (; i < whole; i += 4) {
      const o = (<usize>i) << 2;
      v128.store(to + o, openWhere(v128.load(from + o), v128.load(mask + o)));
    }
    for (; i < count; i++) {
      const o = (<usize>i) << 2;
      store<f32>(to + o, load<f32>(mask + o) > 0 ? load<f32>(from + o) : 0);
    }
  }
  for (; i < padded; i++) store<f32>(to + ((<usize>i) << 2), 0);
}

/** Four rows of four floats, `row` bytes apart, into four columns, 32 bytes apart. */
// @ts-ignore: decorator
@inline
export function transpose4(s: usize, row: usize, to: usize): void {
  const a = v128.load(s), b = v128.load(s + row), c = v128.load(s + row * 2), d = v128.load(s + row * 3);
  const ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5), ab1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd0 = v128.shuffle<f32>(c, d, 0, 4, 1, 5), cd1 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(ab0, cd0, 0, 1, 4, 5));
  v128.store(to, v128.shuffle<f32>(ab0, cd0, 2, 3, 6, 7), 32);
  v128.store(to, v128.shuffle<f32>(ab1, cd1, 0, 1, 4, 5), 64);
  v128.store(to, v128.shuffle<f32>(ab1, cd1, 2, 3, 6, 7), 96);
}
