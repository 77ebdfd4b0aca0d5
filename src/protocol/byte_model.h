// Made-up models for this room's tests: a byte-level vocabulary of the 256
// bytes and a few special tokens behind them, as a GGUF in memory.
#ifndef FULLSTOP_PROTOCOL_BYTE_MODEL_H_
#define FULLSTOP_PROTOCOL_BYTE_MODEL_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "format/gguf.h"
#include "format/gguf_writer.h"
#include "protocol/turn_protocol.h"
#include "tokenizer/byte_alphabet.h"

namespace fullstop {

// A GGUF token type.
inline constexpr int32_t kNormalType = 1;
inline constexpr int32_t kControlType = 3;
inline constexpr int32_t kUserType = 4;

class ByteModel {
 public:
  // Special tokens get the ids from 256 on, in order; a token given with kind
  // kUserType is an added one that is not special.
  explicit ByteModel(std::vector<std::string> control,
                     std::vector<std::string> user = {}) {
    for (int byte = 0; byte < 256; ++byte) {
      tokens_.push_back(
          BytesToAlphabet(std::string(1, static_cast<char>(byte))));
      types_.push_back(kNormalType);
    }
    for (std::string& text : control) Append(std::move(text), kControlType);
    for (std::string& text : user) Append(std::move(text), kUserType);
  }

  // The id of special token TEXT; -1 where it is none.
  TokenId Id(std::string_view text) const {
    for (size_t i = 256; i < tokens_.size(); ++i) {
      if (tokens_[i] == text) return static_cast<TokenId>(i);
    }
    return -1;
  }

  // A token of two others, given as the vocabulary spells them.
  ByteModel& Merge(const std::string& left, const std::string& right) {
    merges_.push_back(left + " " + right);
    Append(left + right, kNormalType);
    return *this;
  }

  ByteModel& Template(std::string source) {
    return Text("tokenizer.chat_template", std::move(source));
  }
  ByteModel& Declare(std::string key, std::string_view token) {
    return Integer("tokenizer.ggml." + key + "_token_id", Id(token));
  }
  ByteModel& Integer(std::string key, int32_t value) {
    integers_.emplace_back(std::move(key), value);
    return *this;
  }
  ByteModel& Text(std::string key, std::string value) {
    std::erase_if(texts_, [&](const auto& text) { return text.first == key; });
    texts_.emplace_back(std::move(key), std::move(value));
    return *this;
  }
  ByteModel& Flag(std::string key, bool value) {
    flags_.emplace_back(std::move(key), value);
    return *this;
  }
  ByteModel& Floats(std::string key, float value) {
    floats_.emplace_back(std::move(key), value);
    return *this;
  }
  ByteModel& Strings(std::string key, std::vector<std::string> values) {
    lists_.emplace_back(std::move(key), std::move(values));
    return *this;
  }
  ByteModel& StopIds(std::vector<int32_t> ids) {
    stop_ids_ = std::move(ids);
    return *this;
  }

  ProtocolSources Sources() const {
    const std::string bytes = Write();
    const GgufFile file = GgufFile::Parse(
        std::as_bytes(std::span(bytes.data(), bytes.size())), "tiny");
    return SourcesFromGguf(file, Tokenizer::FromGguf(file));
  }
  std::shared_ptr<const TurnProtocol> Resolve(
      const ResolveOptions& options = {}) const {
    return TurnProtocol::Resolve(Sources(), options);
  }

  std::string Write() const {
    GgufWriter writer;
    writer.Add("general.architecture", GgufValue{std::string_view("llama")});
    writer.Add("tokenizer.ggml.model", GgufValue{std::string_view("gpt2")});
    writer.Add("tokenizer.ggml.pre", GgufValue{std::string_view("gpt-2")});
    const std::vector<std::string_view> tokens(tokens_.begin(), tokens_.end());
    writer.Add("tokenizer.ggml.tokens", GgufValue{GgufArray{tokens}});
    writer.Add("tokenizer.ggml.token_type", GgufValue{GgufArray{types_}});
    const std::vector<std::string_view> merges(merges_.begin(), merges_.end());
    writer.Add("tokenizer.ggml.merges", GgufValue{GgufArray{merges}});
    for (const auto& [key, value] : texts_) {
      writer.Add(key, GgufValue{std::string_view(value)});
    }
    for (const auto& [key, value] : integers_) {
      writer.Add(key, GgufValue{value});
    }
    for (const auto& [key, values] : lists_) {
      writer.Add(key, GgufValue{GgufArray{std::vector<std::string_view>(
                          values.begin(), values.end())}});
    }
    for (const auto& [key, value] : flags_) writer.Add(key, GgufValue{value});
    for (const auto& [key, value] : floats_) writer.Add(key, GgufValue{value});
    if (!stop_ids_.empty()) {
      writer.Add("fullstop.stop_token_ids", GgufValue{GgufArray{stop_ids_}});
    }
    return writer.ToString();
  }

 private:
  void Append(std::string text, int32_t type) {
    tokens_.push_back(std::move(text));
    types_.push_back(type);
  }

  std::vector<std::string> tokens_;
  std::vector<int32_t> types_;
  std::vector<std::string> merges_;
  std::vector<std::pair<std::string, std::string>> texts_;
  std::vector<std::pair<std::string, int32_t>> integers_;
  std::vector<std::pair<std::string, bool>> flags_;
  std::vector<std::pair<std::string, float>> floats_;
  std::vector<std::pair<std::string, std::vector<std::string>>> lists_;
  std::vector<int32_t> stop_ids_;
};

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_BYTE_MODEL_H_
