#!/usr/bin/env python3
"""Small pyramids and JPEG or Zstandard compressed TIFFs, and what libtiff and tifffile find in them.

    make-slides.py make DIR     writes the images into DIR and slides.json beside this script
    make-slides.py data ROOT    writes slides-data.json: the slides of ROOT/slides, read by libtiff

Pixels as in make.py: the CRC-32 of the little-endian bytes in the order t, z, y, x, channel, one for each level.
Needs Debian's python3-tifffile and libtiff-tools (tiffcp, tiff2rgba), both of which decode JPEG by libjpeg-turbo.
"""
import json
import os
import subprocess
import sys
import tempfile
import zlib

import numpy as np
import tifffile

HERE = os.path.dirname(os.path.abspath(__file__))


def tell(pixels):
    """pixels: t, z, y, x, channel"""
    little = np.ascontiguousarray(pixels).astype(pixels.dtype.newbyteorder("<"))
    return {"shape": list(pixels.shape), "dtype": pixels.dtype.name, "crc": zlib.crc32(little.tobytes())}


def by_libtiff(path, rgb):
    """What libtiff unpacks of the first page. rgb: by its RGBA reader, which turns YCbCr into RGB."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.tif")
        command = ["tiff2rgba", "-c", "none", path] if rgb else ["tiffcp", "-c", "none", f"{path},0"]
        subprocess.run([*command, out], check=True, stderr=subprocess.DEVNULL)
        pixels = tifffile.imread(out)[..., :3] if rgb else tifffile.imread(out)
    return pixels.reshape(1, 1, *pixels.shape[:2], -1)


def half(image):
    """Every second pixel of the last two axes before samples: enough for a test, and not a mean."""
    return image[..., ::2, ::2]


def make(folder):
    os.makedirs(folder, exist_ok=True)
    rng = np.random.default_rng(7)
    path = lambda name: os.path.join(folder, name)
    y, x = np.mgrid[0:90, 0:130]
    smooth = np.stack([(np.sin(x / 9) + np.cos(y / 7) + 2) * 60, x * 1.5 + 20, y * 2 + 30], -1)
    photo = np.clip(smooth + rng.normal(0, 6, smooth.shape), 0, 255).astype(np.uint8)
    found = {}

    with tempfile.TemporaryDirectory() as temporary:
        plain = os.path.join(temporary, "rgb.tif")
        grey = os.path.join(temporary, "grey.tif")
        deep = os.path.join(temporary, "deep.tif")
        tifffile.imwrite(plain, photo, photometric="rgb")
        tifffile.imwrite(grey, photo[..., 0])
        tifffile.imwrite(deep, (photo[..., 1].astype(np.uint16) * 200))
        tiled = ["-t", "-w", "48", "-l", "32"]
        for name, options, source in [
            ("jpeg-ycbcr-tiled.tif", [*tiled, "-c", "jpeg:80"], plain),
            ("jpeg-rgb-tiled.tif", [*tiled, "-c", "jpeg:80:r"], plain),
            ("jpeg-ycbcr-strips.tif", ["-s", "-r", "16", "-c", "jpeg:60"], plain),
            ("jpeg-grey-tiled.tif", [*tiled, "-c", "jpeg:75"], grey),
            ("zstd-tiled.tif", [*tiled, "-c", "zstd"], plain),
            ("zstd-predictor.tif", ["-s", "-r", "20", "-c", "zstd:2"], deep),
        ]:
            subprocess.run(["tiffcp", *options, source, path(name)], check=True)
            found[name] = [tell(by_libtiff(path(name), "ycbcr" in name))]

    # An OME-TIFF whose levels lie below each page: t, c, z, y, x.
    stack = rng.integers(0, 60000, (2, 2, 2, 48, 64), np.uint16)
    levels = [stack, half(stack), half(half(stack))]
    with tifffile.TiffWriter(path("subifds.ome.tif"), bigtiff=True, ome=True) as tiff:
        more = {"tile": (16, 16), "compression": "zlib"}
        tiff.write(levels[0], subifds=2, metadata={"axes": "TCZYX", "PhysicalSizeX": 325.0, "PhysicalSizeXUnit": "nm",
                   "Channel": {"Name": ["DNA", "actin"]}}, **more)
        for level in levels[1:]:
            tiff.write(level, subfiletype=1, **more)
    found["subifds.ome.tif"] = [tell(np.moveaxis(level, 1, -1)) for level in levels]

    # Levels behind the page, marked as reduced; one of them is no copy at all.
    image = rng.integers(0, 255, (99, 77, 3), np.uint8)
    copies = [image, image[::2, ::2], image[::4, ::4]]
    with tifffile.TiffWriter(path("reduced.tif")) as tiff:
        tiff.write(copies[0], tile=(32, 32), photometric="rgb", compression="zlib", metadata=None)
        for copy in copies[1:]:
            tiff.write(copy, tile=(16, 16), photometric="rgb", compression="zlib", subfiletype=1, metadata=None)
        tiff.write(image[:20, ::2], tile=(16, 16), photometric="rgb", compression="zlib", subfiletype=1, metadata=None)
    found["reduced.tif"] = [tell(copy[None, None]) for copy in copies]

    # The order of an Aperio slide: image, thumbnail in strips, level, label, macro.
    words = "Aperio Image Library v12.0.15 \r\n130x90 [0,0 130x90] (32x32) ZIP|AppMag = 20|MPP = 0.4990|Left = 25.69"
    with tifffile.TiffWriter(path("aperio.svs")) as tiff:
        more = {"photometric": "rgb", "compression": "zlib", "metadata": None}
        tiff.write(photo, tile=(32, 32), description=words, **more)
        tiff.write(photo[::3, ::3], rowsperstrip=8, description="Aperio Image Library thumbnail", **more)
        tiff.write(photo[::4, ::4], tile=(32, 32), description=words, **more)
        tiff.write(photo[:50, :40], rowsperstrip=8, description="Aperio label", subfiletype=1, **more)
        tiff.write(photo[:30, :90], rowsperstrip=8, description="Aperio macro", subfiletype=9, **more)
    found["aperio.svs"] = [tell(level[None, None]) for level in (photo, photo[::4, ::4])]
    save("slides.json", found)


def save(name, found):
    with open(os.path.join(HERE, name), "w") as out:
        out.write("{\n" + ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in found.items()) + "\n}\n")


if __name__ == "__main__":
    command, place = sys.argv[1:]
    if command == "make":
        make(place)
    else:
        slide = os.path.join(place, "slides", "CMU-1-Small-Region.svs")
        save("slides-data.json", {"slides/CMU-1-Small-Region.svs": [tell(by_libtiff(slide, True))]})
