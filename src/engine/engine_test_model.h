// For tests: a small vocabulary with a template of our own, and a model that
// says what it is told.
#ifndef FULLSTOP_ENGINE_ENGINE_TEST_MODEL_H_
#define FULLSTOP_ENGINE_ENGINE_TEST_MODEL_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "format/gguf.h"
#include "format/gguf_writer.h"
#include "model/table_model.h"
#include "protocol/sources.h"
#include "protocol/turn_protocol.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {

inline constexpr TokenId kBos = 256;
inline constexpr TokenId kUser = 257;
inline constexpr TokenId kAssistant = 258;
inline constexpr TokenId kEnd = 259;
inline constexpr int32_t kVocabularySize = 260;

inline constexpr std::string_view kTestTemplate =
    "{{ '<s>' }}{% for m in messages %}"
    "{{ '<a>' if m.role == 'assistant' else '<u>' }}{{ m.content }}{{ '</t>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<a>' }}{% endif %}";

// The spellings of the 256 bytes in byte-level BPE, in the order of the bytes.
inline std::vector<std::string> ByteLevelAlphabet() {
  std::vector<std::string> alphabet;
  int next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const bool plain = (byte >= 33 && byte <= 126) ||
                       (byte >= 161 && byte <= 172) || byte >= 174;
    const int point = plain ? byte : next++;
    std::string text;
    if (point < 128) {
      text += static_cast<char>(point);
    } else {
      text += static_cast<char>(0xC0 | (point >> 6));
      text += static_cast<char>(0x80 | (point & 0x3F));
    }
    alphabet.push_back(text);
  }
  return alphabet;
}

// Ids 0 to 255 are the bytes; then <s>, <u>, <a> and </t>, all control. A turn
// is <u> or <a>, the text and </t>. Nothing is ever merged.
class TestVocabulary {
 public:
  TestVocabulary() {
    const std::vector<std::string> alphabet = ByteLevelAlphabet();
    std::vector<std::string_view> tokens(alphabet.begin(), alphabet.end());
    for (const char* text : {"<s>", "<u>", "<a>", "</t>"}) {
      tokens.emplace_back(text);
    }
    std::vector<int32_t> types(256, 1);
    types.insert(types.end(), 4, 3);
    GgufWriter writer;
    const auto add = [&writer](std::string_view key, auto value) {
      writer.Add(key, GgufValue{std::move(value)});
    };
    add("general.architecture", std::string_view("llama"));
    add("tokenizer.ggml.model", std::string_view("gpt2"));
    add("tokenizer.ggml.pre", std::string_view("gpt-2"));
    add("tokenizer.ggml.tokens", GgufArray(std::move(tokens)));
    add("tokenizer.ggml.token_type", GgufArray(std::move(types)));
    add("tokenizer.ggml.merges", GgufArray(std::vector<std::string_view>()));
    add("tokenizer.ggml.bos_token_id", uint32_t{kBos});
    add("tokenizer.ggml.eos_token_id", uint32_t{kEnd});
    add("tokenizer.chat_template", kTestTemplate);
    bytes_ = writer.ToString();
    const GgufFile file = GgufFile::Parse(
        {reinterpret_cast<const std::byte*>(bytes_.data()), bytes_.size()},
        "test");
    tokenizer_ = Tokenizer::FromGguf(file);
    protocol_ = TurnProtocol::Resolve(SourcesFromGguf(file, tokenizer_));
  }

  const Tokenizer& tokenizer() const { return *tokenizer_; }
  const TurnProtocol& protocol() const { return *protocol_; }

 private:
  std::string bytes_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::shared_ptr<const TurnProtocol> protocol_;
};

inline std::vector<TokenId> Bytes(std::string_view text) {
  std::vector<TokenId> ids;
  for (const char c : text) ids.push_back(static_cast<unsigned char>(c));
  return ids;
}

// Says, behind the n-th <a> of a sequence, the n-th of REPLIES and </t>.
inline TableModel ScriptedModel(std::vector<std::string> replies,
                                int32_t context_length = 4096) {
  return TableModel(
      kVocabularySize, context_length,
      [replies = std::move(replies)](std::span<const TokenId> ids) {
        size_t turn = 0;
        size_t spoken = 0;
        for (const TokenId id : ids) {
          ++spoken;
          if (id == kAssistant) {
            ++turn;
            spoken = 0;
          }
        }
        TokenId next = kEnd;
        if (turn > 0 && turn <= replies.size() &&
            spoken < replies[turn - 1].size()) {
          next = static_cast<unsigned char>(replies[turn - 1][spoken]);
        }
        std::vector<float> logits(kVocabularySize, 0.0f);
        logits[static_cast<size_t>(next)] = 20.0f;
        return logits;
      });
}

}  // namespace fullstop

#endif  // FULLSTOP_ENGINE_ENGINE_TEST_MODEL_H_
