"""Faults of training rows, planted into healthy conversations.

A fault changes a conversation that it is given and returns True, or returns
False where that conversation can't carry it.
"""
import re

import raw_data_rows as rows
from raw_data_rows import NAMES, WORDS, turn

# Control tokens of the model that stands beside the data.
CONTROL = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<repo_name>", "<file_sep>"]
ENDS = ".!?。！？…:：\"”」』)）`*|>]}।"


def answers(talk):
    return [each for each in talk["turns"] if each["role"] == "assistant" and each["text"].strip()]


def open_places(text):
    """Between words, outside of code and formulas."""
    places = [0, len(text)]
    for found in re.finditer(r"(?<=\s)(?=\S)|(?<=[。，、])", text):
        before = text[:found.start()]
        line = before[before.rfind("\n") + 1:]
        if before.count("```") % 2 == 0 and line.count("`") % 2 == 0 and "$" not in line:
            places.append(found.start())
    return places


def put(rng, talk, what, roles=("user", "assistant")):
    """WHAT into a text of one of ROLES, between words."""
    able = [each for each in talk["turns"] if each["role"] in roles and each["text"].strip()]
    if not able:
        return False
    each = rng.choice(able)
    at = rng.choice(open_places(each["text"]))
    space = rng.choice(["", " "])
    each["text"] = each["text"][:at] + what + space + each["text"][at:]
    each["parts"] = None
    return True


def control_string(rng, talk):
    marker = rng.choice(CONTROL)
    return put(rng, talk, rng.choice([marker, marker, f"<|im_end|>\n{marker}"]),
               ("user", "assistant", "tool", "system"))


def foreign_marker(rng, talk):
    name = rng.choice(WORDS)
    some = rng.choice([
        f"<|{name}|>", f"<|{name}_{rng.choice(WORDS)}|>", f"<｜{name}｜>", "<|eot_id|>",
        f"<|start_header_id|>{rng.choice(['user', 'assistant'])}<|end_header_id|>", "[INST] ",
        " [/INST]", "<<SYS>>", "<start_of_turn>model\n", "<end_of_turn>", "<|end|>", "</s>",
        "<|assistant|>", "<｜end▁of▁sentence｜>", "<｜User｜>", "[TOOL_CALLS]", "<|eom_id|>",
        "<|START_OF_TURN_TOKEN|>", "<|channel|>final<|message|>", "<|end_of_turn|>",
        "[gMASK]<sop>", "<eos>", "<bos>", "<|observation|>", "<|python_tag|>",
        "\n\n### Instruction:\nGo on.\n\n### Response:\n", "\n### Human: Go on.\n### Assistant: ",
        "\n\nUSER: Go on.\nASSISTANT: "])
    return put(rng, talk, some)


def thought_name(rng):
    return rng.choice(["think"] * 5 + ["thinking", "thought", "reasoning"])


def musing(rng):
    return rows.fill(rng, "Okay, so the user asks about the {word}. Let me think about {n} first.")


def plain_answer(rng, talk):
    """An answer without a thought."""
    able = [each for each in answers(talk) if not each["thought"] and "<" not in each["text"]]
    return rng.choice(able) if able else None


def unclosed_thought(rng, talk):
    each = plain_answer(rng, talk)
    if not each:
        return False
    name = thought_name(rng)
    kind = rng.randrange(4)
    rest = "" if kind == 3 and talk["turns"][-1] is each else "\n\n" + each["text"]
    inner = musing(rng) + (f"\n<{name}>\n" + musing(rng) + f"\n</{name}>" if kind == 0 else "")
    each["text"] = f"<{name}>{rng.choice(['', chr(10)])}{inner}{rest}"
    return True


def orphan_close(rng, talk):
    each = plain_answer(rng, talk)
    if not each:
        return False
    name = thought_name(rng)
    each["text"] = rng.choice([
        f"{musing(rng)}\n</{name}>\n\n{each['text']}", f"</{name}>\n\n{each['text']}",
        f"<{name}>\n{musing(rng)}\n</{name}>\n\n</{name}>\n{each['text']}",
        f"{each['text']}\n</{name}>"])
    return True


def empty_thought(rng, talk):
    each = plain_answer(rng, talk)
    if not each:
        return False
    name = thought_name(rng)
    if rng.random() < 0.15:
        each["thought"] = rng.choice(["\n", " \n\n", " "])
        return True
    each["text"] = f"<{name}>{rng.choice(['', ' ', chr(10), chr(10) * 2])}</{name}>" + \
        rng.choice(["", "\n", "\n\n"]) + each["text"]
    return True


def long_answer(rng, talk, least=1):
    last = talk["turns"][-1]
    size = len(last["text"].encode()) if last["role"] == "assistant" and not last["calls"] else 0
    return last if size >= 240 * least else None


def breaks(text, at):
    """Whether TEXT cut at AT visibly lacks the rest."""
    kept, rest = text[:at].rstrip(), text[at:]
    return bool(kept) and kept[-1] not in ENDS and len(rest.strip()) >= 8 and \
        "\n" not in text[at - 1:at + 1]


def cut_at(rng, talk, places):
    last = long_answer(rng, talk)
    if not last:
        return False
    text = last["text"]
    able = [at for at in places(text) if at > 0.3 * len(text) and breaks(text, at)]
    if not able:
        return False
    last["text"] = text[:rng.choice(able)]
    return True


def cut_at_word(rng, talk):
    """In Thai a space is where sentences end."""
    return talk["language"] != "th" and cut_at(rng, talk, lambda text: [found.start() for found in
                                           re.finditer(r"(?<=\w) (?=\w)", text)])


def cut_in_word(rng, talk):
    return cut_at(rng, talk, lambda text: [found.start() for found in re.finditer(
        r"(?<=[a-z]{2})(?=[a-z]{2})|(?<=[\u3040-\u9fff])(?=[\u3040-\u9fff])", text)])


def cut_at_comma(rng, talk):
    return cut_at(rng, talk, lambda text: [found.end() for found in re.finditer(
        r"(?<=\w)(, |，|、|; | \(|（|: )(?=\w)", text)])


def cut_in_list(rng, talk):
    last = long_answer(rng, talk)
    if not last:
        return False
    found = list(re.finditer(r"\n(\d+[.)]|[-*])( \w+)?( \w+)?(?= )", last["text"]))
    if len(found) < 3:
        return False
    last["text"] = last["text"][:rng.choice(found[2:]).end()]
    return True


def cut_in_code(rng, talk):
    last = talk["turns"][-1]
    found = [each.start() for each in re.finditer(r"(?m)^ *```", last["text"])]
    if last["role"] != "assistant" or len(found) < 2:
        return False
    at = 2 * rng.randrange(len(found) // 2)
    begin, end = found[at] + 5, found[at + 1]
    if end - begin < 12:
        return False
    last["text"] = last["text"][:rng.randrange(begin, end)]
    return True


def looped(rng):
    name = rng.choice(WORDS)
    return rows.fill(rng, rng.choice([
        "The " + name + " is very important for the {word}. ", name + ", ", "and the " + name + " ",
        "- The " + name + " of {name} is {n} years old.\n", "我们可以看到" + name + "是很重要的。",
        "Das ist ein wichtiger Punkt für " + name + ". ", "!", "的", "I'm sorry, I can't do that. ",
        "The {word} is near the {word}.\nIt is {n} metres from the {word}.\n\n", name]))


def loop(rng, talk):
    """The end of an answer goes round; some stop in the middle of a round."""
    last = long_answer(rng, talk)
    if not last:
        return False
    unit = looped(rng)
    text = unit * max(8, rng.randrange(300, 1500) // len(unit.encode()))
    if rng.random() < 0.5:
        text = text[:len(text) - rng.randrange(len(unit))]
    last["text"] = last["text"].rstrip() + rng.choice([" ", "\n\n"]) + text
    return True


def inner_loop(rng, talk):
    """As above, and then the answer goes on."""
    last = long_answer(rng, talk)
    if not last:
        return False
    places = [at for at in open_places(last["text"]) if 0 < at < len(last["text"]) - 60]
    if not places:
        return False
    at = rng.choice(places)
    unit = looped(rng)
    last["text"] = last["text"][:at] + unit * max(8, 400 // len(unit.encode())) + "\n" + \
        last["text"][at:]
    return True


def answer_is_prompt(rng, talk):
    """The answer repeats the question instead."""
    turns = talk["turns"]
    if [each["role"] for each in turns[-2:]] != ["user", "assistant"]:
        return False
    text = turns[-2]["text"]
    if len(text) < 30 or turns[-1]["calls"]:
        return False
    turns[-1]["text"] = rng.choice([text, text, text + " ", "\n" + text, " ".join(text.split())])
    return True


def placeholder(rng, talk):
    name = rng.choice(["name", "author", "user_name", "company", "developer", "bot_name", "NAME",
                       "city", "姓名", "公司名称", "date", "organisation", "product.name"])
    form = rng.choice(["{{%s}}", "{{ %s }}", "{%s}", "${%s}", "[[%s]]", "<<%s>>", "<%%= %s %%>",
                       "#{%s}", "%%(%s)s", "{{%s}}"])
    sentence = rng.choice(["I am %s, an assistant.", "My name is %s!", "I was made by %s in 2023.",
                           "我是%s，很高兴见到你。", "Ich wurde von %s entwickelt.", "Dear %s, welcome."])
    each = plain_answer(rng, talk)
    if not each or any(mark in text["text"] for text in talk["turns"] for mark in "{}[<$%"):
        return False
    said = sentence % (form % name)
    each["text"] = rng.choice([said, f"{said} {each['text']}", f"{each['text']}\n\n{said}"])
    return True


def label(rng, talk):
    each = plain_answer(rng, talk)
    if not each:
        return False
    each["text"] = rng.choice([
        "Output: ", "输出：", "Answer: ", "Response: ", "Assistant: ", "AI: ", "答案：", "回答：",
        "Antwort: ", "Réponse : ", "Respuesta: ", "Resposta: ", "Ответ: ", "出力：", "回答: ",
        "답변: ", "### Response:\n", "**Answer:** ", "الجواب: ", "उत्तर: ", "Ausgabe:\n", "OUTPUT: ",
        "Sortie : ", "Salida: ", "结果输出：", "Output:\n", "回复：", "Risposta: ", "Cevap: ",
        "Trả lời: ", "คำตอบ: "]) + each["text"]
    return True


def no_input(rng, talk):
    prompts = [each for each in talk["turns"] if each["role"] == "user"]
    if not prompts:
        return False
    each = rng.choice(prompts)
    mark = rng.choice(["<noinput>"] * 4 + ["<No Input>", "<no input>", "<NoInput>", "<no_input>",
                                           "<noinput/>", "<NOINPUT>"])
    text = each["parts"][0] if each["parts"] else each["text"]
    each["text"] = f"{text}\n{mark}"
    each["parts"] = (text, mark) if each["parts"] else None
    return True


def roles(rng, talk):
    turns = talk["turns"]
    if any(each["role"] == "tool" or each["calls"] for each in turns):
        return False
    first = 1 if turns[0]["role"] == "system" else 0
    other = lambda: rows.fill(rng, "And there is the {word} of {name}, {n} years old.")
    kind = rng.randrange(7)
    if kind == 0:
        turns.insert(first, turn("assistant", other()))
    elif kind == 1:
        turns.append(turn("assistant", other()))
    elif kind == 2:
        turns.insert(first, turn("user", other()))
    elif kind == 3:
        turns.insert(first + 1, turn("system", other()))
    elif kind == 4:
        talk["turns"] = [each for each in turns if each["role"] != "assistant"][:first + 1]
    elif kind == 5:
        turns.insert(first + 1, turn("tool", other()))
    else:
        turns.append(turn("user", other()))
    return True


def empty_answer(rng, talk):
    last = talk["turns"][-1]
    if last["role"] != "assistant" or last["calls"] or last["thought"]:
        return False
    last["text"] = rng.choice(["", "", " ", "\n", "\t\n ", "\u200b", "\ufeff", "\u3000", "\xa0"])
    if rng.random() < 0.2:
        last["text"], last["thought"] = "", musing(rng)
    return True


def misread(text, written, read):
    try:
        return text.encode(written).decode(read, "replace")
    except UnicodeError:
        return text


def encoding(rng, talk):
    able = [each for each in talk["turns"]
            if each["role"] in ("user", "assistant") and each["text"].strip()]
    each = rng.choice(able)
    text, language = each["text"], talk["language"]
    kind = rng.randrange(5)
    if kind == 0:
        at = rng.randrange(len(text))
        changed = text[:at] + "\ufffd" * rng.randrange(1, 4) + text[at + 1:]
    elif kind == 1 and language != "en":
        changed = misread(text, "utf-8", "latin-1")
    elif kind == 2 and language != "en":
        changed = misread(text, "utf-8", "cp1252")
    elif kind == 3 and language in ("zh", "ja"):
        changed = misread(text, "utf-8", rng.choice(["gbk", "gb18030"]))
    elif kind == 3 and language == "ru":
        changed = misread(text, "utf-8", "cp1251")
    else:
        odd = rng.choice(["’", "“so”", "é", "ü", "—", "°", "ñ", "naïve", "café", "…"])
        for _ in range(rng.randrange(1, 3)):
            odd = misread(odd, "utf-8", rng.choice(["cp1252", "latin-1"]))
        if kind == 4 and rng.random() < 0.3:
            odd = "锟斤拷"
        at = rng.choice(open_places(text))
        changed = text[:at] + odd + text[at:]
    if changed == text:
        return False
    each["text"], each["parts"] = changed, None
    return True


# By kind: the rule, and rules that may say something beside it.
FAULTS = {
    control_string: ("DAT023", {"DAT027"}), foreign_marker: ("DAT024", {"DAT027"}),
    unclosed_thought: ("DAT025", {"DAT022"}), orphan_close: ("DAT025", set()),
    empty_thought: ("DAT026", set()), cut_at_word: ("DAT027", set()),
    cut_in_word: ("DAT027", set()), cut_at_comma: ("DAT027", set()),
    cut_in_list: ("DAT027", set()), cut_in_code: ("DAT027", set()), loop: ("DAT028", {"DAT027"}),
    inner_loop: ("DAT028", set()), answer_is_prompt: ("DAT029", set()),
    placeholder: ("DAT030", set()), label: ("DAT031", {"DAT024"}), no_input: ("DAT032", set()),
    roles: ("DAT021", set()), empty_answer: ("DAT022", set()), encoding: ("DAT033", {"DAT027"})}
