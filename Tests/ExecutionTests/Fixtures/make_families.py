"""Tiny models of the other families, with logits, LoRA gradients and 20 AdamW steps, all in fp32 on one thread.

    python make_families.py        # writes mistral/, qwen2/ and qwen2_tied/ beside this file

Made with torch 2.13.0, transformers 5.23.0 and peft 0.21.2.  Each folder has the layout of llama_tiny: `model/` (weights
are bf16, exact in fp32; biases are not zero), `adapter/` (LoRA r 4, alpha 8 on all linear layers, B not zero),
`io.safetensors` (input_ids [2, 24], train.input_ids [20, 2, 24], base.logits, lora.logits), `lora_grads.safetensors`
(of the mean loss over input_ids, labels = input_ids) and `meta.json` (losses; the steps' rates, losses and gradient norms
before clipping).  The hyper-parameters are those of llama_tiny.  Mistral has a sliding window of 7 and heads that are
wider than hidden / heads; both families have grouped queries.
"""
import json, math, os, shutil, sys
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, MistralConfig, Qwen2Config

torch.set_num_threads(1)
here = os.path.dirname(os.path.abspath(__file__))
B, S, STEPS, VOCAB = 2, 24, 20, 160
HYPER = {"lr": 5e-3, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.01, "max_grad_norm": 1.0, "warmup_steps": 4}
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
SHARED = dict(
    vocab_size=VOCAB, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=256,
    bos_token_id=0, eos_token_id=1, pad_token_id=2)
MODELS = {
    "mistral": MistralConfig(
        hidden_size=48, intermediate_size=80, head_dim=16, sliding_window=7, rms_norm_eps=1e-5, **SHARED),
    "qwen2": Qwen2Config(hidden_size=32, intermediate_size=72, tie_word_embeddings=False, **SHARED),
    "qwen2_tied": Qwen2Config(hidden_size=32, intermediate_size=72, tie_word_embeddings=True, **SHARED),
}


def randomized(config, seed):
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="eager")
    with torch.no_grad():
        for name, value in model.named_parameters():
            noise = torch.randn(value.shape)
            if name.endswith("norm.weight"):
                noise = 1 + 0.2 * noise
            elif name.endswith(".bias"):
                noise = 0.3 * noise
            elif "embed_tokens" in name or "lm_head" in name:
                noise = 0.3 * noise
            else:
                noise = noise / math.sqrt(value.shape[1])
            value.copy_(noise.bfloat16().float())
    return model


def rate(step):
    warmup = HYPER["warmup_steps"]
    if step < warmup:
        return HYPER["lr"] * step / warmup
    return HYPER["lr"] * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (STEPS - warmup)))


for number, (kind, config) in enumerate(MODELS.items()):
    out = f"{here}/{kind}"
    shutil.rmtree(out, ignore_errors=True)
    model = randomized(config, 100 + number)
    model.to(torch.bfloat16).save_pretrained(f"{out}/model")
    model = AutoModelForCausalLM.from_pretrained(f"{out}/model", dtype=torch.float32, attn_implementation="eager")
    # Four batches come again and again, so that there is something to learn.
    generator = torch.Generator().manual_seed(200 + number)
    ids = torch.randint(3, VOCAB, (B, S), generator=generator)
    train = torch.randint(3, VOCAB, (4, B, S), generator=generator).repeat(STEPS // 4, 1, 1)
    io = {"input_ids": ids.int(), "train.input_ids": train.int()}
    meta = {"hyper": HYPER}
    with torch.no_grad():
        result = model(input_ids=ids, labels=ids)
        io["base.logits"], meta["base.loss"] = result.logits.contiguous(), result.loss.item()

    model = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=TARGETS, task_type="CAUSAL_LM"))
    with torch.no_grad():
        for name, value in model.named_parameters():
            if "lora_" in name:
                value.copy_(torch.randn(value.shape, generator=generator) * (0.15 if "lora_A" in name else 0.05))
    model.save_pretrained(f"{out}/adapter")
    os.remove(f"{out}/adapter/README.md")
    path = f"{out}/adapter/adapter_config.json"
    adapter = json.load(open(path))
    adapter["base_model_name_or_path"] = "model"
    json.dump(adapter, open(path, "w"), indent=2, sort_keys=True)
    trained = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    assert len(trained) == 2 * 2 * len(TARGETS)
    result = model(input_ids=ids, labels=ids)
    result.loss.backward()
    io["lora.logits"], meta["lora.loss"] = result.logits.detach().contiguous(), result.loss.item()
    save_file(
        {name.replace(".default", ""): value.grad.contiguous() for name, value in trained},
        f"{out}/lora_grads.safetensors")
    save_file(io, f"{out}/io.safetensors")

    optimizer = torch.optim.AdamW(
        [value for _, value in trained], lr=HYPER["lr"], betas=HYPER["betas"], eps=HYPER["eps"],
        weight_decay=HYPER["weight_decay"])
    losses, norms, rates = [], [], [rate(step) for step in range(STEPS)]
    for batch, value in zip(train, rates):
        optimizer.param_groups[0]["lr"] = value
        optimizer.zero_grad()
        loss = model(input_ids=batch, labels=batch).loss
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_([v for _, v in trained], HYPER["max_grad_norm"]).item())
        losses.append(loss.item())
        optimizer.step()
    meta["train"] = {"lrs": rates, "fp32": {"losses": losses, "grad_norms": norms}}
    json.dump(meta, open(f"{out}/meta.json", "w"), indent=1)
    print(kind, meta["base.loss"], meta["lora.loss"], losses[0], losses[-1], norms[0])
