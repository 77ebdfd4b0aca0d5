"""Kinds of faults for doctor_faults.py, written by someone who had not seen the doctor's
rules: only the catalogue of failures, the templates and the class Model. A kind changes
MODEL and returns True, or returns False where the model has nothing to change so.

When they were run for the first time, 13 of 66 faults were found: two of the eight kinds.
The other six have rules since (TOK008 to TOK010, TPL013 to TPL015); their ids were filled
in afterwards.
"""

import re

# What closes a reply, by its name before the renaming; an earlier one is preferred.
CLOSERS = ["<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|return|>", "<|end|>",
           "<｜end▁of▁sentence｜>"]
# What a reply writes on its way, before it ends.
INNER = ["</think>", "<|channel|>", "<|message|>", "<|python_tag|>", "<tool_call>",
         "<｜tool▁calls▁begin｜>"]


def in_template(model, markers):
    """Their names now, of those that are tokens and that the template writes."""
    names = [model.names[each] for each in markers if each in model.names]
    return [each for each in names if each in model.template and model.token(each)]


def prompt_part(model):
    """Where the template's part that opens the reply starts; -1 if there is none."""
    return model.template.rfind("add_generation_prompt")


def inner_marker_ends(model, rng):
    """A fine-tuner took every control token of the template for a stop."""
    ids = [model.token(each)["id"] for each in in_template(model, INNER)]
    ids = [each for each in ids if each not in model.ends]
    if not ids:
        return False
    model.ends.append(rng.choice(ids))
    return True


inner_marker_ends.says = ("A marker that replies write on their way (the end of a thought, the "
                          "start of a channel or of a tool call) is declared an end, so replies "
                          "end too early.")
inner_marker_ends.touches = {"ends"}
inner_marker_ends.causes = ("GEN008",)


def end_as_whole_word(model, rng):
    """A converter wrote the closing token with single_word."""
    names = in_template(model, CLOSERS)
    if not names or model.token(names[0]).get("single_word"):
        return False
    model.token(names[0])["single_word"] = True
    return True


end_as_whole_word.says = ("The token that closes a turn is matched only as a word of its own "
                          "(single_word), so right after a letter or digit it falls into pieces "
                          "of text and the turn is not closed.")
end_as_whole_word.touches = {"kinds"}
end_as_whole_word.causes = ("TOK008",)


def tokenizer_appends_eos(model, rng):
    """The tokenizer was saved as training had set it: an EOS after each text."""
    eos = model.tokenizer_config.get("eos_token")
    entry = model.token(eos["content"] if isinstance(eos, dict) else eos)
    if entry is None or model.tokenizer_config.get("add_eos_token"):
        return False
    text, old = entry["content"], model.tokenizer.get("post_processor")
    end = {"SpecialToken": {"id": text, "type_id": 0}}
    a, b = ({"Sequence": {"id": each, "type_id": 0}} for each in "AB")
    step = {"type": "TemplateProcessing", "single": [a, end], "pair": [a, end, b, end],
            "special_tokens": {text: {"id": text, "ids": [entry["id"]], "tokens": [text]}}}
    both = {"type": "Sequence", "processors": [old, step]}
    model.tokenizer["post_processor"] = both if old else step
    model.tokenizer_config["add_eos_token"] = True
    return True


tokenizer_appends_eos.says = ("The tokenizer appends the EOS token to every text it encodes, so a "
                              "prompt is already ended before the reply starts.")
tokenizer_appends_eos.touches = {"post_processor"}
tokenizer_appends_eos.causes = ("TOK009",)


def truncation_left_on(model, rng):
    """tokenizer.json was saved with the cut-off of the training's data loader."""
    if model.tokenizer.get("truncation"):
        return False
    most = rng.choice([128, 256, 512])
    model.tokenizer["truncation"] = {"direction": "Right", "max_length": most,
                                     "strategy": "LongestFirst", "stride": 0}
    return True


truncation_left_on.says = ("The tokenizer cuts every text after a few hundred tokens, so a longer "
                           "prompt loses its last question and the opening of the reply.")
truncation_left_on.touches = {"truncation"}
truncation_left_on.causes = ("TOK010",)


def least_length(model, rng):
    """Settings of a benchmark or a summariser were left in generation_config.json."""
    if model.generation.get("min_new_tokens") or model.generation.get("min_length"):
        return False
    model.generation[rng.choice(["min_new_tokens", "min_length"])] = rng.choice([256, 512, 1024])
    return True


least_length.says = ("The generation settings demand a least length, so the end is forbidden for "
                     "hundreds of tokens and a short answer must run on.")
least_length.touches = {"length"}
least_length.causes = ("GEN021",)


def last_turn_left_open(model, rng):
    """To let a reply be continued, an editor closes every turn but the last."""
    names = in_template(model, CLOSERS)
    start = model.template.rfind("for message in ")
    if not names or start < 0:
        return False
    literal = rf"""(['"]){re.escape(names[0])}(?:\\n|\n)?\1"""
    opened = re.sub(literal, lambda found: f"({found[1] * 2} if loop.last else {found[0]})",
                    model.template[start:])
    if opened == model.template[start:]:
        return False
    model.template = model.template[:start] + opened
    return True


last_turn_left_open.says = ("The template does not close the last turn of a conversation: a last "
                            "reply, or the question before the reply, lacks its end marker.")
last_turn_left_open.touches = {"template"}
last_turn_left_open.causes = ("TPL013", "TPL014", "GEN001")


def empty_thought_left_open(model, rng):
    """An editor lost the closing tag of the empty thought that means 'do not think'."""
    start = prompt_part(model)
    tag, close = (model.names.get(each, each) for each in ("<think>", "</think>"))
    empty = rf"({re.escape(tag)}(?:\\n|\s)*){re.escape(close)}"
    if start < 0 or not re.search(empty, model.template[start:]):
        return False
    opened = re.sub(empty, lambda found: found[1], model.template[start:])
    model.template = model.template[:start] + opened
    return True


empty_thought_left_open.says = ("With thinking switched off, the prompt opens a thought and does "
                                "not close it, so the answer is written as an endless thought.")
empty_thought_left_open.touches = {"template"}
empty_thought_left_open.causes = ("TPL015", "TPL012")


def other_role_in_prompt(model, rng):
    """An editor renamed the role where the reply opens, and not in past turns."""
    start = prompt_part(model)
    role = re.search(r"(?<=>)(assistant|model)\b", model.template[start:]) if start >= 0 else None
    if not role:
        return False
    other = rng.choice([each for each in ("assistant", "model", "bot", "Assistant")
                        if each != role[0]])
    renamed = re.sub(rf"(?<=>){role[0]}\b", other, model.template[start:])
    model.template = model.template[:start] + renamed
    return True


other_role_in_prompt.says = ("The prompt opens the reply under another role name than the template "
                             "gives to past replies.")
other_role_in_prompt.touches = {"template"}
other_role_in_prompt.causes = ("TPL014",)


FAULTS = [inner_marker_ends, end_as_whole_word, tokenizer_appends_eos, truncation_left_on,
          least_length, last_turn_left_open, empty_thought_left_open, other_role_in_prompt]
HARMLESS = []


def independent(a, b):
    """Whether both can be in one model without hiding each other."""
    return a is not b and not a.touches & b.touches
