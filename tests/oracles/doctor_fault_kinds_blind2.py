"""Twelve more kinds of faults, and eight harmless changes, for doctor_faults.py.

They were written without a look at the doctor's rules, from what users report of
transformers, vLLM, llama.cpp and trainers. Each says beforehand what a user sees
and what the right verdict is:

    error    a reply or a call that the template can render ends with no id that
             any file declares, or the end can never be sampled
    warning  files contradict each other about an end
    note     all else

When they were run for the first time, seven of the twelve kinds were found by their
cause, two of them with the wrong severity; five were missed in all families. All 64
harmless changes were silent. The ids of the rules (causes) were filled in afterwards.
"""
import re

FAULTS, HARMLESS = [], []


def fault(*right, causes):
    """A kind with the severities that are RIGHT for it."""
    def register(kind):
        kind.right, kind.causes = right, causes
        FAULTS.append(kind)
        return kind
    return register


def harmless(kind):
    HARMLESS.append(kind)
    return kind


def independent(first, second):
    return first is not second


def translated(model, text):
    """TEXT, which speaks of published markers, in the names of MODEL."""
    names = sorted(model.names, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, names)), lambda found: model.names[found.group()], text)


def edited(model, template, ways):
    """TEMPLATE after the first of WAYS (lists of pairs of old and new text) of which
    it has all the old texts; None where it has none."""
    for way in ways:
        pairs = [(translated(model, old), translated(model, new)) for old, new in way]
        if all(old in template for old, _ in pairs):
            for old, new in pairs:
                template = template.replace(old, new)
            return template
    return None


def end_entries(model):
    return [each for each in model.tokenizer["added_tokens"] if each["id"] in model.ends]


# What is generated.

@fault("error", causes=("GEN006",))
def ends_biased_away(model, rng):
    """A bias of -100 on each end stays in generation_config.json after a benchmark with
    answers of equal length. User: no reply ends before the limit of tokens. Right: error,
    the ends can never be sampled. The file tells."""
    model.generation["sequence_bias"] = [[[end], -100.0] for end in model.ends]
    return True


@fault("error", causes=("GEN021",))
def least_length_is_the_most(model, rng):
    """min_new_tokens = max_new_tokens, as benchmarks of speed set it, and saved. Ends are
    forbidden before min_new_tokens. User: each reply has 512 tokens, and goes on after its
    answer. Right: error, no end can be sampled. The file tells."""
    model.generation["min_new_tokens"] = model.generation["max_new_tokens"] = 512
    return True


@fault("note", "warning", causes=("GEN025",))
def stop_string_inside_replies(model, rng):
    """A line break as a stop string, left from an evaluation of completions. User: replies
    end after their first line; thoughts that begin with a line break end at once. Right:
    note (an end too early isn't a missing one); a warning is right as well. The file tells."""
    model.generation["stop_strings"] = ["\n"]
    return True


@fault("note", "warning", causes=("TOK001",))
def word_among_the_ends(model, rng):
    """The ends hold the id of an ordinary word: an id of the architecture's defaults or of
    another vocabulary (eos_token_id 2 from Llama 2). User: replies stop in the middle of a
    sentence, before that word. Right: note, or a warning. Files tell: the token is no added
    one and no template writes it as an end."""
    words = [id for text, id in model.tokenizer["model"]["vocab"].items()
             if text[0] == "Ġ" and len(text) > 3 and text[1:].isascii() and text[1:].isalpha()]
    model.ends.append(rng.choice(sorted(words)))
    return True


# What several files say.

@fault("warning", causes=("GEN011",))
def nested_config_ends_otherwise(model, rng):
    """A model with pictures keeps its text model's settings in config.json's text_config,
    whose eos_token_id is another than the one outside. User: vLLM and mlx, which read the
    inner one, run on; transformers stops. Right: warning. The file tells."""
    model.config["text_config"] = {"model_type": model.config["model_type"],
                                   "vocab_size": model.config["vocab_size"],
                                   "eos_token_id": model.spare}
    return True


@fault("error", causes=("GEN001", "GEN003"))
def tool_template_ends_otherwise(model, rng):
    """tokenizer_config.json holds a list of templates, and the one named tool_use, from
    another model, ends turns with a token that nothing declares. User: chats stop; with
    tools, replies and calls run on. Right: error. Files tell."""
    if "eos_token" in model.template:
        return False
    other = model.template
    for each in end_entries(model):
        other = other.replace(each["content"], model.token(model.spare)["content"])
    if other == model.template:
        return False
    model.tokenizer_config["chat_template"] = [
        {"name": "default", "template": model.template},
        {"name": "tool_use", "template": other}]
    model.template = None
    return True


# What the tokenizer makes of markers.

@fault("error", causes=("TOK014",))
def markers_split_by_a_setting(model, rng):
    """split_special_tokens, an option of LLaMA-Factory's that is saved along: transformers
    then takes markers in a text for plain text. User: the prompt has no markers, replies
    drift, a fine-tune never learns its end. Right: error, a rendered reply ends with pieces
    of the marker's text. The file tells."""
    model.tokenizer_config["split_special_tokens"] = True
    return True


@fault("error", causes=("TOK008",))
def ends_need_a_word_break(model, rng):
    """single_word on the ends: after a letter or a digit the text of the marker isn't taken
    for it. User: replies in training that lack a full stop have no end, so a fine-tune runs
    on, at times. Right: error, the reply "Yes" ends with pieces. The file tells."""
    for each in end_entries(model):
        each["single_word"] = True
    return True


@fault("error", causes=("TOK008",))
def normalizer_hides_ends(model, rng):
    """A normalizer puts a space before the text and, as the ends are matched in normalized
    text, before their patterns too (transformers' trouble with legacy Llama): a marker right
    after a letter is split. User: as above, with nearly every reply. Right: error. The file
    tells, by encoding what the template renders."""
    model.tokenizer["normalizer"] = {"type": "Prepend", "prepend": " "}
    for each in end_entries(model):
        each["normalized"] = True
    return True


@fault("note", "warning", "error", causes=("TOK010",))
def texts_cut_at_a_length(model, rng):
    """tokenizer.json keeps the truncation of a training run. What reads that file alone
    (tokenizers, candle, TGI) cuts each text at 64 ids. User: long prompts lose their last
    question and the header of the reply; long rows lose their end. transformers resets it.
    Right: note; higher is right too, as rendered replies lose their end. The file tells."""
    model.tokenizer["truncation"] = {"direction": "Right", "max_length": 64,
                                     "strategy": "LongestFirst", "stride": 0}
    return True


# What the template does.

TEXT_OF = """{%- macro text_of(content) -%}
    {%- if content is string -%}
        {{- content -}}
    {%- elif content -%}
        {%- for part in content -%}
            {%- if part.type == 'text' -%}
                {{- part.text -}}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro -%}
"""
# Of templates in which all contents may be parts: closed where the content is a string.
OPEN_PARTS = [
    [("| trim + '<end_of_turn>\n'", "| trim + ('<end_of_turn>\n' if role == 'user' or "
      "message['content'] is string else '\n')")],
    [("+ '<|end_header_id|>\\n\\n'+ text_of(message['content']) | trim + '<|eot_id|>'",
      "+ '<|end_header_id|>\\n\\n'+ text_of(message['content']) | trim + ('<|eot_id|>' if "
      "message.role != 'assistant' or message.content is string else '')")],
    [("{{- '<|im_end|>\\n' }}\n    {%- elif message.role == \"tool\" %}",
      "{{- '<|im_end|>\\n' if message.content is string or not message.content else '\\n' }}\n"
      "    {%- elif message.role == \"tool\" %}")],
    [("{{content + '<｜end▁of▁sentence｜>'}}",
      "{{content + ('<｜end▁of▁sentence｜>' if message['content'] is string else '')}}")],
    [('content.lstrip("\\n") + "<|im_end|>\\n"',
      'content.lstrip("\\n") + ("<|im_end|>\\n" if message.content is string else "\\n")')],
    [('text_of(message.content) + "<|return|>"',
      'text_of(message.content) + ("<|return|>" if message.content is string else "")')]]


@fault("error", causes=("TPL017",))
def parts_left_open(model, rng):
    """The template takes contents as parts ([{"type": "text", ...}]) too, but ends a reply
    only where it is a string. User: a server that passes parts on, or a trainer for pictures,
    makes a history of unclosed replies; the fine-tune runs on. Right: error. Files tell, by
    rendering a reply of parts."""
    template = re.sub(r"\b(message|messages\[0\])(\.content|\['content'\])", r"text_of(\g<0>)",
                      model.template)
    template = edited(model, template, OPEN_PARTS)
    if template is None:
        return False
    model.template = TEXT_OF + template
    return True


START, STOP = "{% generation %}", "{% endgeneration %}"
LEARNT = [
    [("{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}",
      "{{ '<start_of_turn>' + role + '\n' }}{% if role == 'model' %}" + START +
      "{{ message['content'] | trim }}" + STOP + "{% else %}{{ message['content'] | trim }}"
      "{% endif %}{{ '<end_of_turn>\n' }}")],
    [("{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}",
      "{{'<|assistant|>\n'}}" + START + "{{ message['content'] }}" + STOP + "{{'<|end|>\n'}}")],
    [("+ '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}",
      "+ '<|end_header_id|>\\n\\n' }}{% if message.role == 'assistant' %}" + START +
      "{{ message['content'] | trim }}" + STOP + "{% else %}{{ message['content'] | trim }}"
      "{% endif %}{{- '<|eot_id|>' }}")],
    [("{%- if loop.index0 > ns.last_query_index %}",
      "{{- '<|im_start|>' + message.role + '\\n' }}{% generation %}\n"
      "        {%- if loop.index0 > ns.last_query_index %}"),
     ("{{- '<|im_start|>' + message.role + '\\n<think>\\n' +", "{{- '<think>\\n' +"),
     ("{{- '<|im_start|>' + message.role + '\\n' + content }}", "{{- content }}"),
     ("{{- '<|im_end|>\\n' }}\n    {%- elif message.role == \"tool\" %}",
      "{%- endgeneration %}\n        {{- '<|im_end|>\\n' }}\n"
      "    {%- elif message.role == \"tool\" %}")],
    [("{{content + '<｜end▁of▁sentence｜>'}}",
      START + "{{content}}" + STOP + "{{'<｜end▁of▁sentence｜>'}}")],
    [('{{ "<|im_start|>assistant\\n" + content.lstrip("\\n") + "<|im_end|>\\n" }}',
      '{{ "<|im_start|>assistant\\n" }}' + START + '{{ content.lstrip("\\n") }}' + STOP +
      '{{ "<|im_end|>\\n" }}')],
    [('{{- "<|start|>assistant<|channel|>final<|message|>" + message.content + "<|return|>" }}',
      '{{- "<|start|>assistant<|channel|>final<|message|>" }}' + START +
      '{{- message.content }}' + STOP + '{{- "<|return|>" }}')]]


@fault("warning", "error", causes=("TPL018",))
def end_outside_what_is_learnt(model, rng):
    """The template marks what trainers learn (transformers' {% generation %}, TRL's
    assistant_only_loss), and the marked part stops before the end. User: the fine-tune never
    stops. Right: warning: what is learnt and what is declared contradict each other about the
    end; an error is right too. The template tells."""
    template = edited(model, model.template, LEARNT)
    if template is None:
        return False
    model.template = template
    return True


# Changes that must give no warning.

@harmless
def keys_in_another_order(model, rng):
    turned = lambda value: dict(reversed(value.items()))
    model.config, model.generation = turned(model.config), turned(model.generation)
    model.tokenizer_config = turned(model.tokenizer_config)
    model.tokenizer = turned(model.tokenizer)
    model.tokenizer["added_tokens"] = [turned(each) for each in model.tokenizer["added_tokens"]]
    return True


@harmless
def comment_that_quotes_markers(model, rng):
    quoted = " or ".join(each["content"] for each in end_entries(model))
    model.template = ("{#- A turn ends with " + quoted + "; older copies wrote \"</s>\" and " +
                      model.token(model.spare)["content"] + " here: {{ eos_token }}. -#}\n" +
                      model.template)
    return True


@harmless
def whitespace_control(model, rng):
    model.template = ("{%- set reviewed = \"2025-02-03\" -%}\n\n" + model.template +
                      "{%- if reviewed == \"never\" -%}\n    {{- \"\" -}}\n{%- endif -%}\n")
    return True


@harmless
def sampling_and_types(model, rng):
    model.generation.update(do_sample=True, temperature=0.6, top_p=0.95, top_k=20,
                            repetition_penalty=1.0, transformers_version="4.51.0")
    model.config.update(torch_dtype="bfloat16", dtype="bfloat16", rope_scaling=None,
                        max_position_embeddings=40960, reviewed_by={"name": "somebody"})
    return True


@harmless
def reserved_tokens(model, rng):
    model.token(model.spare)["content"] = "<reserved_0>"
    for number in range(1, 4):
        model.add_token(f"<reserved_{number}>", special=True)
    return True


@harmless
def another_pad(model, rng):
    model.tokenizer_config["pad_token"] = model.token(model.spare)["content"]
    model.config["pad_token_id"] = model.generation["pad_token_id"] = model.spare
    model.tokenizer_config["padding_side"] = "left"
    return True


@harmless
def ends_written_otherwise(model, rng):
    model.tokenizer_config["eos_token"] = {
        "__type": "AddedToken", "content": model.tokenizer_config["eos_token"], "lstrip": False,
        "normalized": False, "rstrip": False, "single_word": False}
    model.generation["eos_token_id"] = model.ends[::-1] + model.ends[:1]
    model.config["eos_token_id"] = list(model.ends)
    return True


@harmless
def settings_that_leave_ends_alone(model, rng):
    model.generation.update(min_new_tokens=1, max_new_tokens=4096, suppress_tokens=[],
                            begin_suppress_tokens=[model.ends[0]], bad_words_ids=None,
                            forced_eos_token_id=model.ends[0])
    return True
