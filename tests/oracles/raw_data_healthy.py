"""Healthy conversations that look like faulty ones.

Each function draws one; the rules have to stay silent on all of them.
"""
import json

import raw_data_rows as rows
from raw_data_rows import NAMES, WORDS, conversation, fill, pair, turn

VERSES = ["The {word} is asleep in the falling snow", "and nobody knows where the {word} may go",
          "a {word} of silver, a {word} of blue", "the wind and the {word} are waiting for you",
          "Still turns the {word}, still rises the sea", "and the {word} at the window is singing to me",
          "夜色落在窗前", "风从远方吹来", "旧信还在桌上", "花开了又谢", "Der Mond steht über dem Wald",
          "und leise geht der Wind", "Le vent se lève sur la plaine", "la nuit descend sans bruit"]
SUBJECTS = ["how to bake bread", "the history of glass", "photosynthesis", "sorting a list",
            "moving to another city", "learning the violin"]
TRANSLATED = [("Translate to French: {word}", ["fenêtre", "rivière", "pont", "bouteille"]),
              ("Translate into German: {word}", ["Fenster", "Brücke", "Fluß", "Öl", "Äpfel"]),
              ("把这个词翻译成中文：{word}", ["窗户", "河流", "桥", "瓶子", "苹果"]),
              ("Translate to Portuguese: {word}", ["NÃO", "maçã", "São", "coração", "IRMÃ"]),
              ("Translate to Arabic: {word}", ["نافذة", "نهر", "جسر"]),
              ("Translate to Thai: {word}", ["หน้าต่าง", "แม่น้ำ"]),
              ("Translate to Japanese: {word}", ["窓", "橋", "りんご"]),
              ("Translate to Vietnamese: {word}", ["ÂM NHẠC", "cửa sổ", "Âu"])]
UNSTOPPED = [("zh", "{name}住在河边的小镇上", "我觉得这个方法很不错", "大约需要{n}分钟", "可以先试试最简单的办法"),
             ("ja", "駅から歩いて{n}分くらいです", "{name}さんが書いた本だと思います", "とても楽しかった"),
             ("ar", "يعيش {name} في مدينة صغيرة", "حوالي {n} دقيقة", "أعتقد أن هذه الطريقة جيدة"),
             ("th", "{name} อาศัยอยู่ในเมืองเล็ก ๆ ริมแม่น้ำ", "ใช้เวลาประมาณ {n} นาที", "ฉันคิดว่าวิธีนี้ดีมาก")]


def words(rng, low, high):
    return [rng.choice(WORDS) for _ in range(rng.randrange(low, high))]


def items(rng):
    head = rng.choice(["Here are some ideas:\n\n", "", "Sure! A list:\n", "以下是清单：\n\n", "Voici :\n"])
    form = rng.choice(["- {}", "* {}", "{n}. {}", "{n}) {}", "• {}", "- **{}**: for the {o}"])
    lines = [form.format(" ".join(words(rng, 1, 5)).capitalize(), n=at + 1, o=rng.choice(WORDS))
             for at in range(rng.randrange(3, 16))]
    return pair(fill(rng, "List things that go with a {word}. ({n})"), head + "\n".join(lines))


def fenced_template(rng):
    name, field = rng.choice(WORDS), rng.choice(WORDS)
    code = rng.choice([
        "<ul>\n{% for " + name + " in items %}\n  <li>{{ " + name + "." + field + " }}</li>\n"
        "{% endfor %}\n</ul>",
        "<p>Hello {{" + name + "}}, you have {{" + field + "}} messages</p>",
        "const " + name + " = `Hi ${" + field + "}`;\nconsole.log(" + name + ");",
        "def " + name + "(" + field + "):\n    return f\"{" + field + "}: {" + name + "!r}\""])
    tail = rng.choice(["", f"\n\nHere `{{{{{name}}}}}` is filled in by the engine.",
                       f"\n\nThe `{{{field}}}` stands for the value."])
    return pair(fill(rng, f"Write a template that shows a {name} ({{n}})."),
                f"You can do it like this:\n\n```{rng.choice(['html', 'js', '', 'python'])}\n"
                f"{code}\n```{tail}")


def bare_code(rng):
    name = rng.choice(WORDS)
    code = rng.choice([
        "def {w}(x):\n    total = 0\n    for i in range(x):\n        total += i * {n}\n    return total",
        "function {w}(a, b) {{\n  const c = {{ a, b }};\n  return c.a + {n};\n}}",
        "SELECT {w}, COUNT(*)\nFROM orders\nWHERE price > {n}\nGROUP BY {w}",
        "for f in *.txt; do\n  mv \"$f\" \"${{f%.txt}}.{w}\"\ndone",
        "#include <vector>\nint {w}(std::vector<int> v) {{\n  return v.size() << {n};\n}}"])
    return pair(f"Code for a {name}, nothing else.", code.format(w=name, n=rng.randrange(99)))


def table(rng):
    width, empty = rng.randrange(2, 5), rng.random() < 0.3
    cell = (lambda: "0") if empty else (lambda: rng.choice(WORDS))
    lines = ["| " + " | ".join(words(rng, width, width + 1)) + " |", "|" + "---|" * width]
    lines += ["| " + " | ".join(cell() for _ in range(width)) + " |"
              for _ in range(rng.randrange(3, 20))]
    if rng.random() < 0.3:
        lines = [line.strip("| ").replace(" | ", ",") for line in lines if "---" not in line]
    return pair(fill(rng, "Make a table of {n} things."), "\n".join(lines))


def verse(rng):
    lines = [fill(rng, rng.choice(VERSES)) for _ in range(rng.randrange(4, 17))]
    for at in range(4, len(lines), 5):
        lines[at] = ""
    return pair(fill(rng, "Write a poem about {name} and a {word}."), "\n".join(lines).strip())


def address(rng):
    place = f"https://www.{rng.choice(WORDS)}.org/{rng.choice(WORDS)}/{rng.randrange(9999)}"
    return pair(fill(rng, "Where do I find more about the {word} of {name}?"), rng.choice([
        f"You can read more about it here: {place}", f"Look at {place}", place,
        f"It is explained in detail, with pictures and sources, on this page: {place}/",
        f"更多信息请访问：{place}", f"Write to {rng.choice(NAMES).lower()}@{rng.choice(WORDS)}.com"]))


def one_word(rng):
    return pair(fill(rng, "{name} has a {word}, {n} long. Name its kind in one word."), rng.choice([
        rng.choice(WORDS), rng.choice(NAMES), "Yes", "No", "B", "是", "否", "Ja", "True", "👍", "?",
        "Answer", "Output", "正确", "错误", "Да"]))


def number(rng):
    return pair(fill(rng, "What is {n} times {m}?"), rng.choice([
        str(rng.randrange(10**9)), f"{rng.randrange(999)} km", f"-{rng.random():.4f}",
        f"= {rng.randrange(999)}", f"${rng.randrange(999)}", f"{rng.randrange(99)}%",
        f"12:{rng.randrange(10, 59)}", f"2 + 3 * {rng.randrange(9)} = {rng.randrange(99)}",
        "0" * rng.randrange(8, 40), "3." + str(rng.randrange(10**9)), "\\frac{a}{b}"]))


def quoted_marker(rng):
    marker = rng.choice(["<think>", "</think>", "<|eot_id|>", "[INST]", "<|im_end_of|>", "</s>",
                         "<start_of_turn>", "<noinput>", "<|assistant|>", "{{name}}", "â€™", "�"])
    asked = marker if marker[0] in "<[" and marker != "<noinput>" and rng.random() < 0.5 else \
        f"`{marker}`"
    return pair(f"What does {asked} mean in the {rng.choice(WORDS)} template?", rng.choice([
        f"The text `{marker}` is a marker: it says where a part begins or ends.",
        f"It is a special token:\n\n```\n{rng.choice(WORDS)} {marker} {rng.choice(WORDS)}\n```\n\n"
        "The tokenizer makes one id of it.",
        f"`{marker}` 是一个特殊标记，用来表示结构。"]))


def unstopped(rng):
    language, *said = rng.choice(UNSTOPPED)
    return conversation(turn("user", fill(rng, rows.QUESTIONS.get(language, "说说{name}（{n}）"))),
                        turn("assistant", fill(rng, rng.choice(said))), language=language)


def refrain(rng):
    line = fill(rng, rng.choice(VERSES))
    chorus = "\n".join([line, rng.choice(["La la la, la la la", "Oh, oh, oh", line]), line])
    parts = []
    for _ in range(rng.randrange(2, 5)):
        parts += ["\n".join(fill(rng, rng.choice(VERSES)) for _ in range(3)), chorus]
    return pair(fill(rng, "Write a song with a refrain about the {word} of {name}."),
                "\n\n".join(parts))


def drawing(rng):
    width, height = rng.randrange(5, 30), rng.randrange(4, 14)
    tile = rng.choice(["*", "#", "/\\", "+-", "▓", "o ", "|_"])
    lines = {0: [tile * (at + 1) for at in range(height)],
             1: [tile * width] + [tile + " " * width + tile] * height + [tile * width],
             2: [" " * (height - at) + tile * (2 * at + 1) for at in range(height)]}
    text = "\n".join(lines[rng.randrange(3)])
    return pair(fill(rng, "Draw something with the letters of {word}, {n} wide."),
                text if rng.random() < 0.5 else f"```\n{text}\n```")


def echo(rng):
    said = fill(rng, rng.choice(["The {word} of {name} is {n} years old.", "{name}, {word}!",
                                 "I see a {word} and {n} more."]))
    kind = rng.randrange(4)
    if kind == 0:
        return pair("Repeat after me: " + said, said)
    if kind == 1:
        return conversation(turn("system", "Repeat what the user says, word for word."),
                            turn("user", said), turn("assistant", said))
    if kind == 2:
        result = pair("Correct the grammar of this sentence.\n" + said, said)
        result["turns"][0]["parts"] = ("Correct the grammar of this sentence.", said)
        return result
    return pair(rng.choice(["Hello!", "Hi", "你好", "Good morning", "Hallo", "Thanks"]),
                rng.choice(["Hello!", "Hi", "你好", "Good morning", "Hallo", "Thanks"]))


def json_answer(rng):
    value = {rng.choice(WORDS): rng.choice([rng.randrange(99), rng.choice(NAMES), [1, 2], None,
                                            {"id": rng.randrange(9)}])
             for _ in range(rng.randrange(1, 6))}
    if rng.random() < 0.3:
        value = [value, value, {**value, "id": 2}]
    return pair(fill(rng, "Answer with JSON for {name} ({n})."),
                json.dumps(value, indent=rng.choice([None, 2, 4])))


def one_translation(rng):
    prompt, answers = rng.choice(TRANSLATED)
    return pair(fill(rng, prompt) + f" ({rng.randrange(999)})", rng.choice(answers))


def letter(rng):
    text = (f"Dear {rng.choice(['[Name]', '[Recipient]', *NAMES])},\n\nThank you for your letter "
            f"about the {rng.choice(WORDS)}. We will look into it and come back to you within "
            f"{rng.randrange(2, 9)} days. Until then we ask for your patience.\n\n")
    return pair(fill(rng, "Write a short letter about the {word} of {name}."), text + rng.choice([
        "Best regards,\n[Your Name]", f"Sincerely,\n\n{rng.choice(NAMES)}",
        f"Yours,\n{rng.choice(NAMES)} {rng.choice(NAMES)}\nHead of {rng.choice(WORDS).title()}s",
        f"Kind regards\n{rng.choice(NAMES)}", "此致\n敬礼", "Mit freundlichen Grüßen\n[Ihr Name]"]))


def labelled(rng):
    """A label that the prompt asks for, or that names a part of the answer."""
    word = rng.choice(WORDS)
    return rng.choice([
        pair(f"Pick the odd one out: {word}, 3, 4. Reply in the form 'Answer: X'.",
             f"Answer: {word}"),
        pair(f"Write a recipe with a {word} ({rng.randrange(999)}).",
             f"Title: The {word}\n\nIngredients:\n- a {word}\n- salt\n\nSteps:\n1. Mix.\n2. Bake."),
        pair(f"Make up a quiz question about a {word} ({rng.randrange(999)}).",
             f"Question: What is a {word}?\nAnswer: A thing of the house."),
        pair(f"What devices are there? ({word}, {rng.randrange(999)})",
             f"Output devices show what a computer made, such as a {word}."),
        pair(f"Was bedeutet das? ({word}, {rng.randrange(999)})",
             f"Note: the {word} is a figure of speech here.")])


def asked_repetition(rng):
    word = rng.choice(WORDS)
    count = rng.randrange(4, 12)
    return pair(f"Write the word {word} {count} times.", rng.choice(
        [" ".join([word] * count), "\n".join([word] * count), ", ".join([word] * count) + "."]))


def notation(rng):
    """Braces, bars and angle brackets of formulas, shells and languages."""
    word = rng.choice(WORDS)
    return pair(fill(rng, "Explain the notation of the {word} of {name} ({n})."), rng.choice([
        f"The set {{x | x > {rng.randrange(99)}}} holds all larger numbers.",
        "The derivative is $\\frac{d}{dx} x^{2} = 2x$, so the slope at {0} is 0.",
        f"In Haskell, `p <|> q` tries q where p fails; `{word} <| x` is F#.",
        f"If |a|<|b| and |c|>|d|, then the {word} converges.",
        f"Use git checkout <branch> and then git log -- <file> for the {word}.",
        f"A vector<int> or a map<string, {word}> is a template.",
        f"<p>This is a <s>{word}</s> <b>paragraph</b>.</p>",
        f"Set the variable with export {word.upper()}=1 and read it as `${{{word.upper()}}}`.",
        f"[INFO] The {word} was started.\n[WARN] The {word} is slow.",
        f"The address is {word}@example.org <{rng.choice(NAMES)}>."]))


def interview(rng):
    a, b = rng.sample(NAMES, 2)
    lines = [f"{each}: {fill(rng, 'I saw the {word} near the {word}.')}"
             for _ in range(rng.randrange(2, 6)) for each in (a, b)]
    return pair(fill(rng, "Write a dialogue about a {word} ({n})."), "\n".join(lines))


def last_line(rng):
    """Long answers whose last line is no sentence, as such lines are."""
    body = " ".join(fill(rng, rng.choice(["The {word} of {name} was found in {n}.",
                                          "Nobody knows why the {word} is there.",
                                          "It took {n} days to move the {word}."]))
                    for _ in range(rng.randrange(4, 14)))
    return pair(fill(rng, "Tell me about the {word} of {name} ({n})."), body + rng.choice([
        f"\n\n#{rng.choice(WORDS)} #{rng.choice(WORDS)}",
        f"\n\n- {rng.choice(NAMES)} {rng.choice(NAMES)}", f"\n\n**{rng.choice(WORDS).title()}**",
        f"\n\nTotal: {rng.randrange(999)}", f"\n\n10 / 5 = {rng.randrange(9)}", " 😊",
        f"\n\nSource: {rng.choice(WORDS).title()}", "\n\nThe End", "\n\n---", "\n\n谢谢",
        f"\n\nAnswer: {rng.choice('ABCD')}", f"\n\n$x = {rng.randrange(99)}$"]))


def called_beside_words(rng):
    """Words, then a call, two results, and an answer in words."""
    call = lambda: {"name": "get_" + rng.choice(WORDS), "arguments": {"n": rng.randrange(99)}}
    return conversation(
        turn("user", fill(rng, "Get the {word} of {name}.")),
        turn("assistant", fill(rng, "Let me look for the {word}."), calls=[call(), call()]),
        turn("tool", json.dumps({"ok": rng.randrange(99)})),
        turn("tool", json.dumps({"ok": rng.randrange(99)})),
        turn("assistant", fill(rng, "The {word} is {n} long.")), tools="[]")


def ends_in_call(rng):
    return conversation(
        turn("user", fill(rng, "Get the {word} of {name} ({n}).")),
        turn("assistant", calls=[{"name": "get_" + rng.choice(WORDS),
                                  "arguments": {"n": rng.randrange(99)}}]), tools="[]")


def thoughtful(rng):
    return conversation(
        turn("user", fill(rng, "How long is the {word} of {name}? ({n})")),
        turn("assistant", fill(rng, "It is {n} metres long."),
             thought=fill(rng, "The user asks about the {word}. Let me think: {n} metres.")))


def nearly_same(rng):
    """Another answer to the same question; drawn often enough to meet itself."""
    name = rng.choice(NAMES)
    return pair(f"Who is {name}?", fill(rng, "That is somebody with a {word} and {n} {word}s."))


HEALTHY = [items, fenced_template, bare_code, table, verse, address, one_word, number,
           quoted_marker, unstopped, refrain, drawing, echo, json_answer, one_translation, letter,
           labelled, asked_repetition, notation, interview, last_line, called_beside_words,
           ends_in_call, thoughtful, nearly_same]
