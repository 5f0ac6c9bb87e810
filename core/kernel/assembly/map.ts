// What moves pixels and hardly computes: bias and activation after a product, the scatter and gather of the 2x2 up-convolution,
// patches, sums, crop and concatenate. Everything NHWC; channel tails are done float by float.

import { copyFloats, relu } from "./vector";

// `count` floats of a product plus bias (padded to 4, as is the product's row), ReLU where asked.
// @ts-ignore: decorator
@inline
function addBias(from: usize, bias: usize, to: usize, count: i32, open: bool): void {
  const whole = count & ~3;
  let i = 0;
  for (; i < whole; i += 4) {
    const o = (<usize>i) << 2;
    let v = f32x4.add(v128.load(from + o), v128.load(bias + o));
    if (open) v = relu(v);
    v128.store(to + o, v);
  }
  for (; i < count; i++) {
    const o = (<usize>i) << 2;
    let v = load<f32>(from + o) + load<f32>(bias + o);
    if (open && v < 0) v = 0;
    store<f32>(to + o, v);
  }
}

/** y[row] = product[row] + bias, ReLU where asked; y's rows are `columns` floats, one after the other. */
@unmanaged
class Finish {
  from: usize; fromRow: usize;
  to: usize;
  rows: i32; columns: i32;
  bias: usize;
  relu: i32;
}

export function finishRows(record: usize): void {
  const r = changetype<Finish>(record);
  const columns = r.columns, bias = r.bias, open = r.relu != 0;
  let from = r.from, to = r.to;
  for (let i = 0, rows = r.rows; i < rows; i++) {
    if (open) addBias(from, bias, to, columns, true);
    else addBias(from, bias, to, columns, false);
    from += r.fromRow;
    to += (<usize>columns) << 2;
  }
}

/** Rows of x-pixels [first, first + count) against the 2x2 outputs of an up-convolution. `product` is [count][4][slot floats]. */
@unmanaged
class UpConvolution {
  product: usize; productRow: usize; slot: i32;
  y: usize; mask: usize;
  yChannels: i32; channelOffset: i32;
  width: i32; channels: i32;
  first: i32; count: i32;
  bias: usize;
  relu: i32;
}

/** Scatters products to y, with bias and ReLU: y[2i + u][2j + v] = product[i, j][2u + v]. */
export function scatterUpConvolution(record: usize): void {
  const r = changetype<UpConvolution>(record);
  const channels = r.channels, width = r.width, pixel = (<usize>channels) << 2, row = pixel * 2 * <usize>width;
  let from = r.product;
  for (let p = r.first, end = r.first + r.count; p < end; p++) {
    const i = p / width, j = p - i * width; // rows are counted over the whole batch: 2 H rows an image, so the same arithmetic holds
    const base = r.y + <usize>(2 * i) * row + <usize>(2 * j) * pixel;
    for (let q: usize = 0; q < 4; q++) {
      const s = from + ((q * <usize>r.slot) << 2), o = base + (q >> 1) * row + (q & 1) * pixel;
      if (r.relu != 0) addBias(s, r.bias, o, channels, true);
      else addBias(s, r.bias, o, channels, false);
    }
    from += r.productRow;
  }
}

/** Gathers the four gradients of each x-pixel, masked, into `product` [count][4][slot]; the mask has `channels` channels. */
export function gatherUpConvolution(record: usize): void {
  const r = changetype<UpConvolution>(record);
  const channels = r.channels, width = r.width;
  const pixel = (<usize>r.yChannels) << 2, row = pixel * 2 * <usize>width;
  const maskPixel = (<usize>channels) << 2, maskRow = maskPixel * 2 * <usize>width;
  let to = r.product;
  for (let p = r.first, end = r.first + r.count; p < end; p++) {
    const i = p / width, j = p - i * width;
    const base = r.y + ((<usize>r.channelOffset) << 2) + <usize>(2 * i) * row + <usize>(2 * j) * pixel;
    const mask = r.mask + <usize>(2 * i) * maskRow + <usize>(2 * j) * maskPixel;
    for (let q: usize = 0; q < 4; q++) {
      copyFloats(
        base + (q >> 1) * row + (q & 1) * pixel,
        r.mask == 0 ? <usize>0 : mask + (q >> 1) * maskRow + (q & 1) * maskPixel,
        to + ((q * <usize>r.slot) << 2),
        channels,
        r.slot,
      );
    }
    to += r.productRow;
  }
}

/** Copies rows of `columns` floats, masked where a mask is given, into rows of `padded` floats, zero-filled. */
@unmanaged
class CopyRows {
  from: usize; fromRow: usize; mask: usize;
  to: usize; toRow: usize;
  rows: i32; columns: i32; padded: i32;
}

export function copyRows(record: usize): void {
  const r = changetype<CopyRows>(record);
  let from = r.from, mask = r.mask, to = r.to;
  for (let i = 0, rows = r.rows; i < rows; i++) {
    copyFloats(from, mask, to, r.columns, r.padded);
    from += r.fromRow;
    if (mask != 0) mask += r.fromRow;
    to += r.toRow;
  }
}

/** The nine taps of output pixels [first, first + count), counted over the batch, as rows of 9 * channels floats: [tap y][tap x, channel]. */
@unmanaged
class Patches {
  x: usize;
  height: i32; width: i32; channels: i32;
  padding: i32;
  outHeight: i32; outWidth: i32;
  first: i32; count: i32;
  to: usize;
}

export function gatherPatches(record: usize): void {
  const r = changetype<Patches>(record);
  const channels = r.channels, width = r.width, height = r.height, outWidth = r.outWidth, padding = r.padding;
  const pixel = (<usize>channels) << 2, row = pixel * <usize>width, image = row * <usize>height, taps = pixel * 3;
  const rows = r.first / outWidth;
  let n = rows / r.outHeight, i = rows - n * r.outHeight, j = r.first - rows * outWidth, to = r.to;
  for (let left = r.count; left > 0; left--) {
    const y = i - padding, x = j - padding;
    const from = r.x + <usize>n * image + <usize>y * row + <usize>x * pixel;
    if (y >= 0 && x >= 0 && y + 3 <= height && x + 3 <= width) {
      for (let o: usize = 0; o < taps; o += 4) {
        store<f32>(to + o, load<f32>(from + o));
        store<f32>(to + taps + o, load<f32>(from + row + o));
        store<f32>(to + taps * 2 + o, load<f32>(from + row * 2 + o));
      }
    } else {
      for (let u = 0; u < 3; u++) {
        for (let v = 0; v < 3; v++) {
          const inside = y + u >= 0 && y + u < height && x + v >= 0 && x + v < width;
          copyFloats(from + <usize>u * row + <usize>v * pixel, 0, to + <usize>u * taps + <usize>v * pixel, inside ? channels : 0, channels);
        }
      }
    }
    to += taps * 3;
    if (++j == outWidth) {
      j = 0;
      if (++i == r.outHeight) {
        i = 0;
        n++;
      }
    }
  }
}

/** Adds the columns of `rows` rows to `sums`. Sums of each call are made apart and then added, which keeps them exact for long. */
@unmanaged
class SumRows {
  from: usize; fromRow: usize;
  rows: i32; columns: i32;
  sums: usize;
}

export function sumRows(record: usize): void {
  const r = changetype<SumRows>(record);
  const columns = r.columns, rows = r.rows, row = r.fromRow;
  let j = 0;
  for (; j + 4 <= columns; j += 4) {
    let s = r.from + ((<usize>j) << 2), sum = f32x4.splat(0);
    for (let i = 0; i < rows; i++, s += row) sum = f32x4.add(sum, v128.load(s));
    const o = r.sums + ((<usize>j) << 2);
    v128.store(o, f32x4.add(v128.load(o), sum));
  }
  for (; j < columns; j++) {
    let s = r.from + ((<usize>j) << 2), sum: f32 = 0;
    for (let i = 0; i < rows; i++, s += row) sum += load<f32>(s);
    const o = r.sums + ((<usize>j) << 2);
    store<f32>(o, load<f32>(o) + sum);
  }
}

/** y = [the skip's centre of x's size, x] along the channels. */
@unmanaged
class Concat {
  skip: usize; skipHeight: i32; skipWidth: i32; skipChannels: i32;
  x: usize; batch: i32; height: i32; width: i32; channels: i32;
  y: usize;
}

export function cropConcat(record: usize): void {
  const r = changetype<Concat>(record);
  const top = (r.skipHeight - r.height) >> 1, left = (r.skipWidth - r.width) >> 1;
  const pixel = (<usize>r.channels) << 2, skipPixel = (<usize>r.skipChannels) << 2;
  let x = r.x, y = r.y;
  for (let n = 0; n < r.batch; n++) {
    for (let i = 0; i < r.height; i++) {
      let s = r.skip + (<usize>(n * r.skipHeight + top + i) * <usize>r.skipWidth + <usize>left) * skipPixel;
      for (let j = 0; j < r.width; j++) {
        copyFloats(s, 0, y, r.skipChannels, 0);
        y += skipPixel;
        copyFloats(x, 0, y, r.channels, 0);
        y += pixel;
        s += skipPixel;
        x += pixel;
      }
    }
  }
}
