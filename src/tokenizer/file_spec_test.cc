#include "tokenizer/file_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <string>

#include "base/base64.h"
#include "base/error.h"
#include "base/file.h"
#include "base/test_folder.h"
#include "tokenizer/gguf_keys.h"
#include "tokenizer/pre_tokenizers.h"

namespace fullstop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A file of the test's own folder with CONTENT.
std::string Write(const std::string& name, std::string_view content) {
  static const TestFolder folder;
  WriteFileAtomically(folder.File(name), content);
  return folder.File(name);
}

std::string ErrorOf(const std::string& path) {
  try {
    TokenizerSpecFromFile(path);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) {
    bytes += static_cast<char>(value | 0x80);
  }
  return bytes + static_cast<char>(value);
}

std::string Field(uint64_t field, std::string_view bytes) {
  return Varint(field << 3 | 2) + Varint(bytes.size()) + std::string(bytes);
}

std::string Number(uint64_t field, uint64_t value) {
  return Varint(field << 3) + Varint(value);
}

std::string TextPiece(std::string_view text, float score, uint64_t type) {
  const auto bits = std::bit_cast<uint32_t>(score);
  std::string bytes = Field(1, text) + Varint(2 << 3 | 5);
  for (int shift = 0; shift < 32; shift += 8) {
    bytes += static_cast<char>(bits >> shift & 0xFF);
  }
  return Field(1, bytes + Number(3, type));
}

// With the trainer's model type.
std::string SentencePieceModel(uint64_t type, const std::string& normalizer) {
  return TextPiece("<unk>", 0, 2) + TextPiece("<s>", 0, 3) +
         TextPiece("</s>", 0, 3) + TextPiece("\u2581", -1, 1) +
         TextPiece("a", -2, 1) + TextPiece("\u2581a", -3, 1) +
         TextPiece("aa", -4, 1) + TextPiece("user", 0, 4) +
         Field(2, Number(3, type) + Number(40, 0) + Number(41, 1) +
                      Number(42, 2) + Number(43, ~uint64_t{0})) +
         Field(3, normalizer) + Field(9, "a field of the future");
}

TEST(FileSpecTest, ASentencePieceModelIsReadByItsFields) {
  const std::string path =
      Write("tokenizer.model", SentencePieceModel(2, Number(4, 0)));
  const TokenizerSpec spec = TokenizerSpecFromFile(path);
  EXPECT_EQ(spec.model, TokenizerModel::kSentencePieceBpe);
  EXPECT_EQ(spec.declared.bos, 1);
  EXPECT_EQ(spec.declared.eos, 2);
  EXPECT_FALSE(spec.declared.pad);
  const auto tokenizer = MakeTokenizer(spec);
  EXPECT_THAT(tokenizer->Encode("aa"), ElementsAre(5, 4));
  // Found within a word, with no space before what is behind it.
  EXPECT_THAT(tokenizer->Encode("auseraa xyz"), ElementsAre(5, 7, 6, 3, 0));
  EXPECT_THAT(tokenizer->Encode("  a"), ElementsAre(3, 3, 5));
  const ByteRange whole{0, 7};
  EXPECT_THAT(tokenizer->Encode("a</s>a", {.control_ranges = {&whole, 1},
                                           .extra_control = {}}),
              ElementsAre(5, 2, 5));
}

TEST(FileSpecTest, SpacesOfASentencePieceModelAreMergedUnlessItSaysNot) {
  const auto tokenizer = MakeTokenizer(
      TokenizerSpecFromFile(Write("m.model", SentencePieceModel(1, ""))));
  EXPECT_THAT(tokenizer->Encode("  a  a "), ElementsAre(5, 5));
  EXPECT_THAT(tokenizer->Encode("auser"), ElementsAre(5, 7));
}

TEST(FileSpecTest, BrokenModelsAreErrors) {
  const std::string model = SentencePieceModel(2, "");
  for (size_t size = 1; size < model.size(); ++size) {
    const std::string error =
        ErrorOf(Write("cut.model", std::string_view(model).substr(0, size)));
    if (!error.empty()) {
      EXPECT_THAT(error, HasSubstr("cut.model"));
    }
  }
  EXPECT_THAT(ErrorOf(Write("words.model", SentencePieceModel(3, ""))),
              HasSubstr("words"));
  EXPECT_THAT(ErrorOf(Write("type.model", "\n\1\3\4")), HasSubstr("type"));
}

std::string Ranks(const std::vector<std::string>& tokens) {
  std::string text;
  for (int byte = 0; byte < 256; ++byte) {
    text += ToBase64(std::string(1, static_cast<char>(byte))) + " " +
            std::to_string(byte) + "\n";
  }
  for (size_t i = 0; i < tokens.size(); ++i) {
    text += ToBase64(tokens[i]) + " " + std::to_string(256 + i) + "\n";
  }
  return text;
}

TEST(FileSpecTest, RanksMergeWhateverSpellsATokenTheLowestFirst) {
  TokenizerSpec spec = TokenizerSpecFromFile(
      Write("x.tiktoken", Ranks({"ab", "bc", "aa", "aaa", "cd", "abcd"})));
  const auto tokenizer = MakeTokenizer(spec);
  EXPECT_THAT(tokenizer->Encode("abc"), ElementsAre(256, 'c'));
  // A piece that is a token is that token; elsewhere "ab" and "cd" make it.
  EXPECT_THAT(tokenizer->Encode("abcd"), ElementsAre(261));
  EXPECT_THAT(tokenizer->Encode("xabcd"), ElementsAre('x', 261));
  // "aaa" as "a" and "aa" or "aa" and "a": the leftmost.
  EXPECT_THAT(tokenizer->Encode("xaaaa"), ElementsAre('x', 258, 258));
  EXPECT_THAT(tokenizer->Encode("xaaaaa"), ElementsAre('x', 258, 259));
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode("\xFF caf\u00E9")),
            "\xFF caf\u00E9");
  EXPECT_THAT(GgufMerges(spec),
              ElementsAre("a b", "b c", "a a", "aa a", "c d", "ab cd"));
}

TEST(FileSpecTest, ALineThatIsNoRankIsAnErrorWithItsNumber) {
  EXPECT_THAT(ErrorOf(Write("a.tiktoken", "YQ== 0\nYg== x\n")),
              HasSubstr("line 2"));
  EXPECT_THAT(ErrorOf(Write("b.tiktoken", "YQ== 99999999999\n")),
              HasSubstr("line 1"));
  EXPECT_THAT(ErrorOf(Write("c.tiktoken", "Y 0\n")), HasSubstr("line 1"));
  EXPECT_THAT(ErrorOf(Write("d.tiktoken", " \n")), HasSubstr("line 1"));
  EXPECT_THAT(ErrorOf(Write("e.tiktoken", "")), HasSubstr("no tokens"));
  EXPECT_THAT(ErrorOf(Write("f.tiktoken", "YQ== 0\nYg== 70000\n")),
              AllOf(HasSubstr("leaves out too many"), HasSubstr("line 2")));
}

std::string Tekken(const std::string& specials) {
  std::string vocab;
  for (int byte = 0; byte < 256; ++byte) {
    vocab += R"({"rank": )" + std::to_string(byte) + R"(, "token_bytes": ")" +
             ToBase64(std::string(1, static_cast<char>(byte))) + R"("}, )";
  }
  return R"({"config": {"pattern": "[^\\s]+|\\s+", "default_vocab_size": 270,
      "default_num_special_tokens": 12}, )" +
         specials + R"("vocab": [)" + vocab +
         R"({"rank": 256, "token_bytes": "YWI="},
            {"rank": 257, "token_bytes": "YWJj"},
            {"rank": 258, "token_bytes": "IWFi"}]})";
}

TEST(FileSpecTest, TekkenPutsItsControlTokensFirst) {
  const TokenizerSpec spec =
      TokenizerSpecFromFile(Write("tekken.json", Tekken("")));
  EXPECT_EQ(spec.tokens.size(), 270u);
  EXPECT_EQ(spec.declared.bos, 1);
  EXPECT_EQ(spec.declared.pad, 11);
  const auto tokenizer = MakeTokenizer(spec);
  // Ranks past the size that the file asks for are left out.
  EXPECT_THAT(tokenizer->Encode("abc !ab"),
              ElementsAre(269, 12 + ' ', 12 + '!', 268));
  EXPECT_THAT(tokenizer->text_prefix(), ElementsAre(1));
  const TokenizerSpec listed = TokenizerSpecFromFile(
      Write("tekken.json", Tekken(R"("special_tokens": [{"rank": 3,
          "token_str": "<think>", "is_control": true}], )")));
  EXPECT_EQ(listed.tokens[3].text, "<think>");
  EXPECT_EQ(listed.tokens[4].text, "<SPECIAL_4>");
  EXPECT_FALSE(listed.declared.bos);
}

TEST(FileSpecTest, ATekkenThatDoesNotAddUpIsAnError) {
  std::string file = Tekken("");
  file.replace(file.find("270"), 3, "999");
  EXPECT_THAT(ErrorOf(Write("tekken.json", file)), HasSubstr("999 tokens"));
  EXPECT_THAT(
      ErrorOf(Write("tekken.json", Tekken(R"("special_tokens": [{"rank": 12,
                                "token_str": "x"}], )"))),
      HasSubstr("past the special tokens"));
}

TEST(FileSpecTest, AVocabularyHasItsMergesBesideIt) {
  Write("merges.txt", "#version: 0.2\na b\r\nab c\n\n");
  const std::string path =
      Write("vocab.json", R"({"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4})");
  TokenizerSpec spec = TokenizerSpecFromFile(path);
  EXPECT_THAT(MakeTokenizer(spec)->Encode("abcab"), ElementsAre(4, 3));
  EXPECT_THAT(GgufMerges(spec), ElementsAre("a b", "ab c"));
  Write("merges.txt", "a b c\n");
  EXPECT_THAT(ErrorOf(path), HasSubstr("line 1"));
}

TEST(GgufKeysTest, APreTokenizerIsNamedByWhatItMeans) {
  TokenizerSpec spec;
  spec.ignore_merges = true;
  spec.steps.emplace_back(SplitStep{
      .pattern =
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
          "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"});
  EXPECT_EQ(GgufPreName(spec), "llama3");
  spec.ignore_merges = false;
  EXPECT_EQ(GgufPreName(spec), "dbrx");
  spec.normalizer.push_back({.kind = NormalizerStep::Kind::kNfc});
  EXPECT_EQ(GgufPreName(spec), std::nullopt);
  spec.normalizer.clear();
  spec.steps.emplace_back(SplitStep{.pattern = "x"});
  EXPECT_EQ(GgufPreName(spec), std::nullopt);
  for (const PreTokenizer& entry : AllPreTokenizers()) {
    if (entry.kind != PreTokenizer::Kind::kByteLevel) continue;
    TokenizerSpec same;
    for (const SplitStep& step : entry.steps) {
      if (!step.pattern.empty()) same.steps.emplace_back(step);
    }
    if (entry.nfc) same.normalizer.push_back({NormalizerStep::Kind::kNfc});
    same.ignore_merges = entry.ignore_merges;
    const PreTokenizer* named = FindPreTokenizer(GgufPreName(same).value());
    EXPECT_EQ(named->steps, entry.steps) << entry.names;
  }
}

}  // namespace
}  // namespace fullstop
