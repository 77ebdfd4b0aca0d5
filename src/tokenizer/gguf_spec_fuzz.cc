// The tokenizer tables of a GGUF file with foreign values: an error, or a
// tokenizer that encodes and decodes.
//
// The input: lines "TYPE KEY VALUE", each an entry tokenizer.ggml.KEY, or KEY
// itself where that has a dot. TYPE is s (text), i (integer), f (float) or
// b (flag); in upper case, an array whose values a tab parts; "a" is the array
// of the 256 byte tokens and VALUE's. What is behind an empty line is the text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "format/gguf_writer.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/fuzz_checks.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {
namespace {

constexpr size_t kLongestText = 400;

std::string_view Take(std::string_view* rest, char end) {
  const std::string_view part = rest->substr(0, rest->find(end));
  rest->remove_prefix(std::min(rest->size(), part.size() + 1));
  return part;
}

int32_t Integer(std::string_view text) {
  return static_cast<int32_t>(
      std::strtol(std::string(text.substr(0, 20)).c_str(), nullptr, 10));
}

float Float(std::string_view text) {
  return std::strtof(std::string(text.substr(0, 20)).c_str(), nullptr);
}

template <typename T, typename Read>
GgufValue Array(std::string_view values, Read read) {
  std::vector<T> array;
  while (!values.empty()) array.push_back(read(Take(&values, '\t')));
  return {GgufArray{std::move(array)}};
}

bool Flag(std::string_view text) { return text == "1"; }
std::string_view Text(std::string_view text) { return text; }

const std::vector<std::string>& Alphabet() {
  static const auto kAlphabet = [] {
    std::vector<std::string> tokens;
    for (int byte = 0; byte < 256; ++byte) {
      tokens.push_back(
          BytesToAlphabet(std::string(1, static_cast<char>(byte))));
    }
    return tokens;
  }();
  return kAlphabet;
}

GgufValue Value(char type, std::string_view value) {
  switch (type) {
    case 's':
      return {value};
    case 'i':
      return {Integer(value)};
    case 'f':
      return {Float(value)};
    case 'b':
      return {Flag(value)};
    case 'I':
      return Array<int32_t>(value, Integer);
    case 'F':
      return Array<float>(value, Float);
    case 'B':
      return Array<bool>(value, Flag);
    case 'a': {
      std::vector<std::string_view> all(Alphabet().begin(), Alphabet().end());
      while (!value.empty()) all.push_back(Take(&value, '\t'));
      return {GgufArray{std::move(all)}};
    }
    default:
      return Array<std::string_view>(value, Text);
  }
}

void Run(std::string_view input) {
  GgufWriter writer;
  while (!input.empty()) {
    std::string_view line = Take(&input, '\n');
    if (line.empty()) break;
    const std::string_view type = Take(&line, ' ');
    std::string key(Take(&line, ' '));
    if (key.find('.') == std::string::npos) key = "tokenizer.ggml." + key;
    writer.Add(key, Value(type.empty() ? ' ' : type[0], line));
  }
  const std::string bytes = writer.ToString();
  const GgufFile file =
      GgufFile::Parse(std::as_bytes(std::span(bytes)), "fuzz.gguf");
  const auto tokenizer = Tokenizer::FromGguf(file);
  std::vector<TokenId> ids;
  for (const EncodedToken& token :
       tokenizer->EncodeWithSource(input.substr(0, kLongestText), {})) {
    Check(token.id >= 0 && static_cast<size_t>(token.id) < tokenizer->size());
    ids.push_back(token.id);
  }
  const std::string decoded = tokenizer->Decode(ids);
  StreamDecoder decoder(*tokenizer, true);
  std::string streamed;
  for (const TokenId id : ids) streamed += decoder.Put(id, true);
  streamed += decoder.Finish();
  Check(streamed == decoded);
}

}  // namespace
}  // namespace fullstop

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fullstop::CheckInput(data, size, fullstop::Run);
}
