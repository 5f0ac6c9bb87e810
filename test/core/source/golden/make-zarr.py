#!/usr/bin/env python3
"""Small OME-Zarr images of many kinds, zipped, and the pixels that were written into them.

    make-zarr.py make DIR     writes the zips into DIR and zarr-images.json beside this script
    make-zarr.py data ROOT    writes zarr-data.json: the Zarr images of ROOT/formats, read by zarr-python and numcodecs

Version 2 is written by zarr-python. Version 3 is written here, chunk by chunk as the specification has it, with numcodecs and
zstandard as compressors. Pixels as in make.py. Needs Debian's python3-zarr, python3-zstandard.
"""
import gzip
import json
import os
import struct
import sys
import zipfile
import zlib
from itertools import product

import numpy as np
import numcodecs
import zarr
import zstandard

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(11)


def tell(array, axes):
    for letter in "tczyx":
        if letter not in axes:
            array, axes = array[..., None], axes + letter
    array = np.transpose(array, [axes.index(letter) for letter in "tzyxc"])
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"))
    return {"shape": list(array.shape), "dtype": array.dtype.name, "crc": zlib.crc32(little.tobytes())}


def pack(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for key, value in files.items():
            out.writestr(zipfile.ZipInfo(key), bytes(value))


def multiscales(axes, count, unit="micrometer", scale=0.5):
    kinds = {"t": "time", "c": "channel"}
    described = [{"name": a, "type": kinds.get(a, "space"), **({"unit": unit} if a in "zyx" and unit else {})} for a in axes]
    datasets = [{"path": str(level), "coordinateTransformations": [
        {"type": "scale", "scale": [scale * 2**level if a in "yx" else 1.0 for a in axes]}]} for level in range(count)]
    return [{"version": "0.4", "axes": described, "datasets": datasets}]


def halves(image, count):
    return [image[..., :: 2**level, :: 2**level] for level in range(count)]


def smooth(shape, dtype):
    grid = np.add.outer(np.arange(shape[-2]) * 3, np.arange(shape[-1]) * 2)
    return (grid + rng.integers(0, 20, shape)).astype(dtype)


# Version 2

def write_v2(levels, axes, chunks, more=None, missing=(), fill=0, **options):
    store = {}
    group = zarr.group(store)
    for number, image in enumerate(levels):
        array = group.create_dataset(str(number), shape=image.shape, chunks=chunks, dtype=image.dtype, fill_value=fill, **options)
        array[...] = image
    group.attrs.update({"multiscales": multiscales(axes, len(levels)), **(more or {})})
    for key in missing:
        del store[key]
    return {key: bytes(value) for key, value in store.items()}


# Version 3

def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def encode(chunk, codecs):
    data = chunk
    for codec in codecs:
        name, setup = codec["name"], codec.get("configuration", {})
        if name == "transpose":
            data = np.transpose(data, setup["order"])
        elif name == "bytes":
            data = np.ascontiguousarray(data).astype(data.dtype.newbyteorder("<" if setup.get("endian", "little") == "little" else ">")).tobytes()
        elif name == "gzip":
            data = gzip.compress(data, setup["level"], mtime=0)
        elif name == "zstd":
            data = zstandard.ZstdCompressor(level=setup["level"], write_checksum=setup["checksum"]).compress(data)
        elif name == "blosc":
            data = numcodecs.Blosc(setup["cname"], setup["clevel"], {"noshuffle": 0, "shuffle": 1, "bitshuffle": 2}[setup["shuffle"]]).encode(
                np.frombuffer(data, np.dtype(f"u{setup['typesize']}")))
        elif name == "crc32c":
            data = data + struct.pack("<I", crc32c(data))
    return bytes(data)


def chunks_of(image, shape, fill):
    for indices in product(*[range(-(-side // step)) for side, step in zip(image.shape, shape)]):
        whole = np.full(shape, fill, image.dtype)
        part = image[tuple(slice(i * s, (i + 1) * s) for i, s in zip(indices, shape))]
        whole[tuple(slice(0, side) for side in part.shape)] = part
        yield indices, whole


def write_shard(shard, shape, codecs, fill):
    body, index = b"", []
    for _, chunk in chunks_of(shard, shape, fill):
        if (chunk == fill).all():
            index += [2**64 - 1, 2**64 - 1]
            continue
        data = encode(chunk, codecs)
        index += [len(body), len(data)]
        body += data
    table = struct.pack(f"<{len(index)}Q", *index)
    return body + table + struct.pack("<I", crc32c(table))


def write_v3(levels, axes, chunks, codecs, inner=None, fill=0, missing=(), more=None, separator="/"):
    files = {}
    described = multiscales(axes, len(levels))
    del described[0]["version"]
    ome = {"version": "0.5", "multiscales": described, **(more or {})}
    files["zarr.json"] = json.dumps({"zarr_format": 3, "node_type": "group", "attributes": {"ome": ome}}).encode()
    outer = codecs if inner is None else [{"name": "sharding_indexed", "configuration": {
        "chunk_shape": inner, "codecs": codecs, "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
        "index_location": "end"}}]
    for number, image in enumerate(levels):
        files[f"{number}/zarr.json"] = json.dumps({
            "zarr_format": 3, "node_type": "array", "shape": image.shape, "data_type": image.dtype.name, "fill_value": fill,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunks}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": separator}},
            "codecs": outer, "attributes": {}, "dimension_names": list(axes)}).encode()
        for indices, chunk in chunks_of(image, chunks, fill):
            key = f"{number}/" + separator.join(["c", *map(str, indices)])
            if key not in missing:
                files[key] = encode(chunk, codecs) if inner is None else write_shard(chunk, inner, codecs, fill)
    return files


def make(folder):
    os.makedirs(folder, exist_ok=True)
    found = {}

    def keep(name, files, levels, axes):
        pack(os.path.join(folder, name), files)
        found[name] = [tell(level, axes) for level in levels]

    little = {"name": "bytes", "configuration": {"endian": "little"}}
    omero = {"omero": {"channels": [{"label": "DNA"}, {"label": 7}]}}

    stack = smooth((2, 2, 3, 50, 70), np.uint16)
    levels = halves(stack, 2)
    stack[0, 1, 2, :32, :32] = 9
    keep("v2-blosc.zip", write_v2(levels, "tczyx", (1, 1, 1, 32, 32), omero, ["0/0/1/2/0/0"], 9, dimension_separator="/",
         compressor=numcodecs.Blosc("zstd", 3, 2)), levels, "tczyx")
    flat = [smooth((45, 61), np.float32)]
    keep("v2-zlib-fortran-big.zip", write_v2([flat[0].astype(">f4")], "yx", (20, 25), compressor=numcodecs.Zlib(5), order="F"), flat, "yx")
    for name, compressor in {"gzip": numcodecs.GZip(3), "lz4": numcodecs.LZ4(), "zstd": numcodecs.Zstd(3), "raw": None,
                             "blosclz": numcodecs.Blosc("blosclz", 9, 1), "blosc-lz4hc": numcodecs.Blosc("lz4hc", 5, 0),
                             "blosc-zlib": numcodecs.Blosc("zlib", 5, 1)}.items():
        image = [smooth((3, 30, 40), np.int8 if name == "raw" else np.int32)]
        keep(f"v2-{name}.zip", write_v2(image, "zyx", (2, 16, 16), compressor=compressor), image, "zyx")
    labels = [rng.integers(0, 2**31, (20, 30), np.int64)]
    keep("v3-int64.zip", write_v3(labels, "yx", [16, 16], [little, {"name": "gzip", "configuration": {"level": 5}}], separator="."), [labels[0].astype(np.int32)], "yx")
    colours = halves(smooth((2, 40, 52), np.uint8), 3)
    keep("v3-zstd-crc.zip", write_v3(colours, "cyx", [2, 16, 32], [little, {"name": "zstd", "configuration": {"level": 3, "checksum": True}},
         {"name": "crc32c"}], more=omero), colours, "cyx")
    plane = smooth((90, 110), np.uint16)
    plane[16:32, 16:48] = 5
    plane[64:, 64:] = 5
    blosc = {"name": "blosc", "configuration": {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 2, "blocksize": 0}}
    keep("v3-sharded.zip", write_v3(halves(plane, 2), "yx", [64, 64], [little, blosc], [16, 16], 5, ["0/c/1/1"]), halves(plane, 2), "yx")
    cube = [smooth((2, 33, 40), np.uint16)]
    keep("v3-sharded-transposed.zip", write_v3(cube, "zyx", [2, 32, 32], [{"name": "transpose", "configuration": {"order": [2, 0, 1]}},
         {"name": "bytes", "configuration": {"endian": "big"}}, {"name": "gzip", "configuration": {"level": 1}}], [1, 16, 8]), cube, "zyx")
    save("zarr-images.json", found)


def read_data(root):
    join = lambda *parts: os.path.join(root, "formats", *parts)
    found = {}
    four = zarr.open(join("ome-zarr", "blobs_image_v04.ome.zarr"), "r")
    found["formats/ome-zarr/blobs_image_v04.ome.zarr"] = [tell(four["0"][...], "cyx")]
    packed = open(join("ome-zarr", "blobs_image_v05.ome.zarr", "0", "c", "0", "0", "0"), "rb").read()
    five = np.frombuffer(zstandard.ZstdDecompressor().decompress(packed), "<f8").reshape(3, 12, 12)
    found["formats/ome-zarr/blobs_image_v05.ome.zarr"] = [tell(five, "cyx")]
    raw = zarr.open(join("bioformats-zarr", "data.zarr"), "r")
    found["formats/bioformats-zarr/data.zarr"] = [tell(raw[f"0/{level}"][...], "tczyx") for level in (0, 1)]
    save("zarr-data.json", found)


def save(name, found):
    with open(os.path.join(HERE, name), "w") as out:
        out.write("{\n" + ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in found.items()) + "\n}\n")


if __name__ == "__main__":
    command, place = sys.argv[1:]
    make(place) if command == "make" else read_data(place)
