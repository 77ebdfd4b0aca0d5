"""The pre-tokenizers and normalisers of vocabulary families, as Hugging Face has them.

For each name that tokenizer.ggml.pre may have: what the "normalizer" and
"pre_tokenizer" of the family's tokenizer.json say, in the form that
tokenizers.Tokenizer.from_str reads. Sources: the tokenizer.json files of the
models that the names come from, where a public listing of them exists; for the
names marked GUESS only llama.cpp's reading of the pattern is known, and the
normaliser is assumed absent. Other sources: tokenization_chatglm.py of GLM-4
(chatglm-bpe) and tokenization_arcade100k.py of StableLM 2 (stablelm2) on their
pattern and normaliser; sglang's tiktoken_tokenizer.py on grok-2's; the
pre-tokenizers quoted in llama.cpp's pull requests 14626 (midm-2.0) and 12556
(trillion), which say nothing of normalisers. lfm2 also names LFM2.5-8B-A1B,
whose pattern takes line ends one at a time (pull request 23826): the name
cannot tell the two apart, and this is the older one's.
"""

GPT2 = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
DIGITS = {"type": "Digits", "individual_digits": True}
NFC = {"type": "NFC"}


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


def splits(*patterns):
    return [split(pattern) for pattern in patterns] + [BYTES]


LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
         r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN35 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}"
          r"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
UFAKZEKA = (r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
            r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
MINICPM5 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+"
            r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
# With real line ends in the classes, as the file has them.
SEED_CODER = ("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}"
              "| ?[^\\s\\p{L}\\p{N}\r\n]+|\\s*[\r\n]+|\\s+(?!\\S)|\\s+")
BAILING = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}"
           r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+")
EXAONE_MOE = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}"
              r"| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+")
JAIS2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
         r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)"
         r"|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}")
TEKKEN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
          r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
          r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
         r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
         r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
KIMI = (r"[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*"
        r"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+"
        r"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK_V3 = ("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
               "|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*"
               "|\\s*[\r\n]+|\\s+(?!\\S)|\\s+")
SPARK = ("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
         "|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+|[\r\n]|\\s+(?!\\S)|\\s+")
CJK = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"
DEEPSEEK_LETTERS = (
    "\\s?["
    "A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af"
    "\u0370-\u0373\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5"
    "\u03f7-\u0481\u048a-\u052f\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba"
    "\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77\u1d79-\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45"
    "\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe"
    "\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102"
    "\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-\u2134\u2139"
    "\u213c-\u213f\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3"
    "\ua640-\ua66d\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf\ufb00-\ufb06"
    "\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a\U00010400-\U0001044f\U000104b0-\U000104d3"
    "\U000104d8-\U000104fb\U00010c80-\U00010cb2\U00010cc0-\U00010cf2\U000118a0-\U000118df"
    "\U0001e900-\U0001e943"
    "]+")
DEEPSEEK_MARKS = "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+"
DEEPSEEK_SYLLABLES = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
BLOOM = " ?[^(\\s|[.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c])]+"
YOUTU_SCRIPTS = (
    "[\uac00-\ud7a3\u3131-\u318e]+|"
    "[\uff01\u2026\u201c\u201d\u2018\u2019\u2014\uff1a\uff1b\uff0c\u3001-\u303f\ufe30-\ufe4f]+|"
    "[\u3105-\u312f]+|[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+")
AFMOE_SCRIPTS = (
    "[\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff\u3040-\u309f\u30a0-\u30ff\uff65-\uff9f\u2f00-\u2fdf]+"
    "|[\u0e40-\u0e7f]+|[\u0e80-\u0eff]+|[\u1780-\u17ff]+|[\u1000-\u109f\uaa60-\uaa7f\ua9e0-\ua9ff]+"
    "|[\uac00-\ud7af\u1100-\u11ff]+")

# name: (normalizer or None, list of pre-tokenizers)
FAMILIES = {}


def family(names, steps, normalizer=None):
    for name in names.split():
        FAMILIES[name] = (normalizer, steps)


family("gpt-2 phi-2 jina-es jina-de jina-v2-es jina-v2-de jina-v2-code jina-v1-en roberta-bpe jais", [GPT2])
family("trillion", [GPT2])
family("gigachat a.x-4.0 mellum granite-docling exaone4", [GPT2])  # GUESS
family("mpt olmo modern-bert", [GPT2], NFC)
family("smollm starcoder refact codeshell exaone mellum2", [DIGITS, GPT2])
family("minerva-7b", [DIGITS, GPT2])  # GUESS
family("command-r", [DIGITS, GPT2], NFC)
family("llama3 llama-v3 llama-bpe falcon3 pixtral glm4 glm5", splits(LLAMA3))
family("falcon-h1", splits(O200K.replace("{1,3}", "")))
family("chatglm-bpe", splits(LLAMA3))
family("lfm2 jina-v5-nano smaug-bpe", splits(LLAMA3))  # GUESS
family("dbrx midm-2.0", [split(LLAMA3, "Removed", True), BYTES])
family("qwen2 deepseek-r1-qwen f2llmv2 megrez hunyuan stablelm2", splits(QWEN2), NFC)
family("grok-2", splits(QWEN2))
family("kormo solar-open", splits(QWEN2))  # GUESS
family("qwen35", splits(QWEN35), NFC)
family("laguna", [split(r"(?:\r?\n)+(?!\r?\n)", "MergedWithNext"), split(QWEN2), BYTES])
family("ufakzeka", splits(UFAKZEKA))  # GUESS
family("minicpm5", splits(r"\p{N}{1,3}", MINICPM5))
family("seed-coder", splits(SEED_CODER))
family("bailingmoe bailingmoe2 llada-moe", splits(BAILING))
family("exaone-moe", splits(EXAONE_MOE))
family("jais-2", splits(JAIS2))
family("tekken", splits(TEKKEN))
family("gpt-4o llama4 kanana2 talkie granite-embed-multi-97m", splits(O200K))
family("minimax-m2", [split(O200K, "Removed", True), BYTES], NFC)
family("tiny_aya cohere2moe", splits(r"\d{1,3}(?=(?:\d{3})*\b)", O200K), NFC)
family("youtu", splits(YOUTU_SCRIPTS, O200K.replace("{1,3}", "")))  # GUESS
family("kimi-k2", splits(KIMI))
family("deepseek-llm", [split("[\r\n]"), split(DEEPSEEK_LETTERS), split(DEEPSEEK_MARKS), split(r"\s+$"),
                        split(DEEPSEEK_SYLLABLES), DIGITS, BYTES])
family("deepseek-coder", [split("[\r\n]"), split(r"\s?\p{L}+"), split(r"\s?\p{P}+"),
                          split(DEEPSEEK_SYLLABLES), DIGITS, BYTES])
family("deepseek-v3 hunyuan-dense joyai-llm hy_v4", splits(r"\p{N}{1,3}", CJK, DEEPSEEK_V3))
family("spark2_5", [split(r"\p{N}{1,3}"), split(CJK), split(SPARK), DIGITS, BYTES])
family("afmoe", splits(
    r"\p{Nd}{1,510}(?=(?>\p{Nd}{510})*(?:\P{Nd}|$))|\G\p{Nd}{510}", r"\A\p{Nd}{1,2}(?=\p{Nd}{3}+\z)",
    r"\A\p{Nd}{3}|\G\p{Nd}{3}", AFMOE_SCRIPTS, DEEPSEEK_V3))
family("poro-chat bloom gpt3-finnish", splits(BLOOM))
family("viking", [split(BLOOM), DIGITS, BYTES])
family("superbpe", splits(r"\p{N}+", r"(?=(\d{3})+(?!\d))"))  # GUESS
family("chameleon", [split("<sentinel:[0-9]+>"), split("(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z"),
                     split("([\t\n]|    |  )"), DIGITS, {"type": "Punctuation", "behavior": "Isolated"}, GPT2])
family("falcon", [{"type": "Punctuation", "behavior": "Contiguous"}, GPT2,
                  {"type": "Digits", "individual_digits": False}, split("[0-9][0-9][0-9]")])
# llama.cpp's own, for files from before the key.
family("default", splits(
    r"[\p{P}\$\+<=>\^~\|]+",
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"\p{N}+", "[0-9][0-9][0-9]"))

# The families whose model has "ignore_merges".
IGNORE_MERGES = set(
    "llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano glm4 glm5 minicpm5 tekken gpt-4o "
    "llama4 kanana2 talkie granite-embed-multi-97m youtu kimi-k2".split())
