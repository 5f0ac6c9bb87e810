#!/usr/bin/python3
"""Reference measurements of objects for Overtile, by scikit-image and NumPy (pip: scikit-image).

    python3 tools/reference_shapes.py test/fixtures/reference/shapes.json 7

writes small label images with the measurements of their objects: perimeter after Crofton in four directions, centroid,
eccentricity, grey values. scikit-image takes pixels as points; here they are unit squares, so 1/12 is added to its moments.
"""
import json, sys
import numpy as np
from scipy import ndimage
from skimage.measure import label, regionprops

def main(path, seed):
    rng = np.random.default_rng(seed); images = []
    for height, width, threshold in [(24, 31, 0.5), (40, 17, 0.45), (12, 12, 0.6), (1, 9, 0.5), (30, 30, 0.3)]:
        smooth = ndimage.gaussian_filter(rng.standard_normal((height, width)), 1.5 if min(height, width) > 1 else 0.5)
        labels = label(smooth > np.quantile(smooth, threshold), connectivity=1)
        grey = rng.integers(0, 65536, (height, width, 2)); objects = []
        for r in regionprops(labels):
            large, small = (v + 1 / 12 for v in r.inertia_tensor_eigvals); inside = grey[labels == r.label]
            objects.append({"id": r.label, "area": int(r.area), "perimeter": r.perimeter_crofton, "centroid": r.centroid, "eccentricity": float(np.sqrt(1 - small / large)),
                            "channels": [{"mean": v.mean(), "min": int(v.min()), "max": int(v.max()), "sd": v.std(ddof=1) if len(v) > 1 else 0} for v in inside.T]})
        images.append({"height": height, "width": width, "labels": labels.ravel().tolist(), "grey": grey.ravel().tolist(), "objects": objects})
    with open(path, "w") as f: json.dump(images, f, separators=(",", ":"), default=float)

if __name__ == "__main__": main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 7)
