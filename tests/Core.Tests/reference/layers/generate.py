"""Writes layers.json and special.json beside this file: activations, losses and layers of PyTorch in float64, and special functions by mpmath.

Run it with a Python that has torch 1.13 and mpmath: python3 generate.py
"""
import json
import os

import mpmath
import torch
import torch.nn.functional as F

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
here = os.path.dirname(os.path.abspath(__file__))


def numbers(tensor):
    return [float(x) for x in tensor.detach().reshape(-1)]


def activations():
    points = torch.tensor([-30.0, -8.0, -3.0, -1.5, -0.75, -0.1, -1e-9, 1e-9, 0.1, 0.75, 1.5, 3.0, 8.0, 30.0])
    functions = {
        "relu": F.relu,
        "leaky-relu": lambda x: F.leaky_relu(x, 0.01),
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "gelu": F.gelu,
        "silu": F.silu,
        "softplus": lambda x: F.softplus(x, threshold=1000),
    }
    found = {}
    for name, function in functions.items():
        x = points.clone().requires_grad_()
        y = function(x)
        y.sum().backward()
        found[name] = {"values": numbers(y), "slopes": numbers(x.grad)}
    return {"points": numbers(points), "functions": found}


def losses():
    outputs = 3 * torch.randn(4, 3)
    targets = outputs + torch.tensor([0.0, 0.3, -2.5]) * torch.randn(4, 3)
    functions = {
        "mean-absolute-error": lambda z: F.l1_loss(z, targets, reduction="sum"),
        "huber(0.5)": lambda z: F.huber_loss(z, targets, reduction="sum", delta=0.5),
        "mean-squared-error": lambda z: 0.5 * F.mse_loss(z, targets, reduction="sum"),
    }
    found = {}
    for name, function in functions.items():
        z = outputs.clone().requires_grad_()
        loss = function(z) / 4
        loss.backward()
        found[name] = {"value": loss.item(), "gradient": numbers(z.grad)}
    return {"outputs": numbers(outputs), "targets": numbers(targets), "functions": found}


def image(tensor):
    """rows x channels x height x width as rows x height x width x channels."""
    return tensor.permute(0, 2, 3, 1)


def run(text, shape, x, parameters, function, to_ours, rows):
    """The outputs and gradients of a layer, in the layout of this library."""
    x = x.clone().requires_grad_(x.is_floating_point())
    tensors = [p.clone().requires_grad_() for p in parameters]
    y = function(x, tensors)
    probe = torch.randn_like(y)
    (y * probe).sum().backward()
    ours = image if x.dim() == 4 else (lambda t: t)
    return {
        "layer": text,
        "shape": shape,
        "rows": rows,
        "input": numbers(ours(x).to(torch.float64)),
        "parameters": [v for t, p in zip(tensors, to_ours) for v in numbers(p(t))],
        "probe": numbers(image(probe) if probe.dim() == 4 else probe),
        "output": numbers(image(y) if y.dim() == 4 else y),
        "gradient": [v for t, p in zip(tensors, to_ours) for v in numbers(p(t.grad))],
        "input_gradient": numbers(ours(x.grad)) if x.is_floating_point() else [0.0] * x.numel(),
    }


def layers():
    same = lambda t: t
    kernel = lambda t: t.permute(2, 3, 1, 0)
    found = []

    for text, size, stride, padding, activation, (channels, height, width), out in [
        ("conv(3)", 3, 1, 0, same, (1, 5, 4), 3),
        ("conv(2, size=2, stride=2)", 2, 2, 0, same, (2, 5, 4), 2),
        ("conv(3, stride=2, padding=1, activation=relu)", 3, 2, 1, F.relu, (2, 5, 6), 3),
        ("conv(2, size=5, padding=2, activation=gelu)", 5, 1, 2, F.gelu, (3, 4, 5), 2),
        ("conv(4, size=1)", 1, 1, 0, same, (3, 2, 3), 4),
    ]:
        rows = 2
        found.append(run(
            text, [channels, height, width], torch.randn(rows, channels, height, width),
            [torch.randn(out, channels, size, size), torch.randn(out)],
            lambda x, p: activation(F.conv2d(x, p[0], p[1], stride=stride, padding=padding)),
            [kernel, same], rows))

    for text, function in [
        ("max_pool(2)", lambda x, p: F.max_pool2d(x, 2, 2)),
        ("max_pool(3, stride=1)", lambda x, p: F.max_pool2d(x, 3, 1)),
        ("average_pool(2)", lambda x, p: F.avg_pool2d(x, 2, 2)),
        ("average_pool(3, stride=1)", lambda x, p: F.avg_pool2d(x, 3, 1)),
    ]:
        found.append(run(text, [2, 5, 4], torch.randn(2, 2, 5, 4), [], function, [], 2))

    found.append(run(
        "layer_norm", [6], torch.randn(3, 6), [torch.randn(6), torch.randn(6)],
        lambda x, p: F.layer_norm(x, [6], p[0], p[1], 1e-5), [same, same], 3))
    found.append(run(
        "layer_norm(0.1)", [3, 2, 2], torch.randn(2, 3, 2, 2), [torch.randn(3), torch.randn(3)],
        lambda x, p: F.layer_norm(x.permute(0, 2, 3, 1), [3], p[0], p[1], 0.1).permute(0, 3, 1, 2), [same, same], 2))
    found.append(run(
        "embedding(3, values=5)", [4], torch.randint(0, 5, (2, 4)), [torch.randn(5, 3)],
        lambda x, p: F.embedding(x, p[0]), [same], 2))
    found.append(run(
        "residual(conv(2, padding=1, activation=silu))", [2, 3, 4], torch.randn(2, 2, 3, 4), [torch.randn(2, 2, 3, 3), torch.randn(2)],
        lambda x, p: x + F.silu(F.conv2d(x, p[0], p[1], padding=1)), [kernel, same], 2))
    found.append(run(
        "residual(layer_norm | dense(4, activation=tanh))", [4], torch.randn(3, 4),
        [torch.randn(4), torch.randn(4), torch.randn(4, 4), torch.randn(4)],
        lambda x, p: x + torch.tanh(F.layer_norm(x, [4], p[0], p[1], 1e-5) @ p[2] + p[3]), [same] * 4, 3))
    found.append(run(
        "dense(3, activation=gelu)", [5], torch.randn(4, 5), [torch.randn(5, 3), torch.randn(3)],
        lambda x, p: F.gelu(x @ p[0] + p[1]), [same, same], 4))
    return found


def special():
    mpmath.mp.dps = 60
    generator = torch.Generator().manual_seed(11)

    def signed(low, high, count):
        """Evenly spread over orders of magnitude."""
        u = torch.rand(count, generator=generator)
        s = torch.where(torch.rand(count, generator=generator) < 0.5, -1.0, 1.0)
        return [float(v) for v in s * torch.exp(torch.log(torch.tensor(low)) + u * torch.log(torch.tensor(high / low)))]

    def uniform(low, high, count):
        return [float(v) for v in low + (high - low) * torch.rand(count, generator=generator)]

    phi = lambda x: mpmath.erfc(-x / mpmath.sqrt(2)) / 2
    density = lambda x: mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi)
    sigmoid = lambda x: 1 / (1 + mpmath.exp(-x))
    functions = {
        "tanh": (mpmath.tanh, signed(1e-12, 25.0, 60) + uniform(-2, 2, 60)),
        "log1p": (mpmath.log1p, [abs(x) for x in signed(1e-18, 1e12, 80)] + uniform(-0.99, 3, 80)),
        "erf": (mpmath.erf, signed(1e-12, 6.5, 60) + uniform(-2.5, 2.5, 100)),
        "normal": (phi, signed(1e-12, 8.0, 40) + uniform(-37.0, 6.0, 100)),
        "sigmoid": (sigmoid, signed(1e-9, 700.0, 60) + uniform(-5, 5, 60)),
        "gelu": (lambda x: x * phi(x), uniform(-30.0, 6.0, 60)),
        "gelu-slope": (lambda x: phi(x) + x * density(x), uniform(-8.0, 6.0, 60)),
        "silu": (lambda x: x * sigmoid(x), uniform(-40.0, 40.0, 60)),
        "silu-slope": (lambda x: sigmoid(x) * (1 + x * sigmoid(-x)), uniform(-40.0, 40.0, 60)),
        "softplus": (lambda x: mpmath.log1p(mpmath.exp(x)), uniform(-40.0, 40.0, 60)),
    }
    return {
        name: [[x, float(function(mpmath.mpf(x)))] for x in points] for name, (function, points) in functions.items()
    }


def write(name, value):
    with open(os.path.join(here, name), "w") as file:
        json.dump(value, file)
        file.write("\n")


write("layers.json", {"activations": activations(), "losses": losses(), "layers": layers()})
write("special.json", special())
