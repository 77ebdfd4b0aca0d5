#include "tokenizer/gguf_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "format/gguf_writer.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/charsmap_test_bytes.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Entries = std::vector<std::pair<std::string, GgufValue>>;
using Strings = std::vector<std::string_view>;

GgufValue Text(std::string_view text) { return {.value = text}; }
GgufValue Array(GgufArray array) { return {.value = std::move(array)}; }

// A byte-level vocabulary: the 256 bytes, "ab" and a control token.
class GgufSpecTest : public ::testing::Test {
 protected:
  GgufSpecTest() {
    for (int byte = 0; byte < 256; ++byte) {
      alphabet_.push_back(
          BytesToAlphabet(std::string(1, static_cast<char>(byte))));
    }
    Strings tokens(alphabet_.begin(), alphabet_.end());
    tokens.push_back("ab");
    tokens.push_back("<|end|>");
    std::vector<int32_t> types(258, 1);
    types[257] = 3;
    Set("tokenizer.ggml.model", Text("gpt2"));
    Set("tokenizer.ggml.pre", Text("gpt-2"));
    Set("tokenizer.ggml.tokens", Array(tokens));
    Set("tokenizer.ggml.token_type", Array(types));
    Set("tokenizer.ggml.merges", Array(Strings{"a b"}));
  }

  void Set(std::string_view key, const GgufValue& value) {
    Remove(key);
    entries_.emplace_back(key, value);
  }
  void Remove(std::string_view key) {
    std::erase_if(entries_,
                  [&](const auto& entry) { return entry.first == key; });
  }

  std::unique_ptr<Tokenizer> Load() const {
    GgufWriter writer;
    for (const auto& [key, value] : entries_) writer.Add(key, value);
    const std::string bytes = writer.ToString();
    return Tokenizer::FromGguf(
        GgufFile::Parse(std::as_bytes(std::span(bytes)), "memory.gguf"));
  }

  Error LoadError() const {
    try {
      Load();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error";
    return Error::Usage("none");
  }

  std::vector<std::string> alphabet_;
  Entries entries_;
};

TEST_F(GgufSpecTest, AByteLevelVocabularyIsRead) {
  const auto tokenizer = Load();
  EXPECT_THAT(tokenizer->Encode("abc"), ElementsAre(256, 'c'));
  EXPECT_EQ(tokenizer->info(257).kind, TokenKind::kControl);
  EXPECT_THAT(tokenizer->remarks(), IsEmpty());
  EXPECT_FALSE(tokenizer->adds_bos());
  EXPECT_EQ(tokenizer->space_prefix(), SpacePrefix::kNever);
}

TEST_F(GgufSpecTest, AnUnknownPatternIsAnErrorThatNamesTheNearest) {
  Set("tokenizer.ggml.pre", Text("gpt2"));
  const Error error = LoadError();
  EXPECT_EQ(error.kind(), Error::Kind::kUnsupported);
  EXPECT_THAT(error.message(), HasSubstr("\"gpt2\""));
  EXPECT_THAT(error.advice(), HasSubstr("\"gpt-2\""));
}

TEST_F(GgufSpecTest, NamesAndModelsOfOtherKindsAreRefused) {
  Set("tokenizer.ggml.pre", Text("whitespace"));
  EXPECT_EQ(LoadError().kind(), Error::Kind::kUnsupported);
  for (const char* model :
       {"bert", "rwkv", "plamo2", "hybriddna", "whitespace", ""}) {
    Set("tokenizer.ggml.model", Text(model));
    const Error error = LoadError();
    EXPECT_EQ(error.kind(), Error::Kind::kUnsupported);
    EXPECT_THAT(error.message(), HasSubstr('"' + std::string(model) + '"'));
  }
}

TEST_F(GgufSpecTest, MergesOverCharactersStopAtLineEnds) {
  Set("tokenizer.ggml.model", Text("gemma4"));
  Remove("tokenizer.ggml.pre");
  Set("tokenizer.ggml.tokens",
      Array(Strings{"<bos>", "a", "\u2581", "\u2581a", "\n", "\n\n", "a\n",
                    "<0xC3>", "<0xA9>"}));
  Set("tokenizer.ggml.token_type",
      Array(std::vector<int32_t>{3, 1, 1, 1, 1, 1, 1, 6, 6}));
  Set("tokenizer.ggml.merges", Array(Strings{"a \n", "\u2581 a", "\n \n"}));
  Set("tokenizer.ggml.bos_token_id", {.value = uint32_t{0}});
  const auto tokenizer = Load();
  EXPECT_THAT(tokenizer->Encode("a a\n\n\u00E9"), ElementsAre(1, 3, 5, 7, 8));
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(" a\n\u00E9")), " a\n\u00E9");
  EXPECT_TRUE(tokenizer->adds_bos());
  EXPECT_THAT(tokenizer->remarks(), IsEmpty());
}

TEST_F(GgufSpecTest, AUnigramVocabularyHasItsNormalizerInKeys) {
  Set("tokenizer.ggml.model", Text("t5"));
  Set("tokenizer.ggml.tokens",
      Array(Strings{"<pad>", "</s>", "<unk>", "\u2581", "x", "\u2581x"}));
  Set("tokenizer.ggml.token_type",
      Array(std::vector<int32_t>{3, 3, 2, 1, 1, 1}));
  Set("tokenizer.ggml.scores", Array(std::vector<float>{0, 0, 0, -3, -3, -4}));
  Set("tokenizer.ggml.unknown_token_id", {.value = uint32_t{2}});
  Set("tokenizer.ggml.eos_token_id", {.value = uint32_t{1}});
  Set("tokenizer.ggml.add_space_prefix", {.value = true});
  Set("tokenizer.ggml.remove_extra_whitespaces", {.value = true});
  const std::string map = TestCharsmap();
  Set("tokenizer.ggml.precompiled_charsmap",
      Array(std::vector<uint8_t>(map.begin(), map.end())));
  const auto tokenizer = Load();
  EXPECT_THAT(tokenizer->Encode("  a  zqc "), ElementsAre(5, 3, 2));
  EXPECT_THAT(tokenizer->text_suffix(), ElementsAre(1));
}

TEST_F(GgufSpecTest, AFileWithoutAVocabularyIsAnErrorThatSaysSo) {
  for (const char* model : {"no_vocab", "none"}) {
    Set("tokenizer.ggml.model", Text(model));
    const Error error = LoadError();
    EXPECT_EQ(error.kind(), Error::Kind::kFormat);
    EXPECT_THAT(error.message(), HasSubstr('"' + std::string(model) + '"'));
  }
  Remove("tokenizer.ggml.model");
  EXPECT_THAT(LoadError().message(), HasSubstr("model is missing"));
}

TEST_F(GgufSpecTest, AFileFromBeforeThePatternKeyGetsTheDefaultAndARemark) {
  Remove("tokenizer.ggml.pre");
  EXPECT_THAT(Load()->remarks(),
              ElementsAre(HasSubstr("no tokenizer.ggml.pre")));
}

TEST_F(GgufSpecTest, MissingTablesAreErrors) {
  const Entries all = entries_;
  for (const char* key : {"tokenizer.ggml.tokens", "tokenizer.ggml.merges"}) {
    entries_ = all;
    Remove(key);
    const Error error = LoadError();
    EXPECT_EQ(error.kind(), Error::Kind::kFormat);
    EXPECT_THAT(error.message(), HasSubstr(key));
  }
}

TEST_F(GgufSpecTest, TablesOfOtherLengthsOrTypesAreErrors) {
  const Entries all = entries_;
  Set("tokenizer.ggml.token_type", Array(std::vector<int32_t>(257, 1)));
  EXPECT_THAT(LoadError().message(), HasSubstr("257 entries for 258 tokens"));
  entries_ = all;
  Set("tokenizer.ggml.tokens", Text("a"));
  EXPECT_EQ(LoadError().kind(), Error::Kind::kFormat);
  entries_ = all;
  Set("tokenizer.ggml.merges", Array(Strings{"ab"}));
  EXPECT_THAT(LoadError().message(), HasSubstr("is no pair"));
}

TEST_F(GgufSpecTest, WithoutTypesDeclaredTokensAreControlTokens) {
  Remove("tokenizer.ggml.token_type");
  Set("tokenizer.ggml.eos_token_id", {.value = uint32_t{257}});
  const auto tokenizer = Load();
  EXPECT_EQ(tokenizer->info(256).kind, TokenKind::kNormal);
  EXPECT_EQ(tokenizer->info(257).kind, TokenKind::kControl);
  EXPECT_THAT(tokenizer->remarks(),
              ElementsAre(HasSubstr("no tokenizer.ggml.token_type")));
  EXPECT_THAT(tokenizer->Encode("ab"), ElementsAre(256));
}

TEST_F(GgufSpecTest, WithoutTypesBytesAreKnownByTheirNames) {
  Set("tokenizer.ggml.model", Text("llama"));
  Set("tokenizer.ggml.tokens",
      Array(Strings{"</s>", "<0x0A>", "\u2581", "<", "<0", "<0x", "x0A>"}));
  Set("tokenizer.ggml.add_space_prefix", {.value = false});
  Remove("tokenizer.ggml.token_type");
  const auto tokenizer = Load();
  EXPECT_THAT(tokenizer->Encode("\n"), ElementsAre(1));
  EXPECT_EQ(tokenizer->TokenBytes(1), "\n");
  EXPECT_EQ(tokenizer->info(0).kind, TokenKind::kControl);
}

TEST_F(GgufSpecTest, VocabulariesOfNoneOrOneToken) {
  const Entries all = entries_;
  for (const char* model : {"gpt2", "llama"}) {
    entries_ = all;
    Set("tokenizer.ggml.model", Text(model));
    Set("tokenizer.ggml.tokens", Array(Strings{}));
    Set("tokenizer.ggml.token_type", Array(std::vector<int32_t>{}));
    EXPECT_EQ(LoadError().kind(), Error::Kind::kFormat) << model;
    Set("tokenizer.ggml.tokens", Array(Strings{"<s>"}));
    Set("tokenizer.ggml.token_type", Array(std::vector<int32_t>{3}));
    EXPECT_EQ(LoadError().kind(), Error::Kind::kFormat) << model;
    Set("tokenizer.ggml.tokens", Array(Strings{"a"}));
    Set("tokenizer.ggml.token_type", Array(std::vector<int32_t>{1}));
    EXPECT_THAT(Load()->Encode("aab"), ElementsAre(0, 0)) << model;
  }
}

TEST_F(GgufSpecTest, RobertasMaskSwallowsTheSpaceBeforeIt) {
  Set("tokenizer.ggml.pre", Text("roberta-bpe"));
  Strings tokens(alphabet_.begin(), alphabet_.end());
  tokens.push_back("<mask>");
  Set("tokenizer.ggml.tokens", Array(tokens));
  std::vector<int32_t> types(257, 1);
  types[256] = 3;
  Set("tokenizer.ggml.token_type", Array(types));
  const ByteRange all{0, 9};
  EXPECT_THAT(Load()->Encode("a <mask> ", {.control_ranges = {&all, 1},
                                           .extra_control = {}}),
              ElementsAre('a', 256, ' '));
}

TEST_F(GgufSpecTest, DeclaredIdsAreCheckedAgainstTheVocabulary) {
  Set("tokenizer.ggml.bos_token_id", {.value = uint32_t{257}});
  Set("tokenizer.ggml.eos_token_id", {.value = uint32_t{0}});
  Set("tokenizer.ggml.eot_token_id", {.value = uint32_t{258}});
  Set("tokenizer.ggml.padding_token_id", {.value = uint32_t{0xFFFFFFFF}});
  Set("tokenizer.ggml.add_bos_token", {.value = true});
  const auto tokenizer = Load();
  EXPECT_EQ(tokenizer->declared().bos, 257);
  EXPECT_EQ(tokenizer->declared().eos, 0);
  EXPECT_FALSE(tokenizer->declared().eot);
  EXPECT_FALSE(tokenizer->declared().pad);
  EXPECT_TRUE(tokenizer->adds_bos());
  EXPECT_THAT(tokenizer->remarks(), Contains(HasSubstr("258")));
  EXPECT_THAT(tokenizer->remarks(), Contains(HasSubstr("4294967295")));
}

TEST_F(GgufSpecTest, SentencePieceTakesScoresOfEitherType) {
  Set("tokenizer.ggml.model", Text("llama"));
  Set("tokenizer.ggml.tokens",
      Array(Strings{"\u2581", "a", "b", "ab", "</s>"}));
  Set("tokenizer.ggml.token_type", Array(std::vector<int32_t>{1, 1, 1, 1, 4}));
  Set("tokenizer.ggml.scores", Array(std::vector<int32_t>{0, 0, 0, -1, 0}));
  const auto tokenizer = Load();
  EXPECT_THAT(tokenizer->Encode("ab"), ElementsAre(0, 3));
  EXPECT_EQ(tokenizer->space_prefix(), SpacePrefix::kAlways);
  // An end by its name, whatever its type.
  EXPECT_EQ(tokenizer->info(4).kind, TokenKind::kControl);
  EXPECT_THAT(tokenizer->remarks(), Contains(HasSubstr("</s>")));
  Set("tokenizer.ggml.scores", Array(std::vector<float>{0, 0, 0, -1, 0}));
  Set("tokenizer.ggml.add_space_prefix", {.value = false});
  EXPECT_THAT(Load()->Encode("ab"), ElementsAre(3));
}

TEST_F(GgufSpecTest, Phi3TokensSwallowTheWhiteSpaceBehindThem) {
  Set("general.name", Text("Phi-3 mini"));
  Set("tokenizer.ggml.model", Text("llama"));
  Set("tokenizer.ggml.tokens",
      Array(Strings{"<unk>", "<s>", "<|end|>", "\u2581", "a"}));
  Set("tokenizer.ggml.token_type", Array(std::vector<int32_t>{2, 3, 3, 1, 1}));
  const auto tokenizer = Load();
  EXPECT_FALSE(tokenizer->info(1).rstrip);
  EXPECT_TRUE(tokenizer->info(2).rstrip);
  const std::string text = "<|end|>\n a";
  const ByteRange all{0, text.size()};
  EXPECT_THAT(tokenizer->Encode(
                  text, {.control_ranges = {&all, 1}, .extra_control = {}}),
              ElementsAre(2, 3, 4));
  Set("general.name", Text("Phi 3 Mini"));
  EXPECT_FALSE(Load()->info(2).rstrip);
  Set("general.architecture", Text("phi3"));
  EXPECT_TRUE(Load()->info(2).rstrip);
}

}  // namespace
}  // namespace fullstop
