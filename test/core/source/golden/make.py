#!/usr/bin/env python3
"""Small images of many kinds, and what independent readers (tifffile, Pillow) find in them.

    make.py images DIR    writes the images into DIR and images.json beside this script
    make.py jpegs DIR     writes JPEG images into DIR and jpegs.json beside this script
    make.py data ROOT     writes data.json: the TIFFs of ROOT/formats, read by tifffile
    make.py read FILE...  prints what tifffile or Pillow read: our own writers are checked with it

Pixels are told as the CRC-32 of their little-endian bytes in the order t, z, y, x, channel, so equal means every pixel.
pip install tifffile imagecodecs pillow numpy
"""
import json
import os
import sys
import zlib

import numpy as np
import tifffile
from PIL import Image, ImageOps

HERE = os.path.dirname(os.path.abspath(__file__))


def tell(pixels):
    pixels = np.ascontiguousarray(pixels.astype(np.uint8) if pixels.dtype == bool else pixels)
    little = pixels.astype(pixels.dtype.newbyteorder("<"))
    return {"shape": list(pixels.shape), "dtype": pixels.dtype.name, "crc": zlib.crc32(little.tobytes()),
            "min": float(pixels.min()), "max": float(pixels.max())}


def to_tzyxc(array, axes):
    """Any axes of tifffile to t, z, y, x, c (planes' c before samples' s)."""
    axes = axes.replace("I", "Z").replace("Q", "Z")
    for letter in "TZYXCS":
        if letter not in axes:
            array, axes = array[..., None], axes + letter
    array = np.transpose(array, [axes.index(letter) for letter in "TZYXCS"])
    return array.reshape(*array.shape[:4], -1)


def read_tiff(path):
    with tifffile.TiffFile(path) as tiff:
        series, page = tiff.series[0], tiff.pages[0]
        pixels = to_tzyxc(series.asarray(), series.axes)
        if page.photometric == 3:
            colours = page.colormap
            colours = (colours >> 8 if colours.max() > 255 else colours).astype(np.uint8)
            pixels = np.moveaxis(colours[:, pixels[..., 0]], 0, -1)
        alpha = [i for i, kind in enumerate(page.extrasamples or ()) if int(kind) in (1, 2)]
        first = 3 if page.photometric == 2 else 1
        keep = [c for c in range(pixels.shape[-1]) if c - first not in alpha]
        found = tell(pixels[..., keep])
        found["axes"] = series.axes
        found["resolution"] = [float(a) / float(b) for a, b in [page.tags["XResolution"].value]] if "XResolution" in page.tags else None
        found["description"] = page.description[:60]
        found["compression"] = getattr(page.compression, "name", "NONE")
        return found


def read_png(path):
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode == "P":
        image = image.convert("RGB")
    pixels = np.array(image)
    if image.mode == "I":
        pixels = pixels.astype(np.uint16)
    if image.mode in ("LA", "RGBA"):
        pixels = pixels[..., :-1]
    if image.mode == "1":
        pixels = pixels.astype(np.uint8)
    return tell(pixels.reshape(1, 1, *pixels.shape[:2], -1))


def read(path):
    return read_png(path) if path.endswith(".png") else read_tiff(path)


def make_images(folder):
    os.makedirs(folder, exist_ok=True)
    rng = np.random.default_rng(1)
    noise = lambda shape, dtype: rng.integers(0, np.iinfo(dtype).max, shape, dtype)
    smooth = lambda h, w: np.add.outer(np.arange(h) * 3, np.arange(w) * 2)
    grey, rgb = noise((13, 17), np.uint8), noise((13, 17, 3), np.uint8)
    long = np.tile(smooth(40, 60), (2, 2)).astype(np.uint8)
    save = lambda image, name, **more: Image.fromarray(image).save(os.path.join(folder, name), **more)

    for compression in ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"]:
        save(grey, f"grey8-{compression}.tif", compression=compression)
        save(rgb, f"rgb8-{compression}.tif", compression=compression)
        save(long, f"smooth8-{compression}.tif", compression=compression, tiffinfo={278: 16})
    for compression in ["tiff_lzw", "tiff_adobe_deflate"]:
        save(long, f"predictor8-{compression}.tif", compression=compression, tiffinfo={317: 2, 278: 7})
        save(rgb, f"predictor-rgb8-{compression}.tif", compression=compression, tiffinfo={317: 2})
        save(smooth(50, 70).astype(np.uint16) * 100, f"predictor16-{compression}.tif", compression=compression, tiffinfo={317: 2})
        save(rng.normal(size=(9, 11)).astype(np.float32), f"float-predictor3-{compression}.tif", compression=compression, tiffinfo={317: 3})
    save(noise((64, 96), np.uint8), "noise8-tiff_lzw.tif", compression="tiff_lzw")
    save(grey > 100, "bits1.tif", compression="packbits")
    Image.fromarray(grey).convert("P", palette=Image.ADAPTIVE, colors=7).save(os.path.join(folder, "palette.tif"))

    write = lambda name, image, **more: tifffile.imwrite(os.path.join(folder, name), image, **more)
    for dtype in ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"]:
        image = rng.normal(size=(7, 9)) * 50 if dtype.startswith("float") else rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, (7, 9))
        write(f"{dtype}-little.tif", image.astype(dtype))
        write(f"{dtype}-big.tif", image.astype(dtype), byteorder=">", compression="zlib")
    write("bigtiff.tif", noise((13, 17), np.uint16), bigtiff=True, compression="zlib", rowsperstrip=4)
    write("bigtiff-big.tif", noise((13, 17), np.uint16), bigtiff=True, byteorder=">")
    write("tiled.tif", noise((50, 70), np.uint16), tile=(16, 32))
    write("tiled-deflate.tif", noise((50, 70, 3), np.uint8), tile=(32, 16), compression="zlib", photometric="rgb")
    write("planar.tif", noise((3, 13, 17), np.uint8), photometric="rgb", planarconfig="separate", rowsperstrip=5)
    write("planar-tiled.tif", noise((3, 20, 40), np.uint16), photometric="rgb", planarconfig="separate", tile=(16, 16), compression="zlib")
    write("alpha.tif", noise((13, 17, 4), np.uint8), photometric="rgb", extrasamples=["unassalpha"])
    write("five.tif", noise((13, 17, 5), np.uint8), photometric="minisblack", planarconfig="contig", extrasamples=["unspecified"] * 4)
    write("imagej.tif", noise((2, 3, 4, 6, 5), np.uint16), imagej=True, resolution=(4, 4), metadata={"axes": "TZCYX", "unit": "um"})
    write("ome.ome.tif", noise((2, 3, 4, 6, 5), np.uint8), metadata={"axes": "TCZYX", "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm",
          "Channel": {"Name": ["DAPI", "GFP & co", "RFP"]}}, compression="zlib")
    write("ome-rgb.ome.tif", noise((2, 6, 5, 3), np.uint8), photometric="rgb", metadata={"axes": "ZYXS"})
    write("pages.tif", noise((5, 6, 7), np.uint8), photometric="minisblack", metadata=None)

    save(grey, "grey8.png")
    save(grey > 100, "grey1.png", bits=1)
    save(noise((13, 17), np.uint16).astype(np.int32), "grey16.png")
    save(rgb, "rgb8.png")
    save(noise((13, 17, 4), np.uint8), "rgba8.png")
    save(noise((13, 17, 2), np.uint8), "greya8.png")
    Image.fromarray(rgb).convert("P", palette=Image.ADAPTIVE, colors=5).save(os.path.join(folder, "palette.png"))
    Image.fromarray(rgb).convert("P", palette=Image.ADAPTIVE, colors=200).save(os.path.join(folder, "palette200.png"))
    save(np.tile(smooth(60, 90), (3, 3)).astype(np.uint8), "smooth8.png")
    found = {name: read(os.path.join(folder, name)) for name in sorted(os.listdir(folder))}
    save_json("images.json", found)


def make_jpegs(folder):
    os.makedirs(folder, exist_ok=True)
    rng = np.random.default_rng(2)
    y, x = np.mgrid[:61, :83]
    waves = [127 + 90 * np.sin(x / (5 + c)) * np.cos(y / (7 - c)) + rng.normal(size=x.shape) * 12 for c in range(3)]
    rgb = np.clip(np.stack(waves, -1), 0, 255).astype(np.uint8)
    save = lambda image, name, **more: Image.fromarray(image).save(os.path.join(folder, name), **more)
    for name, subsampling in [("444", 0), ("422", 1), ("420", 2)]:
        save(rgb, f"jpeg-{name}.jpg", quality=80, subsampling=subsampling)
        save(rgb, f"jpeg-{name}-progressive.jpg", quality=60, subsampling=subsampling, progressive=True)
    save(rgb[..., 0], "jpeg-grey.jpg", quality=75, optimize=True)
    save(rgb[..., 0], "jpeg-grey-progressive.jpeg", quality=90, progressive=True)
    save(rgb[:1, :1], "jpeg-one.jpg")
    exif = Image.Exif()
    exif[274] = 6
    save(rgb, "jpeg-turned.jpg", exif=exif, comment=b"turned by EXIF only", icc_profile=bytes(70000))
    Image.fromarray(rgb).convert("CMYK").save(os.path.join(folder, "unread-cmyk.jpg"))
    names = sorted(name for name in os.listdir(folder) if name.startswith("jpeg-"))
    save_json("jpegs.json", {name: read_png(os.path.join(folder, name)) for name in names})


def save_json(name, found):
    with open(os.path.join(HERE, name), "w") as out:
        out.write("{\n" + ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in found.items()) + "\n}\n")


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "images":
        make_images(rest[0])
    elif command == "jpegs":
        make_jpegs(rest[0])
    elif command == "data":
        root = os.path.join(rest[0], "formats")
        files = [os.path.join(base, file) for base, _, files in os.walk(root) for file in files if file.endswith((".tif", ".tiff"))]
        found = {}
        for path in sorted(files):
            try:
                found[os.path.relpath(path, rest[0])] = read(path)
            except Exception as error:
                found[os.path.relpath(path, rest[0])] = {"unread": str(error)[:80]}
        save_json("data.json", found)
    else:
        print(json.dumps([read(path) for path in rest]))
