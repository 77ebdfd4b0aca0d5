#include "tokenizer/pre_tokenizers.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

namespace fullstop {
namespace {

// GPT-2's, which Hugging Face's ByteLevel applies by itself.
constexpr std::string_view kGpt2 =
    R"re('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+)re"
    R"re(| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)re";

// Hugging Face's Digits: it takes numbers from a later Unicode than patterns
// do.
constexpr std::string_view kDigit =
    R"re([\p{N}\x{11DE0}-\x{11DE9}\x{16FF4}-\x{16FF6}])re";

// Hugging Face's Punctuation: ASCII's, and Unicode's of about version 7.
constexpr std::string_view kPunctuation =
    R"re([[\p{P}$+<=>\^`|~\x{166D}\x{111C9}]&&[^)re"
    R"re(\x{61D}\x{9FD}\x{A76}\x{C77}\x{C84}\x{1B4E}-\x{1B4F})re"
    R"re(\x{1B7D}-\x{1B7F}\x{2E43}-\x{2E4F}\x{2E52}-\x{2E5D}\x{10D6E})re"
    R"re(\x{10EAD}\x{10F55}-\x{10F59}\x{10F86}-\x{10F89}\x{113D4}-\x{113D5})re"
    R"re(\x{113D7}-\x{113D8}\x{1144B}-\x{1144F}\x{1145A}-\x{1145B}\x{1145D})re"
    R"re(\x{11660}-\x{1166C}\x{116B9}\x{1183B}\x{11944}-\x{11946}\x{119E2})re"
    R"re(\x{11A3F}-\x{11A46}\x{11A9A}-\x{11A9C}\x{11A9E}-\x{11AA2})re"
    R"re(\x{11B00}-\x{11B09}\x{11BE1}\x{11C41}-\x{11C45}\x{11C70}-\x{11C71})re"
    R"re(\x{11EF7}-\x{11EF8}\x{11F43}-\x{11F4F}\x{11FFF}\x{12FF1}-\x{12FF2})re"
    R"re(\x{16D6D}-\x{16D6F}\x{16E97}-\x{16E9A}\x{16FE2}\x{1E5FF})re"
    R"re(\x{1E95E}-\x{1E95F})re"
    R"re(]])re";

constexpr std::string_view kNewline = R"re([\r\n])re";

constexpr std::string_view kThreeNumbers = R"re(\p{N}{1,3})re";

constexpr std::string_view kLlama3 =
    R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+)re"
    R"re(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)re"
    R"re(|\s*[\r\n]+|\s+(?!\S)|\s+)re";
constexpr std::string_view kQwen2 =
    R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+)re"
    R"re(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)re"
    R"re(|\s*[\r\n]+|\s+(?!\S)|\s+)re";

constexpr std::string_view kQwen35 =
    R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+)re"
    R"re(|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*)re"
    R"re(|\s*[\r\n]+|\s+(?!\S)|\s+)re";

constexpr std::string_view kUfakzeka =
    R"re([^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)re"
    R"re(|\s*[\r\n]+|\s+(?!\S)|\s+)re";

constexpr std::string_view kMiniCpm5 =
    R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+)re"
    R"re(|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*)re"
    R"re(|\s*[\r\n]+|\s+(?!\S)|\s+)re";

constexpr std::string_view kSeedCoder =
    R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+)re"
    R"re(|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+)re"
    R"re(|\s*[\r\n]+|\s+(?!\S)|\s+)re";

constexpr std::string_view kBailing =
    R"re('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N})re"
    R"re(| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)re";

constexpr std::string_view kExaoneMoe =
    R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+)re"
    R"re(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+)re";

constexpr std::string_view kJais2 =
    R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+)re"
    R"re(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+)re"
    R"re(|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S))re"
    R"re(|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1})re";

constexpr std::string_view kTekken =
    R"re([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*)re"
    R"re([\p{Ll}\p{Lm}\p{Lo}\p{M}]+)re"
    R"re(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+)re"
    R"re([\p{Ll}\p{Lm}\p{Lo}\p{M}]*)re"
    R"re(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*)re"
    R"re(|\s*[\r\n]+|\s+(?!\S)|\s+)re";

constexpr std::string_view kGpt4o =
    R"re([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*)re"
    R"re([\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)re"
    R"re(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+)re"
    R"re([\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)re"
    R"re(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*)re"
    R"re(|\s*[\r\n]+|\s+(?!\S)|\s+)re";

constexpr std::string_view kYoutu =
    R"re([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*)re"
    R"re([\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)re"
    R"re(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+)re"
    R"re([\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)re"
    R"re(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*)re"
    R"re(|\s*[\r\n]+|\s+(?!\S)|\s+)re";

constexpr std::string_view kKimi =
    R"re([\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*)re"
    R"re([\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)re"
    R"re(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+)re"
    R"re([\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)re"
    R"re(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)re"
    R"re(|\s*[\r\n]+|\s+(?!\S)|\s+)re";

constexpr std::string_view kYoutuScripts =
    R"re([\x{AC00}-\x{D7A3}\x{3131}-\x{318E}]+|[\x{FF01}\x{2026}\x{201C})re"
    R"re(\x{201D}\x{2018}\x{2019}\x{2014}\x{FF1A}\x{FF1B}\x{FF0C})re"
    R"re(\x{3001}-\x{303F}\x{FE30}-\x{FE4F}]+|[\x{3105}-\x{312F}]+|[)re"
    R"re(\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)re";

constexpr std::string_view kDeepSeekCjk =
    R"re([\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)re";

constexpr std::string_view kDeepSeekV3 =
    R"re([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+)re"
    R"re(|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)re"
    R"re(|\s*[\r\n]+|\s+(?!\S)|\s+)re";

constexpr std::string_view kSpark =
    R"re([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+)re"
    R"re(|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+|[\r\n])re"
    R"re(|\s+(?!\S)|\s+)re";

// Letters with case, of Unicode 11.
constexpr std::string_view kDeepSeekLetters =
    R"re(\s?[)re"
    R"re(A-Za-z\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA})re"
    R"re(\x{1BC}-\x{1BF}\x{1C4}-\x{293}\x{295}-\x{2AF}\x{370}-\x{373})re"
    R"re(\x{376}\x{377}\x{37B}-\x{37D}\x{37F}\x{386}\x{388}-\x{38A}\x{38C})re"
    R"re(\x{38E}-\x{3A1}\x{3A3}-\x{3F5}\x{3F7}-\x{481}\x{48A}-\x{52F})re"
    R"re(\x{531}-\x{556}\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}\x{13F8}-\x{13FD})re"
    R"re(\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF}\x{1D00}-\x{1D2B})re"
    R"re(\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15})re"
    R"re(\x{1F18}-\x{1F1D}\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D})re"
    R"re(\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}\x{1F5D}\x{1F5F}-\x{1F7D})re"
    R"re(\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4})re"
    R"re(\x{1FC6}-\x{1FCC}\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB})re"
    R"re(\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC}\x{2102})re"
    R"re(\x{2107}\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124}\x{2126})re"
    R"re(\x{2128}\x{212A}-\x{212D}\x{212F}-\x{2134}\x{2139})re"
    R"re(\x{213C}-\x{213F}\x{2145}-\x{2149}\x{214E}\x{2183}\x{2184})re"
    R"re(\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4}\x{2CEB}-\x{2CEE}\x{2CF2})re"
    R"re(\x{2CF3}\x{A640}-\x{A66D}\x{A680}-\x{A69B}\x{A722}-\x{A76F})re"
    R"re(\x{A771}-\x{A787}\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF})re"
    R"re(\x{FB00}-\x{FB06}\x{FB13}-\x{FB17}\x{FF21}-\x{FF3A})re"
    R"re(\x{FF41}-\x{FF5A}\x{10400}-\x{1044F}\x{104B0}-\x{104D3})re"
    R"re(\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2})re"
    R"re(\x{118A0}-\x{118DF}\x{1E900}-\x{1E943})re"
    R"re(]+)re";

constexpr std::string_view kDeepSeekMarks =
    R"re(\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F})re"
    R"re(\x{3000}-\x{3002}]+)re";

constexpr std::string_view kDeepSeekSyllables =
    R"re([\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+)re";

constexpr std::string_view kEndSpace = R"re(\s+$)re";

constexpr std::string_view kDeepSeekWord = R"re(\s?\p{L}+)re";

constexpr std::string_view kDeepSeekPunctuation = R"re(\s?\p{P}+)re";

constexpr std::string_view kBloom =
    R"re( ?[^(\s|[.,!?\x{2026}\x{3002}\x{FF0C}\x{3001}\x{964}\x{6D4})re"
    R"re(\x{60C}])]+)re";

// Groups of three digits, counted from the end of the number, in numbers that
// end at a word boundary: \d{1,3}(?=(?:\d{3})*\b), looking ahead only once.
constexpr std::string_view kDigitGroups =
    R"re((?<!\d)(?=\d++\b)(?:\d{1,2}(?=(?:\d{3})*(?!\d))|\d{3}))re"
    R"re(|(?<=\d)\G\d{3})re";
// The same in every number.
constexpr std::string_view kNumberGroups =
    R"re((?<!\p{Nd})\p{Nd}{1,2}(?=(?:\p{Nd}{3})+(?!\p{Nd})))re"
    R"re(|\p{Nd}{3}|\p{Nd}+)re";
constexpr std::string_view kAfmoeScripts =
    R"re([\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{F900}-\x{FAFF}\x{3040}-\x{309F})re"
    R"re(\x{30A0}-\x{30FF}\x{FF65}-\x{FF9F}\x{2F00}-\x{2FDF}]+|[\x{E40}-\x{E7F}]+)re"
    R"re(|[\x{E80}-\x{EFF}]+|[\x{1780}-\x{17FF}]+)re"
    R"re(|[\x{1000}-\x{109F}\x{AA60}-\x{AA7F}\x{A9E0}-\x{A9FF}]+)re"
    R"re(|[\x{AC00}-\x{D7AF}\x{1100}-\x{11FF}]+)re";
constexpr std::string_view kNumberRun = R"re(\p{N}+)re";

// (?=(\d{3})+(?!\d)), looking ahead only from a number's first digits: where
// a search goes on behind an empty match, the next one is two digits further.
constexpr std::string_view kEveryThirdDigit =
    R"re((?:(?<!\d)|(?<=(?<!\d)\d)|(?<=(?<!\d)\d\d))re"
    R"re()(?=(?:\d{3})++(?!\d))|(?<=\G\d\d)(?=\d{3}))re";

// Line breaks with the line behind them.
constexpr std::string_view kLinesWithBreak =
    R"re((?:\r?\n)+(?>[^\r\n]+|\r(?!\n))*+)re";

constexpr std::string_view kLineRuns = R"re([^\n]+|\n+)re";

constexpr std::string_view kSentinel = R"re(<sentinel:[0-9]+>)re";

constexpr std::string_view kImage =
    R"re((IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z)re";

constexpr std::string_view kChameleonSpace = R"re(([\t\n]|    |  ))re";

constexpr std::string_view kDefaultMarks = R"re([\p{P}\$\+<=>\^~\|]+)re";

constexpr std::string_view kThreeDigits = R"re([0-9][0-9][0-9])re";

using Kind = PreTokenizer::Kind;

// What is no pattern: NFC where the family's tokenizer.json has it, and whether
// a piece that is a token skips the merges.
constexpr PreTokenizer kTable[] = {
    {.names = "gpt-2 phi-2 jina-es jina-de gigachat a.x-4.0 mellum jina-v1-en "
              "jais trillion granite-docling exaone4",
     .steps = {{{kGpt2}}}},
    {.names = "jina-v2-es jina-v2-de jina-v2-code roberta-bpe",
     .steps = {{{kGpt2}}},
     .lstrip_token = "<mask>"},
    {.names = "mpt olmo", .steps = {{{kGpt2}}}, .nfc = true},
    {.names = "modern-bert",
     .steps = {{{kGpt2}}},
     .nfc = true,
     .lstrip_token = "[MASK]"},
    {.names = "smollm starcoder refact codeshell exaone minerva-7b mellum2",
     .steps = {{{kDigit}, {kGpt2}}}},
    {.names = "command-r", .steps = {{{kDigit}, {kGpt2}}}, .nfc = true},
    {.names = "llama3 llama-v3 llama-bpe falcon3 pixtral midm-2.0 lfm2 "
              "jina-v5-nano",
     .steps = {{{kLlama3}}},
     .ignore_merges = true,
     .adds_bos = true},
    {.names = "dbrx smaug-bpe chatglm-bpe", .steps = {{{kLlama3}}}},
    {.names = "glm4 glm5", .steps = {{{kLlama3}}}, .ignore_merges = true},
    {.names = "qwen2 deepseek-r1-qwen f2llmv2 megrez hunyuan stablelm2",
     .steps = {{{kQwen2}}},
     .nfc = true},
    {.names = "kormo solar-open grok-2", .steps = {{{kQwen2}}}},
    {.names = "qwen35", .steps = {{{kQwen35}}}, .nfc = true},
    {.names = "laguna", .steps = {{{kLinesWithBreak}, {kQwen2}}}},
    {.names = "ufakzeka", .steps = {{{kUfakzeka}}}},
    {.names = "minicpm5",
     .steps = {{{kThreeNumbers}, {kMiniCpm5}}},
     .ignore_merges = true},
    {.names = "seed-coder", .steps = {{{kSeedCoder}}}},
    {.names = "bailingmoe bailingmoe2 llada-moe", .steps = {{{kBailing}}}},
    {.names = "exaone-moe", .steps = {{{kExaoneMoe}}}},
    {.names = "jais-2", .steps = {{{kJais2}}}},
    {.names = "tekken",
     .steps = {{{kTekken}}},
     .ignore_merges = true,
     .adds_bos = true},
    {.names = "gpt-4o llama4 kanana2 talkie granite-embed-multi-97m",
     .steps = {{{kGpt4o}}},
     .ignore_merges = true},
    {.names = "minimax-m2", .steps = {{{kGpt4o}}}, .nfc = true},
    {.names = "tiny_aya cohere2moe",
     .steps = {{{kDigitGroups}, {kGpt4o}}},
     .nfc = true},
    {.names = "youtu",
     .steps = {{{kYoutuScripts}, {kYoutu}}},
     .ignore_merges = true},
    {.names = "falcon-h1",
     .steps = {{{kYoutu}}},
     .ignore_merges = true,
     .adds_bos = true},
    {.names = "kimi-k2", .steps = {{{kKimi}}}, .ignore_merges = true},
    {.names = "deepseek-llm",
     .steps = {{{kNewline},
                {kDeepSeekLetters},
                {kDeepSeekMarks},
                {kEndSpace},
                {kDeepSeekSyllables},
                {kDigit}}}},
    {.names = "deepseek-coder",
     .steps = {{{kNewline},
                {kDeepSeekWord},
                {kDeepSeekPunctuation},
                {kDeepSeekSyllables},
                {kDigit}}}},
    {.names = "deepseek-v3 hunyuan-dense joyai-llm hy_v4",
     .steps = {{{kThreeNumbers}, {kDeepSeekCjk}, {kDeepSeekV3}}}},
    {.names = "spark2_5",
     .steps = {{{kThreeNumbers}, {kDeepSeekCjk}, {kSpark}, {kDigit}}}},
    {.names = "afmoe",
     .steps = {{{kNumberGroups}, {kAfmoeScripts}, {kDeepSeekV3}}}},
    {.names = "poro-chat bloom gpt3-finnish", .steps = {{{kBloom}}}},
    {.names = "viking", .steps = {{{kBloom}, {kDigit}}}},
    {.names = "superbpe", .steps = {{{kNumberRun}, {kEveryThirdDigit}}}},
    {.names = "chameleon",
     .steps = {{{kSentinel},
                {kImage},
                {kChameleonSpace},
                {kDigit},
                {kPunctuation},
                {kGpt2}}},
     .adds_bos = true},
    {.names = "falcon",
     .steps = {{{.pattern = kPunctuation,
                 .behavior = SplitStep::Behavior::kContiguous},
                {kGpt2},
                {.pattern = kDigit,
                 .behavior = SplitStep::Behavior::kContiguous,
                 .on_bytes = true},
                {.pattern = kThreeDigits, .on_bytes = true}}}},
    {.names = "default",
     .steps = {{{kDefaultMarks}, {kGpt2}, {kNumberRun}, {kThreeDigits}}}},
    {.names = "gemma4 granite-embed-multi-311m sarvam-moe",
     .steps = {{{kLineRuns}}},
     .adds_bos = true,
     .kind = Kind::kRawUtf8Bpe},
    {.names = "whitespace", .kind = Kind::kWords},
};

// Takes the first name off a list.
std::string_view TakeName(std::string_view* names) {
  const std::string_view name = names->substr(0, names->find(' '));
  names->remove_prefix(std::min(names->size(), name.size() + 1));
  return name;
}

// Levenshtein's.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view ByteLevelPattern() { return kGpt2; }
std::string_view DigitPattern() { return kDigit; }
std::string_view PunctuationPattern() { return kPunctuation; }

std::span<const PreTokenizer> AllPreTokenizers() { return kTable; }

const PreTokenizer* FindPreTokenizer(std::string_view name) {
  for (const PreTokenizer& entry : kTable) {
    for (std::string_view names = entry.names; !names.empty();) {
      if (TakeName(&names) == name) return &entry;
    }
  }
  return nullptr;
}

std::string_view NearestPreTokenizerName(std::string_view name) {
  // A name from a file may be of any length.
  name = name.substr(0, 64);
  std::string_view nearest;
  size_t least = 0;
  for (const PreTokenizer& entry : kTable) {
    for (std::string_view names = entry.names; !names.empty();) {
      const std::string_view known = TakeName(&names);
      const size_t distance = EditDistance(name, known);
      if (nearest.empty() || distance < least) {
        nearest = known;
        least = distance;
      }
    }
  }
  return nearest;
}

}  // namespace fullstop
