"""Writes exported/: an adapter that Swiftlet trained and exported, and the logits that PEFT computes with it.

Usage: make_fixtures.py ADAPTER_DIR, the `output_dir/adapter` of a `swiftlet train` on llama_tiny/model (LoRA r 4, all
linear layers, 20 steps on the rows of train.input_ids). Made with torch 2.13.0+cpu, transformers 5.23.0, peft 0.21.2.
"""
import pathlib
import shutil
import sys

import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

here = pathlib.Path(__file__).parent
torch.set_num_threads(1)
target = here / "exported"
target.mkdir(exist_ok=True)
for name in ("adapter_config.json", "adapter_model.safetensors"):
    shutil.copyfile(f"{sys.argv[1]}/{name}", target / name)
base = AutoModelForCausalLM.from_pretrained(
    here / "llama_tiny/model", dtype=torch.float32, attn_implementation="eager")
model = PeftModel.from_pretrained(base, str(target)).eval()
loaded = {name.replace(".default.", "."): tensor for name, tensor in model.state_dict().items() if "lora_" in name}
saved = load_file(target / "adapter_model.safetensors")
assert loaded.keys() == saved.keys() and all(torch.equal(loaded[name], saved[name]) for name in saved)
ids = load_file(here / "llama_tiny/io.safetensors")["input_ids"].long()
with torch.no_grad():
    save_file({"logits": model(input_ids=ids).logits.contiguous()}, target / "logits.safetensors")
