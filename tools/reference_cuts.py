#!/usr/bin/python3
"""Reference cuts of merged objects, by SciPy and scikit-image (Debian: python3-scipy python3-skimage).

    /usr/bin/python3 tools/reference_cuts.py test/fixtures/reference/cuts.json 7

One object a case, discs over each other. Heights: the distance to the background (beyond the box there is only background), under
a Gaussian, in steps of 1/64 px. Markers: regional maxima that stand out by the depth or more (reconstruction by dilation, in whole
steps). Pieces: the watershed of the negative heights from these markers, by sides. Masks and pieces as texts, a row a line.
"""
import json, sys
import numpy as np
from scipy import ndimage
from skimage.measure import label
from skimage.morphology import local_maxima, reconstruction
from skimage.segmentation import watershed

def draw(side, rng):
    yy, xx = np.mgrid[:side, :side]; mask = np.zeros((side, side), bool)
    for _ in range(rng.integers(2, 6)):
        cy, cx, r = rng.uniform(6, side - 6, 2).tolist() + [rng.uniform(4, 7)]
        mask |= (yy - cy) ** 2 + (xx - cx) ** 2 < r * r
    mask &= rng.random((side, side)) > 0.002
    parts = label(mask, connectivity=1)
    mask = ndimage.binary_fill_holes(parts == np.argmax(np.bincount(parts.ravel())[1:]) + 1)
    ys, xs = np.nonzero(mask)
    return mask[ys.min():ys.max() + 1, xs.min():xs.max() + 1]

def cut(mask, sigma, depth):
    inside = np.pad(mask, 1)
    distance = ndimage.distance_transform_edt(inside)
    smooth = ndimage.gaussian_filter(distance, sigma, mode="constant")
    heights = np.where(inside, np.maximum(1, np.floor(64 * smooth + 0.5)), 0)
    # A peak that stands out by exactly the depth counts: one step less is strictly exceeded.
    lowered = np.where(inside, np.maximum(heights - (64 * depth - 1), 0), 0)
    plateaus = reconstruction(lowered, heights, footprint=ndimage.generate_binary_structure(2, 1))
    markers = label(local_maxima(plateaus, connectivity=1) & inside, connectivity=1)
    pieces = watershed(-heights, markers, connectivity=1, mask=inside)
    return distance, smooth, markers.max(), pieces[1:-1, 1:-1]

def rows(values): return ["".join(".123456789"[v] for v in row) for row in values]

def main(out, seed):
    rng = np.random.default_rng(seed); cases = []
    while len(cases) < 8:
        mask = draw(26, rng); depth = float(rng.choice([0.5, 0.75, 1, 2]))
        distance, smooth, count, pieces = cut(mask, 1, depth)
        if count == 1 and sum(c["count"] == 1 for c in cases) == 2: continue
        cases.append({"mask": rows(mask.astype(int)), "sigmaPx": 1, "depthPx": depth, "count": int(count), "pieces": rows(pieces),
            "squared": (distance[1:-1, 1:-1] ** 2).round().astype(int).ravel().tolist(), "smooth": smooth.round(6).ravel().tolist()})
    with open(out, "w") as f: json.dump(cases, f, separators=(",", ":"))
    print([(c["depthPx"], c["count"]) for c in cases])

if __name__ == "__main__": main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 7)
