"""What can be wrong with a model's files, and what can be changed without harm.

Each function changes a Model of doctor_faults.py in one way, or says False where
the model has nothing to change so. Its causes are the rules of docs/rules.md
that stand for that fault; nothing of the doctor's code is used.
"""
import re

FAULTS = []
HARMLESS = []


def causes(*rules, touches=()):
    """A fault that one of RULES names. TOUCHES: what it changes, since two that
    change the same are no two faults."""
    def add(function):
        function.causes, function.touches = rules, set(touches)
        FAULTS.append(function)
        return function
    return add


def harmless(function):
    HARMLESS.append(function)
    return function


def independent(a, b):
    return a is not b and not a.touches & b.touches


def written(model, id):
    token = model.token(id)
    return token is not None and token["content"] in model.template


def turn_ends(model):
    """The declared ends that the template writes, or that it opens another's
    turn with."""
    return [id for id in model.ends if written(model, id)]


def declare_only(model, ids):
    model.generation["eos_token_id"] = list(ids)
    model.config["eos_token_id"] = ids[0]
    model.tokenizer_config["eos_token"] = model.token(ids[0])["content"]


# What can't be seen without a template that renders.
NO_TEMPLATE = ["template", "ends", "section", "suppressed", "bos", "kinds", "thoughts", "greedy"]


# --- ends -------------------------------------------------------------------

@causes("GEN001", touches=["ends"])
def another_end_is_declared(model, rng):
    if not turn_ends(model):
        return False
    declare_only(model, [model.spare])
    return True


@causes("GEN001", "GEN002", touches=["ends"])
def a_list_of_ends_was_cut(model, rng):
    """To the ones that the template does not write."""
    left = [id for id in model.ends if not written(model, id)]
    if not left or not turn_ends(model):
        return False
    declare_only(model, left)
    return True


@causes("GEN001", "GEN002", touches=["ends"])
def no_end_is_declared(model, rng):
    for each in (model.generation, model.config):
        each.pop("eos_token_id")
    model.tokenizer_config.pop("eos_token")
    return bool(re.search("content", model.template))


@causes("GEN002", touches=["ends"])
def the_end_of_a_call_is_lost(model, rng):
    """Where an end stands beside others that the template writes."""
    names = {"meta": "<|eom_id|>", "glm": "<|observation|>", "oss": "<|call|>"}
    for name in names.values():
        token = model.token(model.names.get(name, name))
        if token and token["id"] in model.ends:
            left = [id for id in model.ends if id != token["id"]]
            declare_only(model, left)
            return True
    return False


@causes("GEN004", "GEN011", touches=["ends"])
def generation_forgets_an_end(model, rng):
    ends = turn_ends(model)
    if not ends:
        return False
    model.config["eos_token_id"] = list(model.ends)
    model.generation["eos_token_id"] = [model.spare]
    return True


@causes("GEN004", "GEN011", touches=["ends"])
def only_the_tokenizer_names_the_end(model, rng):
    ends = turn_ends(model)
    if len(ends) != 1:
        return False
    model.tokenizer_config["eos_token"] = model.token(ends[0])["content"]
    model.config["eos_token_id"] = model.spare
    model.generation["eos_token_id"] = model.spare
    return True


@causes("GEN005", touches=["range", "ends"])
def an_end_behind_the_vocabulary(model, rng):
    model.ends.append(model.config["vocab_size"] + rng.randrange(1, 5000))
    return True


@causes("GEN006", touches=["suppressed"])
def an_end_is_banned(model, rng):
    ends = turn_ends(model)
    if not ends:
        return False
    model.generation["suppress_tokens"] = [rng.randrange(20, 200), ends[0]]
    return True


@causes("GEN008", touches=["ends", "section"])
def what_parts_sections_is_an_end(model, rng):
    token = model.token(model.names.get("<|end|>", ""))
    if token is None or model.token(model.names.get("<|channel|>", "")) is None:
        return False
    model.ends.append(token["id"])
    return True


@causes("GEN010", touches=["pad", "ends"])
def padding_is_an_end(model, rng):
    model.tokenizer_config["pad_token"] = model.tokenizer_config["eos_token"]
    return True


@causes("GEN010", touches=["bos", "ends"])
def bos_is_eos(model, rng):
    model.tokenizer_config["bos_token"] = model.tokenizer_config["eos_token"]
    return True


# --- sampling ---------------------------------------------------------------

@causes("GEN020", touches=["penalty"])
def a_penalty(model, rng):
    model.generation["repetition_penalty"] = round(rng.uniform(1.15, 1.5), 2)
    return True


@causes("GEN021", touches=["length"])
def a_least_length(model, rng):
    model.generation[rng.choice(["min_length", "min_new_tokens"])] = rng.randrange(5, 200)
    return True


@causes("GEN022", touches=["forced"])
def an_id_is_forced(model, rng):
    name = rng.choice(["forced_bos_token_id", "forced_eos_token_id", "begin_suppress_tokens"])
    model.generation[name] = [model.spare] if name.startswith("begin") else model.spare
    return True


@causes("GEN023", touches=["greedy"])
def greedy_thoughts(model, rng):
    if model.token(model.names.get("</think>", "")) is None:
        return False
    model.generation["do_sample"] = False
    return True


@causes("GEN024", touches=["ngrams"])
def no_run_twice(model, rng):
    model.generation["no_repeat_ngram_size"] = rng.randrange(1, 5)
    return True


# --- the template -----------------------------------------------------------

@causes("TPL001", touches=NO_TEMPLATE)
def a_template_that_does_not_compile(model, rng):
    tags = [match.start() for match in re.finditer(r"\{%-? *end(if|for)\b", model.template)]
    at = rng.choice(tags)
    end = model.template.index("%}", at) + 2
    model.template = model.template[:at] + model.template[end:]
    return True


@causes("TPL001", touches=NO_TEMPLATE)
def a_template_that_fails(model, rng):
    model.template = "{{ messages[0].content.nothing.at_all }}" + model.template
    return True


@causes("TPL002", touches=NO_TEMPLATE)
def no_template(model, rng):
    model.template = None
    return True


@causes("TPL003", touches=["bos"])
def two_bos(model, rng):
    bos = model.tokenizer_config.get("bos_token")
    if not bos or not ("bos_token" in model.template or bos in model.template[:2000]):
        return False
    model.tokenizer_config["bos_token"] = bos
    model.template = "{{- bos_token }}" + model.template
    model.tokenizer_config["add_bos_token"] = True
    return True


@causes("TPL004", touches=["bos"])
def bos_that_the_template_does_not_write(model, rng):
    if model.tokenizer_config.get("bos_token"):
        return False
    model.tokenizer_config["bos_token"] = model.token(model.spare)["content"]
    model.tokenizer_config["add_bos_token"] = True
    return True


@causes("TPL005", touches=["template"])
def a_generation_prompt_always(model, rng):
    if "add_generation_prompt" not in model.template:
        return False
    model.template = "{%- set add_generation_prompt = true %}" + model.template
    return True


@causes("TPL006", touches=["template"])
def the_beginning_counts_the_turns(model, rng):
    model.template = "{{ messages|length }} messages\n" + model.template
    return True


@causes("TPL009", touches=["template"])
def system_texts_are_refused(model, rng):
    model.template = ("{%- if messages[0]['role'] == 'system' %}"
                      "{{ raise_exception('no system') }}{%- endif %}" + model.template)
    return True


@causes("TPL010", touches=["template"])
def tools_are_left_out(model, rng):
    if "tools" not in model.template:
        return False
    model.template = "{%- set tools = none %}" + model.template
    return True


@causes("TPL011", touches=["template"])
def texts_are_stripped(model, rng):
    model.template = (
        "{%- set kept = namespace(messages=[]) %}{%- for m in messages %}"
        "{%- if m.role == 'user' %}"
        "{%- set kept.messages = kept.messages + [{'role': 'user', 'content': m.content|trim}] %}"
        "{%- else %}{%- set kept.messages = kept.messages + [m] %}{%- endif %}{%- endfor %}"
        "{%- set messages = kept.messages %}" + model.template)
    return True


@causes("TPL012", touches=["template"])
def the_prompt_opens_a_thought(model, rng):
    opening = model.names.get("<think>")
    if model.token(opening) is None:
        return False
    model.template += "{%- if add_generation_prompt %}" + opening + "\n{%- endif %}"
    return True


# --- tokens -----------------------------------------------------------------

@causes("TOK001", touches=["kinds", "ends", "suppressed"])
def an_end_became_ordinary(model, rng):
    ends = [id for id in turn_ends(model)]
    if not ends:
        return False
    token = model.token(rng.choice(ends))
    if model.tokenizer_config["eos_token"] == token["content"]:
        model.tokenizer_config["eos_token"] = model.token(model.spare)["content"]
    model.tokenizer["added_tokens"].remove(token)
    model.tokenizer["model"]["vocab"][token["content"]] = token["id"]
    return True


@causes("TOK002", touches=["thoughts"])
def a_thought_s_marker_is_special(model, rng):
    token = model.token(model.names.get("</think>", ""))
    if token is None or token["content"] not in model.template:
        return False
    token["special"] = True
    return True


@causes("TOK003", touches=["added"])
def older_added_tokens(model, rng):
    token = rng.choice(model.tokenizer["added_tokens"])
    model.added_tokens = {token["content"]: token["id"] + rng.randrange(1, 9)}
    return True


@causes("TOK004", "TOK005", touches=["pad"])
def a_token_that_is_not_there(model, rng):
    model.tokenizer_config["pad_token"] = "<|no_such_7311|>"
    return True


@causes("TOK005", touches=["rows"])
def fewer_rows_than_tokens(model, rng):
    model.config["vocab_size"] -= rng.randrange(1, 5)
    return True


# --- no faults --------------------------------------------------------------

@harmless
def other_names_alone(model, rng):
    return True


@harmless
def keys_in_another_order(model, rng):
    for name in ("config", "generation", "tokenizer_config", "tokenizer"):
        value = getattr(model, name)
        keys = list(value)
        rng.shuffle(keys)
        setattr(model, name, {key: value[key] for key in keys})
    return True


@harmless
def ends_in_another_order(model, rng):
    rng.shuffle(model.ends)
    return True


@harmless
def another_pad(model, rng):
    model.tokenizer_config["pad_token"] = model.token(model.spare)["content"]
    model.config["pad_token_id"] = model.spare
    return True


@harmless
def bos_that_a_runtime_would_add(model, rng):
    if not model.tokenizer_config.get("bos_token"):
        return False
    model.tokenizer_config["add_bos_token"] = True
    return True


@harmless
def a_comment_in_the_template(model, rng):
    model.template = "{#- as published -#}" + model.template
    return True


@harmless
def more_reserved_tokens(model, rng):
    for i in range(rng.randrange(1, 30)):
        model.add_token(f"<|reserved_{i}|>", special=True)
    return True


@harmless
def more_rows_than_tokens(model, rng):
    model.config["vocab_size"] += 64
    return True


@harmless
def sampling_is_declared(model, rng):
    model.generation.update({"temperature": 0.6, "top_p": 0.95, "top_k": 20, "do_sample": True})
    return True


@harmless
def a_mild_penalty(model, rng):
    model.generation["repetition_penalty"] = 1.05
    return True


@harmless
def all_files_declare_all_ends(model, rng):
    model.config["eos_token_id"] = list(model.ends)
    return True


@harmless
def an_end_twice(model, rng):
    model.ends.append(model.ends[0])
    return True


@harmless
def ordinary_ids_are_banned(model, rng):
    model.generation["suppress_tokens"] = [model.spare]
    return True


@harmless
def numbers_are_written_as_text(model, rng):
    model.config["torch_dtype"] = "bfloat16"
    model.config["transformers_version"] = "5.0.0"
    return True
