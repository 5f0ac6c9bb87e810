#!/usr/bin/python3
"""Reference numbers for Overtile, computed with PyTorch and SciPy (Debian: python3-torch python3-scipy).

    /usr/bin/python3 tools/reference.py test/fixtures/reference 7

writes JSON files: numbers only, arrays flattened in C order, with their shape beside them.
Layout of arrays: images [height, width, channels]; conv filters [kh, kw, in, out];
up-convolution filters [kh, kw, out, in] (the layout of TensorFlow.js).

The network is that of Ronneberger, Fischer, Brox 2015 (arXiv:1505.04597): unpadded 3x3 convolutions with ReLU,
2x2 max pooling with stride 2, 2x2 up-convolution with stride 2 that halves the channels, crop-and-concatenate
(skip first, then the upsampled map), 1x1 head, no batch normalisation. Up-convolutions are followed by ReLU, as in the
network that the authors released.

Besides the network: weight maps and cuts, SciPy's distance transform, connected components and hole filling, NumPy's
percentiles. What goes in is rounded to a few decimals first, so that the files stay small.
"""
import json, os, sys
import numpy as np, torch, torch.nn.functional as F
from scipy import ndimage

def layers(levels, base, channels, classes):
    """[(name, kind, in, out)] in the order of the network."""
    out, c = [], channels
    for i in range(levels + 1):
        k = base * 2 ** i
        out += [(f"down{i}a", "conv3", c, k), (f"down{i}b", "conv3", k, k)]
        c = k
    for i in reversed(range(levels)):
        k = base * 2 ** i
        out += [(f"up{i}", "upconv2", 2 * k, k), (f"up{i}a", "conv3", 2 * k, k), (f"up{i}b", "conv3", k, k)]
    return out + [("head", "conv1", base, classes)]

def init(specs, rng):
    """He initialisation, std = sqrt(2 / fan-in), and biases mostly above zero, so that in so narrow a network few ReLUs are dead."""
    w = {}
    for name, kind, cin, cout in specs:
        k = {"conv3": 3, "upconv2": 2, "conv1": 1}[kind]
        fan = cin * (k * k if kind != "upconv2" else 1)
        w[name + ".weight"] = (rng.standard_normal((cout, cin, k, k) if kind != "upconv2" else (cin, cout, k, k)) * np.sqrt(2 / fan)).round(3).astype(np.float32)
        w[name + ".bias"] = (rng.standard_normal(cout) * 0.1 + 0.2).round(3).astype(np.float32)
    return {k: torch.tensor(v, requires_grad=True) for k, v in w.items()}

def forward(x, w, levels):
    """x: [1, channels, h, w] -> logits [1, classes, h', w']"""
    skips = []
    conv = lambda x, n: F.relu(F.conv2d(x, w[n + ".weight"], w[n + ".bias"]))
    for i in range(levels + 1):
        if i: x = F.max_pool2d(x, 2)
        x = conv(conv(x, f"down{i}a"), f"down{i}b")
        skips.append(x)
    skips.pop()
    for i in reversed(range(levels)):
        x = F.relu(F.conv_transpose2d(x, w[f"up{i}.weight"], w[f"up{i}.bias"], stride=2))
        s = skips.pop(); dy, dx = (s.shape[2] - x.shape[2]) // 2, (s.shape[3] - x.shape[3]) // 2
        x = torch.cat([s[:, :, dy:dy + x.shape[2], dx:dx + x.shape[3]], x], 1)
        x = conv(conv(x, f"up{i}a"), f"up{i}b")
    return F.conv2d(x, w["head.weight"], w["head.bias"])

def weight_map(labels, w0=10.0, sigma=5.0):
    """Equation (2) of the paper on an instance label image: w_c + w0 exp(-(d1 + d2)^2 / (2 sigma^2)).

    d1, d2: Euclidean distance to the nearest and second nearest instance; the border term is set on background only,
    and is 0 where fewer than two instances exist. It does not cut touching instances: `separate` does, before. w_c balances the two classes: pixels / (2 * pixels of the class).
    """
    ids = [i for i in np.unique(labels) if i]
    fg = labels > 0
    wc = np.where(fg, labels.size / (2 * max(1, fg.sum())), labels.size / (2 * max(1, (~fg).sum())))
    if len(ids) < 2: return wc.astype(np.float32)
    d = np.sort(np.stack([ndimage.distance_transform_edt(labels != i) for i in ids]), 0)
    return (wc + np.where(fg, 0, w0 * np.exp(-(d[0] + d[1]) ** 2 / (2 * sigma ** 2)))).astype(np.float32)

def separate(labels):
    """Cut touching instances apart: in raster order, a pixel whose left, upper-left, upper or upper-right neighbour, as already cut, belongs to another instance becomes background."""
    out = labels.copy(); h, w = out.shape
    for y in range(h):
        for x in range(w):
            v = out[y, x]
            if v and any(0 <= y + dy and 0 <= x + dx < w and out[y + dy, x + dx] not in (0, v) for dy, dx in ((0, -1), (-1, -1), (-1, 0), (-1, 1))): out[y, x] = 0
    return out

def random_labels(h, w, n, rng):
    yy, xx = np.mgrid[:h, :w]; lab = np.zeros((h, w), np.int32)
    for i in range(1, n + 1):
        cy, cx, ry, rx = rng.uniform(0, h), rng.uniform(0, w), rng.uniform(3, h / 5), rng.uniform(3, w / 5)
        lab[(((yy - cy) / ry) ** 2 + ((xx - cx) / rx) ** 2 < 1) & (lab == 0)] = i
    return lab

def number(v):
    v = float(f"{v:.7g}")
    return int(v) if v.is_integer() else v

arr = lambda a: {"shape": list(a.shape), "data": [number(v) for v in np.asarray(a, np.float64).ravel()]}
def filt(t, name):
    t = t.detach().numpy()
    if t.ndim == 1: return arr(t)
    return arr(t.transpose(2, 3, 1, 0))  # conv (out,in,kh,kw) -> kh,kw,in,out ; upconv (in,out,kh,kw) -> kh,kw,out,in

def grids(rng):
    """Distances, components, holes and percentiles."""
    distances, components, holes, percentiles = [], [], [], []
    for h, w, density in [(1, 1, 1), (1, 13, 0.2), (17, 1, 0.2), (19, 23, 0.02), (24, 31, 0.2)]:
        mask = (rng.uniform(size=(h, w)) < density).astype(np.uint8); mask.flat[rng.integers(mask.size)] = 1
        distances.append({"mask": arr(mask), "squared": arr(np.rint(ndimage.distance_transform_edt(mask == 0) ** 2))})
    for h, w, classes in [(1, 1, 2), (16, 21, 2), (24, 24, 3), (20, 9, 4)]:
        m = ndimage.median_filter(rng.integers(0, classes, (h, w)), 3); out = np.zeros((h, w), int); n = 0
        for c in range(1, classes):  # ndimage.label joins 4-connected pixels
            lab, k = ndimage.label(m == c); out[lab > 0] = lab[lab > 0] + n; n += k
        components.append({"classes": arr(m), "labels": arr(out), "count": n})
    for h, w, density in [(12, 15, 0.6), (20, 20, 0.7), (9, 9, 0.8)]:
        m = (rng.uniform(size=(h, w)) < density).astype(np.uint8)
        # 4-connected objects: the background is 8-connected
        holes.append({"mask": arr(m), "filled": arr(ndimage.binary_fill_holes(m, structure=np.ones((3, 3))))})
    for dtype, v in [("uint8", rng.integers(0, 256, 301)), ("uint16", rng.integers(0, 65536, 200)), ("int16", rng.integers(-32768, 32768, 97)), ("int32", rng.integers(-2**31, 2**31, 50)),
                     ("uint32", rng.integers(0, 2**32, 51)), ("float32", rng.standard_normal(257).round(3)), ("float64", rng.standard_normal(64) * 1e3), ("float32", np.array([2.5]))]:
        v = v.astype(dtype); p = [0, 1, 37.3, 50, 99.8, 100]
        percentiles.append({"dtype": dtype, "values": [float(x) for x in v], "percents": p, "percentiles": [float(x) for x in np.percentile(v.astype(np.float64), p)]})
    return {"distances": distances, "components": components, "holes": holes, "percentiles": percentiles}

def dump(value, path):
    with open(path, "w") as f: json.dump(value, f, separators=(",", ":"))

def main(out, seed):
    os.makedirs(out, exist_ok=True); rng = np.random.default_rng(seed); torch.manual_seed(seed)
    for levels, base, channels, classes, size in [(1, 4, 1, 2, 28), (2, 3, 3, 3, 52), (4, 1, 1, 2, 188)]:
        specs = layers(levels, base, channels, classes); w = init(specs, rng)
        x = rng.standard_normal((1, channels, size, size)).round(1).astype(np.float32)
        y = forward(torch.tensor(x), w, levels)
        target = torch.tensor(rng.integers(0, classes, y.shape[2:]))[None]; weight = torch.tensor(rng.uniform(0.2, 3, y.shape[2:]).round(2).astype(np.float32))[None]
        # Equation (1): mean over pixels of w(x) * -log softmax_target(x)
        loss = (F.cross_entropy(y, target, reduction="none") * weight).mean(); loss.backward()
        grads = {k: v.grad.clone() for k, v in w.items()}; steps = {}
        for name, make in [("momentum", lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.99)), ("adam", lambda p: torch.optim.Adam(p, lr=0.001, betas=(0.9, 0.999), eps=1e-8))]:
            v = {k: t.detach().clone().requires_grad_(True) for k, t in w.items()}; opt = make(list(v.values())); losses = []
            for _ in range(3):  # three steps on the same example
                opt.zero_grad(); l = (F.cross_entropy(forward(torch.tensor(x), v, levels), target, reduction="none") * weight).mean(); l.backward(); opt.step(); losses.append(float(l))
            with torch.no_grad(): steps[name] = {"losses": losses, "logits": arr(forward(torch.tensor(x), v, levels).numpy()[0].transpose(1, 2, 0))}
        dump({"levels": levels, "features": base, "channels": channels, "classes": classes,
                   "input": arr(x[0].transpose(1, 2, 0)), "target": arr(target[0].numpy()), "weight": arr(weight[0].numpy()),
                   "logits": arr(y.detach().numpy()[0].transpose(1, 2, 0)), "loss": float(loss),
                   "weights": {k: filt(v, k) for k, v in w.items()}, "gradients": {k: filt(v, k) for k, v in grads.items()},
                   "threeSteps": {"momentum": {"learningRate": 0.01, "momentum": 0.99, **steps["momentum"]}, "adam": {"learningRate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, **steps["adam"]}}},
                  f"{out}/unet-levels{levels}-features{base}.json")
    maps = []
    for h, w_, n in [(24, 31, 5), (48, 40, 9), (20, 20, 1), (16, 16, 0)]:
        lab = random_labels(h, w_, n, rng); maps.append({"labels": arr(lab), "w0": 10, "sigma": 5, "weights": arr(weight_map(lab)), "separated": arr(separate(lab)), "weightsOfSeparated": arr(weight_map(separate(lab)))})
    dump(maps, f"{out}/weight-maps.json")
    dump(grids(rng), f"{out}/grids.json")

if __name__ == "__main__": main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2015)
