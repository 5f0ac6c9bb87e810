// Max pooling with its gradient, and crop-and-concatenate: what moves pixels rather than computes.

import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { KernelContext } from "./heap.ts";

/** 2x2 max pooling, stride 2: y [batch, floor(height / 2), floor(width / 2), channels]. A NaN in a window comes out as NaN. */
export function maxPool2x2({ heap, calls }: KernelContext, x: TensorInfo): TensorInfo {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const y = heap.createOutput([batch, height >> 1, width >> 1, channels]);
  const at = { x: heap.addressOf(x), y: heap.addressOf(y), batch, height, width, channels };
  calls.maxPool({ ...at, dx: 0, skip: 0, skipHeight: 0, skipWidth: 0, skipChannels: 0 });
  return y;
}

/**
 * dx [batch, height, width, channels] of 2x2 max pooling; a tie's gradient goes to the first maximum in raster order. The
 * first channels of `dConcat` [batch, h, w, >= channels], a gradient of the centre of x, are added where it is given.
 */
export function maxPool2x2Backward(
  { heap, calls }: KernelContext,
  { x, dy, dConcat }: { readonly x: TensorInfo; readonly dy: TensorInfo; readonly dConcat?: TensorInfo | undefined },
): TensorInfo {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const dx = heap.createOutput([batch, height, width, channels]);
  calls.maxPoolBackward({
    x: heap.addressOf(x),
    y: heap.addressOf(dy),
    batch,
    height,
    width,
    channels,
    dx: heap.addressOf(dx),
    skip: dConcat ? heap.addressOf(dConcat) : 0,
    skipHeight: dConcat?.shape[1] ?? 0,
    skipWidth: dConcat?.shape[2] ?? 0,
    skipChannels: dConcat?.shape[3] ?? 0,
  });
  return dx;
}

/** [batch, height, width, channels of skip + channels of x]: the skip's centre, then x. An odd rest of the crop goes below and right. */
export function cropConcat({ heap, calls }: KernelContext, skip: TensorInfo, x: TensorInfo): TensorInfo {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const [, skipHeight, skipWidth, skipChannels] = skip.shape as [number, number, number, number];
  const y = heap.createOutput([batch, height, width, skipChannels + channels]);
  calls.cropConcat({
    skip: heap.addressOf(skip),
    skipHeight,
    skipWidth,
    skipChannels,
    x: heap.addressOf(x),
    batch,
    height,
    width,
    channels,
    y: heap.addressOf(y),
  });
  return y;
}
