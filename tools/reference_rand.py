#!/usr/bin/python3
"""Reference V_rand of label images for Overtile, by NumPy, SciPy and scikit-image (pip: scikit-image).

    python3 tools/reference_rand.py test/fixtures/reference/rand.json 7

writes small pairs of label images with V_rand over the pixels of true objects: of the prediction as it is (NumPy; scikit-image's adapted
Rand error, which leaves pairs of a pixel with itself out, is written beside it), and with each pixel of background given to the object
that is nearest (SciPy). Where two objects are equally near, the truth is set to background, so that it does not count.
"""
import json, sys
import numpy as np
from scipy import ndimage
from skimage.measure import label
from skimage.metrics import adapted_rand_error

def v_rand(found, truth):
    inside = truth > 0; s, t = found[inside], truth[inside]
    if s.size == 0: return 1.0
    squares = lambda *ids: float((np.unique(np.stack(ids), axis=1, return_counts=True)[1].astype(float) ** 2).sum())
    return 2 * squares(s, t) / (squares(s) + squares(t))

def main(path, seed):
    rng = np.random.default_rng(seed); cases = []
    for height, width, line in [(24, 31, 0.35), (40, 17, 0.2), (12, 12, 0.4), (1, 19, 0.3), (30, 30, 0.6)]:
        smooth = lambda sigma: ndimage.gaussian_filter(rng.standard_normal((height, width)), sigma if min(height, width) > 1 else 1)
        field = smooth(2); truth = label(np.abs(field) > 0.25 * np.abs(field).mean(), connectivity=1)
        found = label(np.abs(field + 0.3 * smooth(1)) > line * np.abs(field).mean(), connectivity=1)
        distances = np.stack([ndimage.distance_transform_edt(found != i) for i in range(1, found.max() + 1)])
        squared = np.rint(distances ** 2).astype(int); truth[(squared == squared.min(0)).sum(0) > 1] = 0
        thinned = squared.argmin(0) + 1; error = adapted_rand_error(truth, found, ignore_labels=(0,))[0]
        n = int((truth > 0).sum()); cases.append({"height": height, "width": width, "truth": truth.ravel().tolist(), "found": found.ravel().tolist(),
            "pixels": n, "vRand": v_rand(found, truth), "vRandThinned": v_rand(thinned, truth), "adaptedRandF": 1 - float(error)})
    with open(path, "w") as f: json.dump(cases, f, separators=(",", ":"))

if __name__ == "__main__": main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 7)
