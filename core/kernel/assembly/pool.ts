// 2x2 max pooling, stride 2, and its gradient. NHWC; channel tails are done float by float.

/** 2x2 max pooling, stride 2, forward and backward; what is left over at an odd side belongs to no window. */
@unmanaged
class Pool {
  x: usize; y: usize;
  batch: i32; height: i32; width: i32; channels: i32;
  dx: usize;
  skip: usize; skipHeight: i32; skipWidth: i32; skipChannels: i32;
}

// The larger; the first when equal; NaN when either is.
// @ts-ignore: decorator
@inline
function larger(a: v128, b: v128): v128 {
  return f32x4.max(a, b);
}

export function maxPool(record: usize): void {
  const r = changetype<Pool>(record);
  const height = r.height >> 1, width = r.width >> 1, channels = r.channels;
  const pixel = (<usize>channels) << 2, row = pixel * <usize>r.width, image = row * <usize>r.height;
  let y = r.y;
  for (let n = 0; n < r.batch; n++) {
    for (let i = 0; i < height; i++) {
      let x = r.x + <usize>n * image + <usize>(2 * i) * row;
      for (let j = 0; j < width; j++) {
        let c = 0;
        for (; c + 4 <= channels; c += 4) {
          const s = x + ((<usize>c) << 2);
          v128.store(y + ((<usize>c) << 2), larger(larger(v128.load(s), v128.load(s + pixel)), larger(v128.load(s + row), v128.load(s + row + pixel))));
        }
        for (; c < channels; c++) {
          const s = x + ((<usize>c) << 2);
          store<f32>(y + ((<usize>c) << 2), max<f32>(max<f32>(load<f32>(s), load<f32>(s + pixel)), max<f32>(load<f32>(s + row), load<f32>(s + row + pixel))));
        }
        y += pixel;
        x += pixel * 2;
      }
    }
  }
}

/** dx of max pooling from x and dy (in `y`); `skip` (0: none), a gradient of a centred smaller map, is added from its first channels. */
export function maxPoolBackward(record: usize): void {
  const r = changetype<Pool>(record);
  const height = r.height >> 1, width = r.width >> 1, channels = r.channels;
  const pixel = (<usize>channels) << 2, row = pixel * <usize>r.width, image = row * <usize>r.height;
  if ((r.height & 1) != 0 || (r.width & 1) != 0) memory.fill(r.dx, 0, <usize>r.batch * image);
  let dy = r.y;
  for (let n = 0; n < r.batch; n++) {
    for (let i = 0; i < height; i++) {
      let x = r.x + <usize>n * image + <usize>(2 * i) * row, dx = r.dx + <usize>n * image + <usize>(2 * i) * row;
      for (let j = 0; j < width; j++) {
        let c = 0;
        for (; c + 4 <= channels; c += 4) {
          const o = (<usize>c) << 2, s = x + o, t = dx + o;
          const g = v128.load(dy + o);
          const a = v128.load(s), b = v128.load(s + pixel), d = v128.load(s + row), e = v128.load(s + row + pixel);
          // Later ones win only when strictly larger, so ties go to the first in raster order.
          const right = f32x4.gt(b, a), top = v128.bitselect(b, a, right);
          const rightBelow = f32x4.gt(e, d), bottom = v128.bitselect(e, d, rightBelow);
          const below = f32x4.gt(bottom, top);
          const above = v128.andnot(g, below), under = v128.and(g, below);
          v128.store(t, v128.andnot(above, right));
          v128.store(t + pixel, v128.and(above, right));
          v128.store(t + row, v128.andnot(under, rightBelow));
          v128.store(t + row + pixel, v128.and(under, rightBelow));
        }
        for (; c < channels; c++) {
          const o = (<usize>c) << 2, s = x + o, t = dx + o;
          const g = load<f32>(dy + o);
          const a = load<f32>(s), b = load<f32>(s + pixel), d = load<f32>(s + row), e = load<f32>(s + row + pixel);
          const right = b > a, rightBelow = e > d, below = (rightBelow ? e : d) > (right ? b : a);
          store<f32>(t, !below && !right ? g : 0);
          store<f32>(t + pixel, !below && right ? g : 0);
          store<f32>(t + row, below && !rightBelow ? g : 0);
          store<f32>(t + row + pixel, below && rightBelow ? g : 0);
        }
        dy += pixel;
        x += pixel * 2;
        dx += pixel * 2;
      }
    }
    if (r.skip != 0) addSkip(r, n);
  }
}

function addSkip(r: Pool, n: i32): void {
  const channels = r.channels, top = (r.height - r.skipHeight) >> 1, left = (r.width - r.skipWidth) >> 1;
  const pixel = (<usize>channels) << 2, skipPixel = (<usize>r.skipChannels) << 2;
  for (let i = 0; i < r.skipHeight; i++) {
    let s = r.skip + <usize>(n * r.skipHeight + i) * <usize>r.skipWidth * skipPixel;
    let o = r.dx + (<usize>(n * r.height + top + i) * <usize>r.width + <usize>left) * pixel;
    for (let j = 0; j < r.skipWidth; j++) {
      let c = 0;
      for (; c + 4 <= channels; c += 4) {
        const at = (<usize>c) << 2;
        v128.store(o + at, f32x4.add(v128.load(o + at), v128.load(s + at)));
      }
      for (; c < channels; c++) {
        const at = (<usize>c) << 2;
        store<f32>(o + at, load<f32>(o + at) + load<f32>(s + at));
      }
      s += skipPixel;
      o += pixel;
    }
  }
}
