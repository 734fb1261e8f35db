"""Logits of PEFT 0.21.2 (transformers 5.23.0, torch 2.13.0) for the adapter beside this file, which Swiftlet trained and exported.

    python make.py ../llama_tiny        # writes logits.safetensors: input_ids int32 [2, 18], logits fp32 [2, 18, 512]
"""
import os, sys
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

here, tiny = os.path.dirname(os.path.abspath(__file__)), sys.argv[1]
model = AutoModelForCausalLM.from_pretrained(f"{tiny}/model", dtype=torch.float32, attn_implementation="eager")
model = PeftModel.from_pretrained(model, here)
ids = load_file(f"{tiny}/io.safetensors")["train.input_ids"].reshape(-1, 18)[:2]
with torch.no_grad():
    logits = model(input_ids=ids.long()).logits
save_file({"input_ids": ids.int().contiguous(), "logits": logits.contiguous()}, f"{here}/logits.safetensors")
