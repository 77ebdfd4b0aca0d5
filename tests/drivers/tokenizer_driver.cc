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

#include "base/base64.h"
#include "format/gguf.h"
#include "tokenizer/pre_tokenizers.h"
#include "tokenizer/splitter.h"
#include "tokenizer/tokenizer.h"

namespace {

std::string Text(const nlohmann::json& request) {
  return fullstop::FromBase64(request.at("text").get<std::string>()).value();
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
    std::vector<uint32_t> ends;
    for (const fullstop::Piece& piece : splitter.Split(Text(request))) {
      ends.push_back(piece.end);
    }
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
    const std::string text = Text(request);
    const fullstop::ByteRange whole{0, text.size()};
    fullstop::EncodeOptions options;
    if (request.at("parse_special").get<bool>()) {
      options.control_ranges = {&whole, 1};
    }
    const auto tokens = tokenizer->EncodeWithSource(text, options);
    const auto ids = tokenizer->Encode(text, options);
    std::cout << nlohmann::json{{"ids", ids},
                                {"decoded",
                                 fullstop::ToBase64(tokenizer->Decode(ids))},
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
