#!/usr/bin/env python3
"""A peer of the bench: a training step of the source document's program, 784-10 with relu, and its updates, in numpy and double precision.
Prints medians in microseconds as JSON. Its input is random, without zeros, and in memory. The bench sets OPENBLAS_NUM_THREADS=1."""

import json
import time

import numpy


def median(action, calls, rounds=15):
    for _ in range(calls):
        action()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            action()
        times.append((time.perf_counter() - start) / calls * 1e6)
    return round(sorted(times)[rounds // 2], 2)


class Rule:
    """An update rule of the document, with the state of one array."""

    def __init__(self, name):
        self.name = name
        self.mean, self.square = 0.0, 0.0
        self.weight, self.square_weight = 1.0, 1.0

    def step(self, parameters, gradient):
        if self.name == "fixed":
            return parameters - 0.01 * gradient
        if self.name == "momentum":
            self.mean = 0.9 * self.mean + 0.01 * gradient
            return parameters - self.mean
        self.mean = 0.9 * self.mean + 0.1 * gradient
        self.square = 0.99 * self.square + 0.01 * gradient * gradient
        self.weight *= 0.9
        self.square_weight *= 0.99
        corrected = self.mean / (1 - self.weight)
        return parameters - 1e-4 * corrected / (numpy.sqrt(self.square / (1 - self.square_weight)) + 1e-8)


class Training:
    """Batches of 64 through one dense layer with relu and softmax cross-entropy."""

    def __init__(self, name, random):
        self.weight, self.bias = random.normal(size=(784, 10)) * 0.01, numpy.zeros(10)
        self.input, self.target = random.random((64, 784)), numpy.eye(10)[random.integers(0, 10, 64)]
        self.of_weight, self.of_bias = Rule(name), Rule(name)
        self.loss = 0.0

    def step(self):
        output = self.input @ self.weight + self.bias
        dead = output <= 0
        output[dead] = 0
        exponentials = numpy.exp(output)
        answer = exponentials / exponentials.sum(axis=1, keepdims=True)
        self.loss = -(self.target * numpy.log(answer)).sum() / 64
        gradient = (answer - self.target) / 64
        gradient[dead] = 0
        # The document's layers also hand a gradient to their input.
        gradient @ self.weight.T
        self.weight = self.of_weight.step(self.weight, self.input.T @ gradient)
        self.bias = self.of_bias.step(self.bias, gradient.sum(axis=0))


def update(name, length, random):
    rule, gradient = Rule(name), random.normal(size=length)
    parameters = random.normal(size=length)
    return lambda: rule.step(parameters, gradient)


random = numpy.random.default_rng(1)
times = {"peer": f"numpy {numpy.__version__} in double precision"}
for name in ("fixed", "momentum", "adam"):
    # The names are those of the bench: it calls the step of fixed sgd, as other libraries do.
    times[f"step 784-10 batch 64 {'sgd' if name == 'fixed' else name}"] = median(Training(name, random).step, 200)
    times[f"update {name} 101770"] = median(update(name, 101_770, random), 50)
times["update adam 7850"] = median(update("adam", 7_850, random), 500)
print(json.dumps(times))
