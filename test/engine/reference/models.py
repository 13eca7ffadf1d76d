"""Reference values for test/engine/models-in-pytorch.ts: losses and weights of three training steps of each model.

    python test/engine/reference/models.py > test/engine/reference/models.json

The models are written from the paper (arXiv 1804.07931, equations 1 and 3, section 3.1), in float64 with sigmoids and
logarithms, and not in logits as in the product. The numbers come from a 32-bit linear congruential generator.
"""
import json
import torch

torch.set_default_dtype(torch.float64)
TABLES = {"user": (7, 4), "item": (5, 4)}
TOWERS = ("click", "conversion")
HIDDEN = [8, 4]
ROWS, STEPS, RATE = 6, 3, 0.01
WIDTH = sum(width for _, width in TABLES.values())
cross_entropy = torch.nn.functional.binary_cross_entropy


class Lcg:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (1664525 * self.state + 1013904223) % 2**32
        return self.state

    def value(self):
        """Returns a multiple of 2^-16 in [-1, 1), which is exact in float32."""
        return (self.next() >> 15) / 2**16 - 1.0

    def tensor(self, *shape):
        size = 1
        for length in shape:
            size *= length
        return torch.tensor([self.value() for _ in range(size)]).reshape(shape)


def embed(tables, prefix, ids):
    columns = [torch.nn.functional.embedding(ids[name], tables[prefix + name], sparse=True) for name in TABLES]
    return torch.cat(columns, 1)


def linear(dense, name, x):
    y = x @ dense[f"{name}.weight"]
    return y + dense[f"{name}.bias"] if f"{name}.bias" in dense else y


def hidden(dense, name, x, layers):
    for layer in range(layers):
        x = torch.relu(linear(dense, f"{name}.{layer}", x))
    return x


def logit(dense, name, x):
    return linear(dense, f"{name}.{len(HIDDEN)}", hidden(dense, name, x, len(HIDDEN)))[:, 0]


def tower_probability(dense, name, x):
    return torch.sigmoid(logit(dense, name, x))


def mlp_parameters(name, units):
    """Names and shapes of fully connected layers, in the order in which they get their values."""
    return [
        entry
        for layer, (inputs, outputs) in enumerate(zip(units, units[1:]))
        for entry in ((f"{name}.{layer}.weight", (inputs, outputs)), (f"{name}.{layer}.bias", (outputs,)))
    ]


def tower_parameters(width=WIDTH, towers=TOWERS):
    return [entry for tower in towers for entry in mlp_parameters(tower, [width, *HIDDEN, 1])]


def product_losses(pctr, pcvr, click, conversion):
    return {"click": cross_entropy(pctr, click), "conversion": cross_entropy(pctr * pcvr, conversion)}


def esmm(tables, dense, ids, click, conversion):
    """Equation 3: both losses over all impressions, one set of embeddings."""
    x = embed(tables, "", ids)
    return product_losses(*(tower_probability(dense, tower, x) for tower in TOWERS), click, conversion)


def esmm_ns(tables, dense, ids, click, conversion):
    """Equation 3, where each tower has its own embeddings."""
    pctr, pcvr = (tower_probability(dense, tower, embed(tables, f"{tower}.", ids)) for tower in TOWERS)
    return product_losses(pctr, pcvr, click, conversion)


def base(tables, dense, ids, click, conversion):
    """Two models: CTR on all impressions, CVR on the clicked ones. Both losses are divided by all impressions."""
    pctr = tower_probability(dense, "click", embed(tables, "click.", ids))
    clicked = click == 1
    clicked_ids = {name: values[clicked] for name, values in ids.items()}
    pcvr = tower_probability(dense, "conversion", embed(tables, "conversion.", clicked_ids))
    return {
        "click": cross_entropy(pctr, click),
        "conversion": cross_entropy(pcvr, conversion[clicked], reduction="sum") / ROWS,
    }


def division(tables, dense, ids, click, conversion):
    """Two models: one of the click, one of click and conversion, each on all impressions."""
    pctr, pctcvr = (tower_probability(dense, tower, embed(tables, f"{tower}.", ids)) for tower in TOWERS)
    return {"click": cross_entropy(pctr, click), "conversion": cross_entropy(pctcvr, conversion)}


EXPERT_UNITS = 5


def gated(dense, name, x, outputs):
    weights = torch.softmax(x @ dense[f"{name}.weight"], 1)
    return torch.einsum("be,ebu->bu", weights, torch.stack(outputs))


def mmoe(tables, dense, ids, click, conversion):
    """MMoE, equations 6 and 7, under ESMM: three experts, one gate for each tower."""
    x = embed(tables, "", ids)
    experts = [hidden(dense, f"level0.shared{i}", x, 1) for i in range(3)]
    mixed = [gated(dense, f"{tower}.level0.gate", x, experts) for tower in TOWERS]
    pctr, pcvr = (tower_probability(dense, tower, value) for tower, value in zip(TOWERS, mixed))
    return product_losses(pctr, pcvr, click, conversion)


def mmoe_parameters():
    experts = [entry for i in range(3) for entry in mlp_parameters(f"level0.shared{i}", [WIDTH, EXPERT_UNITS])]
    gates = [(f"{tower}.level0.gate.weight", (WIDTH, 3)) for tower in TOWERS]
    return [*experts, *gates, *tower_parameters(EXPERT_UNITS)]


def ple(tables, dense, ids, click, conversion):
    """PLE under ESMM: two levels, each with two shared experts and one for each tower."""
    x = embed(tables, "", ids)
    own, common = {tower: x for tower in TOWERS}, x
    for level in ("level0", "level1"):
        of_common = [hidden(dense, f"{level}.shared{i}", common, 1) for i in range(2)]
        of_tower = {tower: hidden(dense, f"{tower}.{level}.expert0", own[tower], 1) for tower in TOWERS}
        if level == "level0":
            mixed = gated(dense, f"{level}.gate", common, [*of_tower.values(), *of_common])
        own = {t: gated(dense, f"{t}.{level}.gate", own[t], [of_tower[t], *of_common]) for t in TOWERS}
        common = mixed
    return product_losses(*(tower_probability(dense, tower, own[tower]) for tower in TOWERS), click, conversion)


def ple_parameters():
    parameters = []
    for level, width in (("level0", WIDTH), ("level1", EXPERT_UNITS)):
        names = [*(f"{level}.shared{i}" for i in range(2)), *(f"{tower}.{level}.expert0" for tower in TOWERS)]
        parameters += [entry for name in names for entry in mlp_parameters(name, [width, EXPERT_UNITS])]
        parameters += [(f"{tower}.{level}.gate.weight", (width, 3)) for tower in TOWERS]
        if level == "level0":
            parameters.append((f"{level}.gate.weight", (width, 4)))
    return [*parameters, *tower_parameters(EXPERT_UNITS)]


def dcn(tables, dense, ids, click, conversion):
    """DCN V2, equation 1, in parallel with the towers of ESMM: two cross layers, whose result adds to each logit."""
    return crossed_esmm(tables, dense, ids, click, conversion, lambda i, x: linear(dense, f"crosses.{i}", x))


def dcn_low_rank(tables, dense, ids, click, conversion):
    """The same with weights of rank 3, equation 3."""
    products = lambda i, x: linear(dense, f"crosses.{i}.up", linear(dense, f"crosses.{i}.down", x))
    return crossed_esmm(tables, dense, ids, click, conversion, products)


def crossed_esmm(tables, dense, ids, click, conversion, product):
    x0 = x = embed(tables, "", ids)
    for i in range(2):
        x = x0 * product(i, x) + x
    probabilities = [
        torch.sigmoid(logit(dense, tower, x0) + (x @ dense[f"{tower}.crosses.weight"])[:, 0]) for tower in TOWERS
    ]
    return product_losses(*probabilities, click, conversion)


def dcn_parameters(rank=None):
    parameters = tower_parameters()
    for i in range(2):
        if rank is None:
            parameters.append((f"crosses.{i}.weight", (WIDTH, WIDTH)))
        else:
            parameters += [(f"crosses.{i}.down.weight", (WIDTH, rank)), (f"crosses.{i}.up.weight", (rank, WIDTH))]
        parameters.append((f"crosses.{i}.bias" if rank is None else f"crosses.{i}.up.bias", (WIDTH,)))
    return [*parameters, *((f"{tower}.crosses.weight", (WIDTH, 1)) for tower in TOWERS)]


FLOOR = 0.4
WEIGHTS = {
    "conversion by IPS": 0.1,
    "conversion by DR": 0.1,
    "conversion imputed": 0.1,
    "conversion counterfactual": 0.1,
    "conversion prior": 0.05,
    "conversion order": 0.6,
}


def bce(p, label):
    return cross_entropy(p, label, reduction="none")


def inverse_propensity(dense, name, sampled, propensity):
    """Clipped inverse propensities over their normaliser, and a 0 whose gradient moves the normaliser to their mean."""
    inverse = sampled / propensity.detach().clamp(min=FLOOR)
    log_mean = dense[f"{name}.normaliser"][0]
    learning = log_mean.exp() - inverse.mean() * log_mean
    return inverse / log_mean.exp().detach(), learning - learning.detach()


def escm2_ips(tables, dense, ids, click, conversion):
    """ESCM2, section 4.2: ESMM and the error of clicked rows by inverse propensities."""
    x = embed(tables, "", ids)
    pctr, pcvr = (tower_probability(dense, tower, x) for tower in TOWERS)
    inverse, learning = inverse_propensity(dense, "conversion", click, pctr)
    ips = (inverse * bce(pcvr, conversion)).mean() + learning
    return {**product_losses(pctr, pcvr, click, conversion), "conversion by IPS": ips}


def escm2_dr(tables, dense, ids, click, conversion):
    """ESCM2, section 4.3: the same with errors imputed by a tower of their own."""
    x = embed(tables, "", ids)
    pctr, pcvr, imputed = (tower_probability(dense, name, x) for name in (*TOWERS, "conversion.imputed"))
    inverse, learning = inverse_propensity(dense, "conversion", click, pctr)
    error, imputed_error = bce(pcvr, conversion), soft_bce(pcvr, imputed.detach())
    robust = (imputed_error + inverse * (error - imputed_error)).mean() + learning
    fitted = (inverse * (error.detach() - soft_bce(pcvr.detach(), imputed)) ** 2).mean()
    return {
        **product_losses(pctr, pcvr, click, conversion),
        "conversion by DR": robust,
        "conversion imputed": fitted,
    }


def soft_bce(p, label):
    return -label * p.log() - (1 - label) * (1 - p).log()


def dcmt(tables, dense, ids, click, conversion):
    """DCMT: the factual and the counterfactual error by inverse propensities, and the prior of their sum."""
    x = embed(tables, "", ids)
    pctr, pcvr, twin = (tower_probability(dense, name, x) for name in (*TOWERS, "conversion.counterfactual"))
    inverse, learning = inverse_propensity(dense, "conversion", click, pctr)
    others, others_learning = inverse_propensity(dense, "conversion.counterfactual", 1 - click, 1 - pctr)
    return {
        **product_losses(pctr, pcvr, click, conversion),
        "conversion by IPS": (inverse * bce(pcvr, conversion)).mean() + learning,
        "conversion counterfactual": (others * bce(twin, 1 - conversion)).mean() + others_learning,
        "conversion prior": (1 - (pcvr + twin)).abs().mean(),
    }


def debiased_parameters(heads=(), normalisers=("conversion",)):
    return [*tower_parameters(towers=(*TOWERS, *heads)), *((f"{name}.normaliser", (1,)) for name in normalisers)]


def aitm(tables, dense, ids, click, conversion):
    """AITM, equations 3 to 9: the click's hidden layer is handed on to the conversion, by attention over two."""
    x = embed(tables, "", ids)
    q_click, q_conversion = (hidden(dense, tower, x, len(HIDDEN)) for tower in TOWERS)
    handed = torch.relu(linear(dense, "conversion.transfer", q_click))
    both = torch.stack([handed, q_conversion], 1)
    query, key, value = (both @ dense[f"conversion.{name}.weight"] for name in ("query", "key", "value"))
    attention = torch.softmax((query * key).sum(2) / HIDDEN[-1] ** 0.5, 1)
    z_conversion = (attention.unsqueeze(2) * value).sum(1)
    last = len(HIDDEN)
    pctr = torch.sigmoid(linear(dense, f"click.{last}", q_click))[:, 0]
    pctcvr = torch.sigmoid(linear(dense, f"conversion.{last}", z_conversion))[:, 0]
    return {
        "click": cross_entropy(pctr, click),
        "conversion": cross_entropy(pctcvr, conversion),
        "conversion order": torch.clamp(pctcvr - pctr, min=0).mean(),
    }


def aitm_parameters():
    units = HIDDEN[-1]
    transfer = [("conversion.transfer.weight", (units, units)), ("conversion.transfer.bias", (units,))]
    attention = [(f"conversion.{name}.weight", (units, units)) for name in ("query", "key", "value")]
    return [*tower_parameters(), *transfer, *attention]


def delay_losses(dense, x, click, delay, density, distribution):
    """Chapelle, over the entire space; a negative delay is a time for which nothing was seen."""
    pctr, pcvr = (tower_probability(dense, tower, x) for tower in TOWERS)
    days = delay.abs()
    seen = -(pctr * pcvr * density(days)).log()
    unseen = -(1 - pctr * pcvr * distribution(days)).log()
    return {"click": cross_entropy(pctr, click), "conversion": torch.where(delay > 0, seen, unseen).mean()}


def delayed(tables, dense, ids, click, delay):
    x = embed(tables, "", ids)
    rate = torch.nn.functional.softplus(logit(dense, "conversion.rate", x)) * dense["conversion.rate_scale"][0].exp()
    return delay_losses(
        dense, x, click, delay, lambda d: rate * (-rate * d).exp(), lambda t: 1 - (-rate * t).exp()
    )


ENDS = [1.0, 3.0, 8.0]


def delay_buckets(tables, dense, ids, click, delay):
    x = embed(tables, "", ids)
    name = "conversion.buckets"
    shares = torch.softmax(linear(dense, f"{name}.{len(HIDDEN)}", hidden(dense, name, x, len(HIDDEN))), 1)
    starts, ends = torch.tensor([0.0, *ENDS[:-1]]), torch.tensor(ENDS)

    def density(d):
        bucket = torch.bucketize(d, ends[:-1], right=True)
        return shares.gather(1, bucket.unsqueeze(1))[:, 0] / (ends - starts)[bucket]

    def distribution(t):
        return (shares * ((t.unsqueeze(1) - starts) / (ends - starts)).clamp(0, 1)).sum(1)

    return delay_losses(dense, x, click, delay, density, distribution)


def bucket_parameters():
    *layers, weight, bias = mlp_parameters("conversion.buckets", [WIDTH, *HIDDEN, len(ENDS)])
    return [*tower_parameters(), *layers, weight, bias]


def train(losses_of, parameters, prefixes=("",), has_delays=False):
    random = Lcg(11)
    tables = {p + name: random.tensor(*shape).requires_grad_() for p in prefixes for name, shape in TABLES.items()}
    dense = {name: random.tensor(*shape).requires_grad_() for name, shape in parameters}
    optimizers = [torch.optim.SparseAdam(list(tables.values()), lr=RATE), torch.optim.Adam(dense.values(), lr=RATE)]
    steps = []
    for _ in range(STEPS):
        ids = {name: torch.tensor([random.next() % rows for _ in range(ROWS)]) for name, (rows, _) in TABLES.items()}
        click = torch.tensor([float(random.next() >> 31) for _ in range(ROWS)])
        conversion = click * torch.tensor([float(random.next() >> 31) for _ in range(ROWS)])
        if has_delays:
            days = torch.tensor([((random.next() >> 24) + 1) / 16 for _ in range(ROWS)])
            losses = losses_of(tables, dense, ids, click, torch.where(conversion == 1, days, -days))
        else:
            losses = losses_of(tables, dense, ids, click, conversion)
        for optimizer in optimizers:
            optimizer.zero_grad()
        sum(WEIGHTS.get(name, 1) * loss for name, loss in losses.items()).backward()
        for optimizer in optimizers:
            optimizer.step()
        steps.append({name: loss.item() for name, loss in losses.items()})
    return {
        "losses": steps,
        "tables": {name: table.detach().flatten().tolist() for name, table in tables.items()},
        "parameters": {name: value.detach().flatten().tolist() for name, value in dense.items()},
    }


by_tower = [f"{tower}." for tower in TOWERS]
print(json.dumps({
    "torch": torch.__version__,
    "esmm": train(esmm, tower_parameters()),
    "esmm-ns": train(esmm_ns, tower_parameters(), by_tower),
    "base": train(base, tower_parameters(), by_tower),
    "division": train(division, tower_parameters(), by_tower),
    "mmoe": train(mmoe, mmoe_parameters()),
    "ple": train(ple, ple_parameters()),
    "dcn": train(dcn, dcn_parameters()),
    "dcn-low-rank": train(dcn_low_rank, dcn_parameters(rank=3)),
    "escm2-ips": train(escm2_ips, debiased_parameters()),
    "escm2-dr": train(escm2_dr, debiased_parameters(["conversion.imputed"])),
    "dcmt": train(
        dcmt, debiased_parameters(["conversion.counterfactual"], ["conversion", "conversion.counterfactual"])
    ),
    "aitm": train(aitm, aitm_parameters()),
    "delayed": train(
        delayed,
        [*tower_parameters(towers=(*TOWERS, "conversion.rate")), ("conversion.rate_scale", (1,))],
        has_delays=True,
    ),
    "delay-buckets": train(delay_buckets, bucket_parameters(), has_delays=True),
}))
