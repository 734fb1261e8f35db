"""Full fine-tuning of llama_tiny (all parameters) by torch 2.13.0 and transformers 5.23.0, in fp32 on one thread.

    python make.py ../llama_tiny        # writes full.safetensors and full.json

`untied` is the model as it is; `tied` is the same without its head, the embedding in its place.  Gradients (files'
names, `untied.` or `tied.` before them) are those of the mean loss over `input_ids`, labels = input_ids.  Each run takes
20 AdamW steps over `train.input_ids`: betas 0.9 and 0.999, epsilon 1e-8, gradient norm clipped to 1, linear warm-up of 4
steps to 1e-3, then cosine to 0; the decay, where there is one, is on tensors of two dimensions only (the embedding and
the head are among them).  `grad_norms` are before clipping; `final_norms` are the L2 norms of each tensor at the end.
"""
import json, os, sys
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

torch.set_num_threads(1)
here, tiny = os.path.dirname(os.path.abspath(__file__)), sys.argv[1]
io = load_file(f"{tiny}/io.safetensors")
ids, steps = io["input_ids"].long(), io["train.input_ids"].long()
peak = json.load(open(f"{tiny}/meta.json"))["train"]
rates = [1e-3 * rate / peak["hyper"]["lr"] for rate in peak["lrs"]]


def model(tied):
    config = AutoConfig.from_pretrained(f"{tiny}/model", tie_word_embeddings=tied)
    weights = load_file(f"{tiny}/model/model.safetensors")
    built = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="eager")
    if tied:
        weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    built.load_state_dict({name: value.float() for name, value in weights.items()})
    if tied:
        assert built.lm_head.weight is built.model.embed_tokens.weight
    return built.train()


def run(tied, decay):
    net = model(tied)
    matrices = [p for p in net.parameters() if p.dim() == 2]
    vectors = [p for p in net.parameters() if p.dim() != 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}],
        lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
    losses, norms = [], []
    for batch, rate in zip(steps, rates):
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        loss = net(input_ids=batch, labels=batch).loss
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0).item())
        losses.append(loss.item())
        optimizer.step()
    final = {name: value.norm().item() for name, value in net.named_parameters()}
    return {"losses": losses, "grad_norms": norms, "final_norms": final}


tensors = {}
meta = {"learning_rates": rates, "betas": [0.9, 0.999], "epsilon": 1e-8, "max_grad_norm": 1.0, "warmup_steps": 4}
for tied in (False, True):
    kind = "tied" if tied else "untied"
    net = model(tied)
    loss = net(input_ids=ids, labels=ids).loss
    loss.backward()
    for name, parameter in net.named_parameters():
        tensors[f"{kind}.{name}"] = parameter.grad.contiguous()
    norm = torch.stack([p.grad.norm() for p in net.parameters()]).norm().item()
    meta[kind] = {"loss": loss.item(), "grad_norm": norm}
    for decay in (0.0, 0.1):
        meta[kind][f"train_decay_{decay}"] = run(tied, decay)
save_file(tensors, f"{here}/full.safetensors")
json.dump(meta, open(f"{here}/full.json", "w"), indent=1)
