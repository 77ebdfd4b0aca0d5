"""Conversations of the shared data sets, joined and written in every layout."""
import copy
import json
import pathlib
import re

# Sentences of our own for languages that the shared sets lack.
SENTENCES = {
    "de": ["Der Fluss fließt durch die Stadt und mündet ins Meer.", "Im Jahr {n} lebten dort {m} "
           "Menschen.", "{name} hat das Buch über Äpfel und Öl geschrieben.", "Das hängt vom "
           "Wetter ab, größtenteils aber von der Höhe.", "Man sollte täglich {n} Minuten üben."],
    "fr": ["La ville compte {m} habitants depuis l'année {n}.", "Il a été créé par {name} à la fin "
           "du siècle.", "Où que vous alliez, l'été y est très chaud.", "Ça dépend de la façon "
           "dont vous préparez le café.", "Le résultat est égal à {n}, grâce à la méthode."],
    "es": ["El niño vivió en España durante {n} años.", "¿Por qué es así? Según {name}, por la "
           "situación económica.", "La canción terminó después de {n} minutos.", "El corazón "
           "late más rápido cuando corremos.", "Mañana habrá {m} personas aquí."],
    "pt": ["A solução é simples: não há {n} opções.", "São Paulo tem muitos museus, diz {name}.",
           "O coração e os pulmões são órgãos vitais.", "A estação fica a {n} quilômetros daqui.",
           "Às vezes, a resposta não é tão fácil assim."],
    "ru": ["Город был основан в {n} году на берегу реки.", "{name} написал об этом книгу.",
           "Ответ зависит от погоды и времени года.", "Там живёт около {m} человек.",
           "Это самый простой способ решить задачу."],
    "ja": ["この町には{m}人が住んでいます。", "{name}さんは{n}年に本を書きました。",
           "天気によって変わることがあります。", "毎日{n}分練習するとよいでしょう。",
           "最も大切なのは続けることです。"],
    "ko": ["이 도시에는 {m}명이 살고 있습니다.", "{name} 씨는 {n}년에 책을 썼습니다.", "날씨에 따라 "
           "달라질 수 있습니다.", "매일 {n}분씩 연습하는 것이 좋습니다.", "가장 중요한 것은 꾸준함입니다."],
    "ar": ["يعيش في المدينة حوالي {m} شخص.", "كتب {name} هذا الكتاب عام {n}.", "يعتمد ذلك على حالة "
           "الطقس.", "من الأفضل أن تتدرب {n} دقيقة كل يوم.", "أهم شيء هو الاستمرار."],
    "th": ["เมืองนี้มีประชากรประมาณ {m} คน", "{name} เขียนหนังสือเล่มนี้ในปี {n}", "ขึ้นอยู่กับสภาพอากาศ",
           "ควรฝึกฝนวันละ {n} นาที", "สิ่งสำคัญที่สุดคือความสม่ำเสมอ"],
    "hi": ["इस शहर में लगभग {m} लोग रहते हैं।", "{name} ने यह किताब {n} में लिखी थी।",
           "यह मौसम पर निर्भर करता है।", "हर दिन {n} मिनट अभ्यास करें।", "सबसे ज़रूरी बात निरंतरता है।"],
    "vi": ["Thành phố này có khoảng {m} người.", "{name} đã viết cuốn sách này năm {n}.", "Điều đó "
           "phụ thuộc vào thời tiết.", "Âm nhạc giúp bạn thư giãn sau {n} phút.", "Ăn uống đúng "
           "cách là điều quan trọng nhất."],
    "tr": ["Bu şehirde yaklaşık {m} kişi yaşıyor.", "{name} bu kitabı {n} yılında yazdı.", "Bu, "
           "hava durumuna bağlıdır.", "Her gün {n} dakika çalışmak gerekir.", "Ağaçların gölgesi "
           "çok güzeldir."],
}
QUESTIONS = {
    "de": "Erzähl mir etwas über {name} ({n}).", "fr": "Parle-moi de {name} ({n}).",
    "es": "¿Qué sabes de {name} ({n})?", "pt": "O que sabes sobre {name} ({n})?",
    "ru": "Расскажи о {name} ({n}).", "ja": "{name}（{n}）について教えてください。",
    "ko": "{name}({n})에 대해 알려 주세요.", "ar": "أخبرني عن {name} ({n}).",
    "th": "เล่าเรื่อง {name} ({n}) ให้ฟังหน่อย", "hi": "{name} ({n}) के बारे में बताओ।",
    "vi": "Hãy kể về {name} ({n}).", "tr": "Bana {name} ({n}) hakkında bilgi ver."}
SYSTEMS = ["You are a helpful assistant.", "You answer briefly and politely.", "你是一个乐于助人的助手。",
           "Du bist ein freundlicher Assistent.", "Answer as an expert in {word}, please."]
NAMES = ("Mara Ilves Bento Okoro Livia Tamsin Jorun Pavel Noor Edda Kofi Saskia Anselm Yara Radek "
         "Priya Oleg Wanda Tariq Hilde").split()
WORDS = ("river stone morning letter window answer question bread music garden winter paper "
         "mirror harbour engine colour summer castle pencil ladder ocean planet forest bridge "
         "island market button silver candle orange basket violin wallet kitten rocket").split()
LATIN = {"en", "de", "fr", "es", "pt", "vi", "tr", "ru"}


def fill(rng, text):
    return text.format(n=rng.randrange(11, 1990), m=rng.randrange(1000, 90000),
                       name=rng.choice(NAMES), word=rng.choice(WORDS))


def turn(role, text="", thought="", calls=(), parts=None):
    return {"role": role, "text": text, "thought": thought, "calls": list(calls), "parts": parts}


def conversation(*turns, tools=None, language="en", sources=()):
    return {"turns": list(turns), "tools": tools, "language": language,
            "sources": list(sources)}


def pair(prompt, answer, language="en"):
    return conversation(turn("user", prompt), turn("assistant", answer), language=language)


def language_of(text):
    return "zh" if re.search("[\u4e00-\u9fff]", text) else "en"


class Base:
    """The conversations of the shared sets."""

    def __init__(self, folder, faulty=frozenset()):
        self.pairs, self.talks = [], []
        for file in sorted(pathlib.Path(folder).iterdir()):
            text = file.read_text(encoding="utf-8")
            rows = (json.loads(text) if file.suffix == ".json" else
                    [json.loads(line) for line in text.splitlines() if line.strip()])
            for number, row in enumerate(rows):
                source = (file.name, number)
                if source not in faulty:
                    self.take(row, source)

    def take(self, row, source):
        if "output" in row:
            text = "\n".join(part for part in (row["instruction"], row["input"]) if part)
            if text.strip() and row["output"].strip():
                self.pairs.append(conversation(
                    turn("user", text, parts=(row["instruction"], row["input"])),
                    turn("assistant", row["output"]), language=language_of(row["output"]),
                    sources=[source]))
            return
        talk = conversation(tools=row.get("tools"), sources=[source])
        for each in row.get("conversations", row.get("messages")):
            name = each.get("from", each.get("role"))
            role = {"human": "user", "gpt": "assistant", "function_call": "assistant",
                    "observation": "tool"}.get(name, name)
            if name == "function_call":
                talk["turns"].append(turn(role, calls=[json.loads(each["value"])]))
            elif "value" in each:
                talk["turns"].append(turn(role, each["value"]))
            else:
                parts = {kind: [part["value"] for part in each["content"] if part["type"] == kind]
                         for kind in ("text", "reasoning", "tool_call")}
                talk["turns"].append(turn(
                    role, "".join(parts["text"]), "".join(parts["reasoning"]),
                    [call for value in parts["tool_call"] for call in called(value)]))
        self.talks.append(talk)

    def draw(self, rng):
        """A healthy conversation of one to three pairs, or one with calls."""
        kind = rng.random()
        if kind < 0.06:
            return copy.deepcopy(rng.choice(self.talks))
        if kind < 0.2:
            return foreign_talk(rng)
        first = rng.choice(self.pairs)
        parts = [first]
        while rng.random() < 0.35 and len(parts) < 3:
            other = rng.choice(self.pairs)
            if other["language"] == first["language"]:
                parts.append(other)
        result = conversation(*(each for part in parts for each in part["turns"]),
                              language=first["language"],
                              sources=[source for part in parts for source in part["sources"]])
        if rng.random() < 0.15:
            result["turns"].insert(0, turn("system", fill(rng, rng.choice(SYSTEMS))))
        return copy.deepcopy(result)


def called(value):
    try:
        parsed = json.loads(value)
    except ValueError:
        return [value]
    return parsed if isinstance(parsed, list) else [parsed]


def foreign_talk(rng):
    language = rng.choice(sorted(SENTENCES))
    turns = []
    for _ in range(rng.randrange(1, 4)):
        turns.append(turn("user", fill(rng, QUESTIONS[language])))
        glue = "" if language == "ja" else " "
        said = [fill(rng, each) for each in rng.sample(SENTENCES[language], rng.randrange(1, 6))]
        turns.append(turn("assistant", glue.join(said)))
    return conversation(*turns, language=language)


def whole_text(each):
    """What an answer is where a layout has no field for thoughts."""
    if not each["thought"]:
        return each["text"]
    return f"<think>\n{each['thought']}\n</think>\n\n{each['text']}"


def as_alpaca(talk, rng):
    turns, row = list(talk["turns"]), {}
    if turns and turns[0]["role"] == "system":
        row["system"] = turns.pop(0)["text"]
    roles = [each["role"] for each in turns]
    if talk["tools"] or any(each["calls"] for each in turns) or len(turns) % 2 or not turns or \
            roles != ["user", "assistant"] * (len(turns) // 2):
        return None
    *earlier, prompt, answer = turns
    instruction, given = prompt["parts"] or (prompt["text"], "")
    row |= {"instruction": instruction, "input": given, "output": whole_text(answer)}
    if earlier:
        row["history"] = [[earlier[at]["text"], whole_text(earlier[at + 1])]
                          for at in range(0, len(earlier), 2)]
    return row


def as_sharegpt(talk, rng):
    names = {"user": "human", "assistant": "gpt", "tool": "observation", "system": "system"}
    row, said = {}, []
    turns = list(talk["turns"])
    if turns and turns[0]["role"] == "system" and rng.random() < 0.5:
        row["system"] = turns.pop(0)["text"]
    for each in turns:
        if each["text"] or each["thought"] or not each["calls"]:
            said.append({"from": names[each["role"]], "value": whole_text(each)})
        for call in each["calls"]:
            said.append({"from": "function_call", "value": json.dumps(call, ensure_ascii=False)})
    row["conversations"] = said
    if talk["tools"] is not None:
        row["tools"] = talk["tools"]
    return row


def as_messages(talk, rng):
    inline, messages = rng.random() < 0.3, []
    for number, each in enumerate(talk["turns"]):
        message = {"role": each["role"], "content": whole_text(each) if inline else each["text"]}
        if each["thought"] and not inline:
            message["reasoning_content"] = each["thought"]
        if each["calls"]:
            message["tool_calls"] = [
                {"id": f"call_{number}_{at}", "type": "function", "function": {
                    "name": call["name"], "arguments": json.dumps(call["arguments"])}}
                for at, call in enumerate(each["calls"]) if isinstance(call, dict)]
            message["content"] = message["content"] or None
        messages.append(message)
    row = {"messages": messages}
    if talk["tools"]:
        row["tools"] = talk["tools"]
    return row


def as_typed(talk, rng):
    messages = []
    for each in talk["turns"]:
        parts = []
        if each["thought"]:
            parts.append({"type": "reasoning", "value": each["thought"]})
        if each["text"] or not each["calls"]:
            parts.append({"type": "text", "value": each["text"]})
        parts += [{"type": "tool_call", "value": json.dumps(call, ensure_ascii=False)}
                  for call in each["calls"]]
        messages.append({"role": each["role"], "content": parts})
    return {"messages": messages, "tools": talk["tools"] or "[]"}


LAYOUTS = [as_alpaca, as_sharegpt, as_messages, as_typed]


def written(talk, rng, unlike=None):
    """The row in a layout drawn at random, which is another one than UNLIKE."""
    while True:
        layout = rng.choice(LAYOUTS)
        row = None if layout is unlike else layout(talk, rng)
        if row is not None:
            return row, layout
