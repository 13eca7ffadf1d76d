"""How plain ESMM collapses where conversions are rare: one epoch in PyTorch, written in ways that are common. For each way and seed: AUC of
pCVR on clicked held-out rows, and its log loss over that of the rows' own rate (1 or more: it has learned nothing).

    python bench/yardstick/collapse.py rare-1500000.parquet [seeds] [part of a way's name]      # the log of `npm run bench -- --only collapse`
"""
import sys, numpy as np, pyarrow.parquet as pq, torch, torch.nn as nn, torch.nn.functional as fn
torch.set_num_threads(1); B, D = 4096, 18
names = ['user', 'segment', 'age', 'item', 'brand', 'category', 'hour', 'place']
t = pq.read_table(sys.argv[1]); sizes = [int(t[n].to_numpy().max()) + 1 for n in names]
x = torch.from_numpy(np.stack([t[n].to_numpy() + o for n, o in zip(names, np.cumsum([0, *sizes[:-1]]))], 1).astype(np.int64))
y = torch.from_numpy(np.stack([t['click'].to_numpy(), t['conversion'].to_numpy()], 1).astype(np.float32))
held = torch.arange(len(x)) % 5 == 0; train = torch.nonzero(~held)[:, 0]; rates = y[train].mean(0)

def clamped(a, b, y, eps=1e-7):
    p, q = torch.sigmoid(a), torch.sigmoid(a) * torch.sigmoid(b)
    bce = lambda p, y: -(y * p.clamp(eps, 1 - eps).log() + (1 - y) * (1 - p.clamp(eps, 1 - eps)).log()).mean()
    return bce(p, y[:, 0]) + bce(q, y[:, 1])

def logits(a, b, y):
    reached = fn.logsigmoid(a) + fn.logsigmoid(b); missed = torch.logaddexp(fn.logsigmoid(-a), fn.logsigmoid(a) + fn.logsigmoid(-b))
    return fn.binary_cross_entropy_with_logits(a, y[:, 0]) - (y[:, 1] * reached + (1 - y[:, 1]) * missed).mean()

def run(seed, loss, bias, last, rate, hidden=(200, 80)):
    torch.manual_seed(seed); widths = [len(names) * D, *hidden]
    emb = nn.Embedding(sum(sizes), D, sparse=True); nn.init.normal_(emb.weight, std=.01)
    def tower(base):
        layers = [f for i, o in zip(widths, widths[1:]) for f in (nn.Linear(i, o), nn.ReLU())]; out = nn.Linear(widths[-1], 1)
        nn.init.constant_(out.bias, float(torch.logit(base)) if bias == 'rate' else 0.)
        if last == 'zero': nn.init.zeros_(out.weight)
        return nn.Sequential(*layers, out)
    ctr, cvr = tower(rates[0]), tower(rates[1] / rates[0])
    options = [torch.optim.SparseAdam([emb.weight], lr=rate), torch.optim.Adam([*ctr.parameters(), *cvr.parameters()], lr=rate)]
    order = train[torch.randperm(len(train))]
    for o in range(0, len(order), B):
        k = order[o:o + B]; e = emb(x[k]).flatten(1); value = loss(ctr(e)[:, 0], cvr(e)[:, 0], y[k])
        for option in options: option.zero_grad()
        value.backward()
        for option in options: option.step()
    with torch.inference_mode():
        k = torch.nonzero(held & (y[:, 0] == 1))[:, 0]; e = emb(x[k]).flatten(1); b = cvr(e)[:, 0]; z = y[k, 1]; hidden_units = cvr[:-1](e)
        rank = b.argsort().argsort().double(); n = z.sum(); auc = (rank[z == 1].sum() - n * (n - 1) / 2) / (n * (len(z) - n)) if b.std() > 0 else torch.tensor(.5)
        base = fn.binary_cross_entropy_with_logits(torch.logit(z.mean()).expand(len(z)), z)
        return float(auc), float(fn.binary_cross_entropy_with_logits(b, z) / base), float((hidden_units == 0).all(0).double().mean()), float(b.mean())

WAYS = {'clamped, biases 0, 1e-3': (clamped, 'zero', 'glorot', 1e-3),
        'as here: logits, rate biases, last layer 0, 1e-3': (logits, 'rate', 'zero', 1e-3),
        'clamped, biases 0, 1e-2': (clamped, 'zero', 'glorot', 1e-2),
        'as here, 1e-2': (logits, 'rate', 'zero', 1e-2),
        'clamped, biases 0, 5e-2': (clamped, 'zero', 'glorot', 5e-2),
        'clamped, rate biases, 5e-2': (clamped, 'rate', 'zero', 5e-2),
        'logits, biases 0, 5e-2': (logits, 'zero', 'glorot', 5e-2),
        'as here, 5e-2': (logits, 'rate', 'zero', 5e-2)}
for way, options in WAYS.items():
    if len(sys.argv) > 3 and sys.argv[3] not in way: continue
    for seed in range(1, 1 + int(sys.argv[2] if len(sys.argv) > 2 else 3)):
        auc, entropy, dead, mean = run(seed, *options)
        print(f'{way}, seed {seed}: pCVR AUC {auc:.3f}, log loss over that of the rate {entropy:.4f}, dead units of the last hidden layer {dead:.0%}, mean logit {mean:.1f}', flush=True)
