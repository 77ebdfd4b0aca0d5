"""Real adapters, made by PEFT, for the doctor; needs torch and peft, which the
tests do without.

    doctor_adapters_peft.py FULLSTOP

The bases are those of doctor_adapters.py; transformers loads them, PEFT wraps
them, a few steps are trained, and what save_pretrained writes is looked at.
Each case says which ADP rules have to find something; no others may.
"""
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import warnings

import doctor_adapters as tiny
import peft
import torch
import transformers

warnings.filterwarnings("ignore")


def load(folder):
    return transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def train(model, size, steps=4, ids=None):
    """Steps over random tokens, IDS among them."""
    torch.manual_seed(3)
    weights = [each for each in model.parameters() if each.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=1e-2, weight_decay=0)
    for _ in range(steps):
        batch = torch.randint(0, size, (4, 24))
        if ids:
            batch[:, ::3] = torch.tensor(ids)[torch.randint(0, len(ids), batch[:, ::3].shape)]
        model(input_ids=batch, labels=batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def lora(model, **options):
    return peft.get_peft_model(model, peft.LoraConfig(
        r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM", **options))


def finish(case, model, out, chat=False):
    """Saves MODEL, and with CHAT a template that ends turns with the base's end."""
    model.save_pretrained(out)
    if chat:
        case.template = tiny.template(case.end)
        case.write_tokenizer(out)
        (out / "generation_config.json").write_text(json.dumps(
            {"eos_token_id": [case.id(case.eos), case.id(case.end)]}))


def attention(rng, base, out):
    case = tiny.Model(rng, False, True)
    model = lora(load(case.write(base)))
    train(model, len(case.vocab))
    finish(case, model, out)
    return set()


def whole_matrices(rng, base, out):
    case = tiny.Model(rng, False, False)
    model = lora(load(case.write(base)), modules_to_save=["embed_tokens", "lm_head"])
    train(model, len(case.vocab))
    finish(case, model, out, chat=True)
    return {"ADP010"}  # the base has no template: a note


def end_out_of_reach(rng, base, out):
    case = tiny.Model(rng, False, False)
    model = lora(load(case.write(base)))
    train(model, len(case.vocab))
    finish(case, model, out, chat=True)
    return {"ADP007", "ADP010"}


def single_token(rng, base, out):
    case = tiny.Model(rng, True, False)
    model = lora(load(case.write(base)), trainable_token_indices=[case.id(case.end)])
    train(model, len(case.vocab), ids=[case.id(case.end)])
    finish(case, model, out, chat=True)
    return {"ADP010"}


def low_rank_head(rng, base, out):
    case = tiny.Model(rng, False, False)
    model = peft.get_peft_model(load(case.write(base)), peft.LoraConfig(
        r=4, target_modules=["q_proj", "lm_head"], task_type="CAUSAL_LM"))
    train(model, len(case.vocab))
    finish(case, model, out, chat=True)
    # PEFT saves the head's own matrix beside its change.
    return {"ADP009", "ADP010"}


def low_rank_embedding(rng, base, out):
    case = tiny.Model(rng, False, True)
    model = peft.get_peft_model(load(case.write(base)), peft.LoraConfig(
        r=4, target_modules=["q_proj", "embed_tokens"], task_type="CAUSAL_LM"))
    train(model, len(case.vocab))
    finish(case, model, out)
    return {"ADP009"}


def resized(rng, base, out):
    """More rows, of which nobody trains any: PEFT saves both matrices whole."""
    case = tiny.Model(rng, False, False)
    model = load(case.write(base))
    while len(case.vocab) < case.config["vocab_size"]:
        case.add_token(f"<filler{len(case.vocab)}>")
    case.end = case.vocab[case.add_token("<new0>")]
    for i in range(3):
        case.add_token(f"<more{i}>")
    model.resize_token_embeddings(len(case.vocab))
    model = lora(model)
    train(model, len(case.vocab))
    finish(case, model, out, chat=True)
    return {"ADP005", "ADP008", "ADP009", "ADP010"}


def resized_and_trained(rng, base, out):
    case = tiny.Model(rng, False, False)
    model = load(case.write(base))
    while len(case.vocab) < case.config["vocab_size"]:
        case.add_token(f"<filler{len(case.vocab)}>")
    case.end = case.vocab[case.add_token("<new0>")]
    model.resize_token_embeddings(len(case.vocab))
    model = lora(model, modules_to_save=["embed_tokens", "lm_head"])
    train(model, len(case.vocab))
    finish(case, model, out, chat=True)
    # PEFT saves each matrix three times, once as it was before.
    return {"ADP005", "ADP009", "ADP010"}


def tied_head_alone(rng, base, out):
    case = tiny.Model(rng, True, False)
    model = lora(load(case.write(base)), modules_to_save=["lm_head"])
    train(model, len(case.vocab))
    finish(case, model, out, chat=True)
    return {"ADP006", "ADP010"}


def tied_as_one(rng, base, out):
    case = tiny.Model(rng, True, False)
    model = lora(load(case.write(base)), modules_to_save=["embed_tokens"],
                 ensure_weight_tying=True)
    train(model, len(case.vocab))
    finish(case, model, out, chat=True)
    return {"ADP010"}


def weight_decomposed(rng, base, out):
    case = tiny.Model(rng, False, True)
    model = lora(load(case.write(base)), use_dora=True, use_rslora=True,
                 rank_pattern={"v_proj": 2})
    train(model, len(case.vocab))
    finish(case, model, out)
    return set()


def tokens_only(rng, base, out):
    case = tiny.Model(rng, True, False)
    model = peft.get_peft_model(load(case.write(base)), peft.TrainableTokensConfig(
        token_indices=[case.id(case.end)], target_modules=["embed_tokens"]))
    train(model, len(case.vocab), ids=[case.id(case.end)])
    finish(case, model, out, chat=True)
    return {"ADP010"}


def merged(rng, base, out):
    case = tiny.Model(rng, False, True)
    model = lora(load(case.write(base)), modules_to_save=["embed_tokens", "lm_head"])
    train(model, len(case.vocab))
    model.merge_and_unload().save_pretrained(out)
    case.write_tokenizer(out)
    return set()


def merged_tied(rng, base, out):
    """The head was trained alone: transformers sees that it differs, and unties
    the configuration. The ends are the base's."""
    case = tiny.Model(rng, True, False)
    model = lora(load(case.write(base)), modules_to_save=["lm_head"])
    train(model, len(case.vocab))
    model.merge_and_unload().save_pretrained(out)
    case.template = tiny.template(case.end)
    case.write_tokenizer(out)
    return {"ADP012"}


CASES = [attention, whole_matrices, end_out_of_reach, single_token, low_rank_head,
         low_rank_embedding, resized, resized_and_trained, tied_head_alone, tied_as_one,
         weight_decomposed, tokens_only, merged, merged_tied]


def main():
    failed = 0
    print(f"peft {peft.__version__}, transformers {transformers.__version__}")
    with tempfile.TemporaryDirectory() as place:
        for number, case in enumerate(CASES):
            folder = pathlib.Path(place) / case.__name__
            folder.mkdir()
            out = folder / "out"
            out.mkdir()
            expected = case(random.Random(number), folder / "base", out)
            done = subprocess.run([sys.argv[1], "doctor", str(out), "--base",
                                   str(folder / "base"), "--format", "json"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            if done.returncode not in (0, 1):
                print(case.__name__, done.stderr.decode())
                failed += 1
                continue
            report = json.loads(done.stdout)["targets"][0]
            findings = [each for each in report["findings"] if each["rule"].startswith("ADP")]
            found = {each["rule"] for each in findings}
            good = found == expected
            failed += not good
            print("as expected" if good else f"NOT {expected}", case.__name__, report["kind"])
            for each in findings:
                print("    ", each["severity"], each["rule"], each["message"])
            for each in report["not_evaluated"]:
                if each["rule"].startswith("ADP"):
                    print("     unknown", each["rule"], each["why"])
            if len(sys.argv) > 2:
                shutil.copytree(folder, pathlib.Path(sys.argv[2]) / case.__name__)
    print(f"{len(CASES)} cases, {failed} failed")
    sys.exit(failed != 0)


main()
