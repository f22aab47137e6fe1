"""Writes the files of this folder, with PyTorch in double precision.

python generate.py            from-pytorch/*.npz: the states after FIRST steps; trajectories.json without "continued"
(PyTorchState.save            to-pytorch/*.npz: our states after FIRST steps over the same gradients)
python generate.py            also "continued" in trajectories.json: SECOND more steps of PyTorch, from our states

The two functions are those of docs/guide.md. A test compares them.
"""
import json
import os

# functions
import numpy, torch

def save_state(path, model, optimizer):
    linear = {module.weight for module in model.modules() if isinstance(module, torch.nn.Linear)}
    entries = {}
    for name, parameter in model.named_parameters():
        for key, value in optimizer.state.get(parameter, {}).items():
            if value is not None:
                array = torch.as_tensor(value).cpu().numpy()
                entries[f"{name}.{key}"] = array.T if parameter in linear and array.ndim == 2 else array
    numpy.savez(path, **entries)

def load_state(path, model, optimizer):
    linear = {module.weight for module in model.modules() if isinstance(module, torch.nn.Linear)}
    parameters = dict(model.named_parameters())
    for entry, array in numpy.load(path).items():
        name, _, key = entry.rpartition(".")
        if name:
            parameter = parameters[name]
            value = torch.tensor(array.T if parameter in linear and array.ndim == 2 else array)
            optimizer.state[parameter][key] = value.float() if key == "step" else value.to(parameter)
# end of functions

FIRST, SECOND = 5, 10
RATE = 0.01


def groups(model):
    weights = [p for name, p in model.named_parameters() if not name.endswith("bias")]
    biases = [p for name, p in model.named_parameters() if name.endswith("bias")]
    return [{"params": weights, "weight_decay": 0.02}, {"params": biases}]


CONFIGURATIONS = {
    "sgd": lambda m: torch.optim.SGD(m.parameters(), RATE),
    "sgd_dampening": lambda m: torch.optim.SGD(m.parameters(), RATE, momentum=0.9, dampening=0.3),
    "sgd_nesterov": lambda m: torch.optim.SGD(m.parameters(), RATE, momentum=0.9, nesterov=True, weight_decay=0.05),
    "adam": lambda m: torch.optim.Adam(m.parameters(), RATE),
    "adam_maximize": lambda m: torch.optim.Adam(m.parameters(), RATE, weight_decay=0.02, maximize=True),
    "adam_groups": lambda m: torch.optim.Adam(groups(m), RATE),
    "adam_absent": lambda m: torch.optim.Adam(m.parameters(), RATE),
    "amsgrad": lambda m: torch.optim.Adam(m.parameters(), RATE, amsgrad=True),
    "adamw": lambda m: torch.optim.AdamW(m.parameters(), RATE, weight_decay=0.03),
    "rmsprop": lambda m: torch.optim.RMSprop(m.parameters(), RATE, alpha=0.9),
    "rmsprop_centered": lambda m: torch.optim.RMSprop(m.parameters(), RATE, alpha=0.9, centered=True, momentum=0.7),
    "adagrad": lambda m: torch.optim.Adagrad(m.parameters(), RATE),
    "adagrad_initial": lambda m: torch.optim.Adagrad(m.parameters(), RATE, lr_decay=0.01, initial_accumulator_value=0.1),
}

# The steps, from 0, in which the first bias has no gradient.
ABSENT = {"adam_absent": {0, 3, 8}}

torch.set_default_dtype(torch.float64)


def new_model():
    return torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh(), torch.nn.Linear(3, 2))


def turned(tensor):
    return tensor.T if tensor.ndim == 2 else tensor


def flat(model):
    """The parameters in the layout of this library: weights are inputs × units."""
    return [x for p in model.parameters() for x in turned(p.detach()).flatten().tolist()]


def put(model, values, attribute):
    at = 0
    for p in model.parameters():
        shape = tuple(reversed(p.shape))
        count = p.numel()
        tensor = turned(torch.tensor(values[at : at + count]).reshape(shape)).contiguous()
        if attribute == "grad":
            p.grad = tensor
        else:
            p.data = tensor
        at += count


def steps(name, model, optimizer, gradients, first, last):
    for step in range(first, last):
        put(model, gradients[step], "grad")
        if step in ABSENT.get(name, set()):
            model[0].bias.grad = None
        optimizer.step()


def main():
    folder = os.path.dirname(os.path.abspath(__file__))
    generator = numpy.random.default_rng(11)
    initial = generator.standard_normal(23).tolist()
    # Elements of very different sizes, and some zeros.
    scales = 10.0 ** generator.uniform(-3, 1, 23)
    gradients = generator.standard_normal((FIRST + SECOND, 23)) * scales
    gradients[generator.random(gradients.shape) < 0.05] = 0.0
    gradients = gradients.tolist()
    os.makedirs(os.path.join(folder, "from-pytorch"), exist_ok=True)
    result = {}

    for name, make in CONFIGURATIONS.items():
        model = new_model()
        put(model, initial, "data")
        optimizer = make(model)
        steps(name, model, optimizer, gradients, 0, FIRST)
        save_state(os.path.join(folder, "from-pytorch", name + ".npz"), model, optimizer)
        first = flat(model)
        steps(name, model, optimizer, gradients, FIRST, FIRST + SECOND)
        result[name] = {"first": first, "second": flat(model)}
        ours = os.path.join(folder, "to-pytorch", name + ".npz")

        if os.path.exists(ours):
            model = new_model()
            put(model, first, "data")
            optimizer = make(model)
            load_state(ours, model, optimizer)
            steps(name, model, optimizer, gradients, FIRST, FIRST + SECOND)
            result[name]["continued"] = flat(model)

    with open(os.path.join(folder, "trajectories.json"), "w") as file:
        content = {"torch": torch.__version__, "initial": initial, "gradients": gradients, "configurations": result}
        json.dump(content, file, indent=1)


main()
