#!/usr/bin/python3
"""The known answer of core/engine/probe.ts, computed with PyTorch.

    /usr/bin/python3 tools/probe_answer.py
"""
import numpy as np, torch, torch.nn.functional as F
from reference import forward, layers

HEIGHT, WIDTH, FEATURES = 20, 24, 4
specs, w, count = layers(1, FEATURES, 1, 2), {}, 0

def take(size):
    global count
    i = np.arange(count, count + size, dtype=np.float64); count += size
    return np.sin(0.7311 * i * i)

for name, kind, cin, cout in specs:
    k = {"conv3": 3, "upconv2": 2, "conv1": 1}[kind]
    shape = (k, k, cout, cin) if kind == "upconv2" else (k, k, cin, cout)
    std = np.sqrt(2 / (cin if kind == "upconv2" else cin * k * k))
    w[name + ".weight"] = torch.tensor((take(k * k * cin * cout).reshape(shape).transpose(3, 2, 0, 1) * std).astype(np.float32), requires_grad=True)
    w[name + ".bias"] = torch.tensor((take(cout) * 0.1).astype(np.float32), requires_grad=True)

x = np.cos(0.7 * np.arange(HEIGHT * WIDTH)).astype(np.float32).reshape(1, 1, HEIGHT, WIDTH)
y = forward(torch.tensor(x), w, 1)
pixels = np.arange(y.shape[2] * y.shape[3]).reshape(y.shape[2:])
target, weight = torch.tensor(pixels % 2)[None], torch.tensor((1 + pixels % 3).astype(np.float32))[None]
loss = (F.cross_entropy(y, target, reduction="none") * weight).mean()
loss.backward()
norm = lambda t: float(np.sqrt((t.grad.numpy().astype(np.float64) ** 2).sum()))
print("loss", float(loss))
print("logits", [float("%.7g" % v) for v in y.detach().numpy()[0].transpose(1, 2, 0).ravel()[::8]])
print("gradient norms", [float("%.7g" % norm(w[name + part])) for name, *_ in specs for part in (".weight", ".bias")])
