// Encodes lines of JSON with a GGUF file's tokenizer, for the oracle scripts.
//
//   tokenizer_driver FILE < requests > answers
//   tokenizer_driver --split NAME < requests > answers
//   tokenizer_driver --names > answers
//
// --names prints {"name", "nfc", "ignore_merges"} for each byte-level name.
// With --split the answer is {"ends": [...]}: where the pre-tokenizer NAME cuts
// the text, in bytes. Otherwise:
// A request is {"text": base64, "parse_special": bool}; its answer is
// {"ids": [...], "decoded": base64, "covered": bool}, where "covered" says
// whether the tokens' sources cover every byte of the text in order.
#include <algorithm>
#include <cstdint>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "format/gguf.h"
#include "tokenizer/pre_tokenizers.h"
#include "tokenizer/splitter.h"
#include "tokenizer/tokenizer.h"

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string FromBase64(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) break;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFF);
  }
  return bytes;
}

std::string ToBase64(std::string_view bytes) {
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; ++i) {
      bits <<= 8;
      if (at + i < bytes.size()) bits |= static_cast<uint8_t>(bytes[at + i]);
    }
    for (size_t i = 0; i < 4; ++i) {
      text +=
          at + i > bytes.size() ? '=' : kAlphabet[bits >> (18 - 6 * i) & 63];
    }
  }
  return text;
}

bool Covers(const std::vector<fullstop::EncodedToken>& tokens, size_t size) {
  size_t reached = 0;
  for (const fullstop::EncodedToken& token : tokens) {
    if (token.source.begin > reached || token.source.end > size) return false;
    if (token.source.end < token.source.begin) return false;
    reached = std::max(reached, token.source.end);
  }
  return reached == size;
}

void RunSplitter(const char* name) {
  const fullstop::PreTokenizer* found = fullstop::FindPreTokenizer(name);
  if (found == nullptr) throw std::runtime_error("no such pre-tokenizer");
  std::vector<fullstop::SplitStep> steps;
  for (const fullstop::SplitStep& step : found->steps) {
    if (!step.pattern.empty()) steps.push_back(step);
  }
  const fullstop::Splitter splitter(steps);
  for (std::string line; std::getline(std::cin, line);) {
    const nlohmann::json request = nlohmann::json::parse(line);
    const auto ends =
        splitter.Split(FromBase64(request.at("text").get<std::string>()));
    std::cout << nlohmann::json{{"ends", ends}}.dump() << "\n";
  }
}

void PrintNames() {
  for (const fullstop::PreTokenizer& entry : fullstop::AllPreTokenizers()) {
    if (entry.kind != fullstop::PreTokenizer::Kind::kByteLevel) continue;
    std::istringstream names{std::string(entry.names)};
    for (std::string name; names >> name;) {
      std::cout << nlohmann::json{{"name", name},
                                  {"nfc", entry.nfc},
                                  {"ignore_merges", entry.ignore_merges}}
                       .dump()
                << "\n";
    }
  }
}

void RunTokenizer(const char* path) {
  const fullstop::GgufFile file = fullstop::GgufFile::Open(path);
  const auto tokenizer = fullstop::Tokenizer::FromGguf(file);
  for (const std::string& remark : tokenizer->remarks()) {
    std::cerr << remark << "\n";
  }
  for (std::string line; std::getline(std::cin, line);) {
    const nlohmann::json request = nlohmann::json::parse(line);
    const std::string text = FromBase64(request.at("text").get<std::string>());
    const fullstop::ByteRange whole{0, text.size()};
    fullstop::EncodeOptions options;
    if (request.at("parse_special").get<bool>()) {
      options.control_ranges = {&whole, 1};
    }
    const auto tokens = tokenizer->EncodeWithSource(text, options);
    const auto ids = tokenizer->Encode(text, options);
    std::cout << nlohmann::json{{"ids", ids},
                                {"decoded", ToBase64(tokenizer->Decode(ids))},
                                {"covered", Covers(tokens, text.size())}}
                     .dump()
              << "\n";
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool split = argc == 3 && std::string_view(argv[1]) == "--split";
  const bool names = argc == 2 && std::string_view(argv[1]) == "--names";
  if (argc != 2 && !split) {
    std::cerr << "usage: tokenizer_driver FILE | --split NAME | --names\n";
    return 2;
  }
  try {
    if (names) {
      PrintNames();
    } else if (split) {
      RunSplitter(argv[2]);
    } else {
      RunTokenizer(argv[1]);
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
  return 0;
}
