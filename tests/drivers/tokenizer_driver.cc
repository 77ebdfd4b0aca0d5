// Encodes lines of JSON with the tokenizer of a Hugging Face folder or a file
// (GGUF, or one of those that file_spec.h reads), for the oracle scripts.
//
//   tokenizer_driver FILE [NAME] < requests > answers
//   tokenizer_driver --split NAME < requests > answers
//   tokenizer_driver --names > answers
//   tokenizer_driver --time FILE [NAME] < requests > answer
//
// --names prints {"name", "nfc", "ignore_merges"} for each byte-level name.
// With --split the answer is {"ends": [...]}: where the pre-tokenizer NAME cuts
// the text, in bytes. Otherwise:
// With --time the answer is {"load", "encode", "ids"}: seconds, and how many
// ids all texts have. NAME is the pre-tokenizer of a file that does not say it.
// A request is {"text": base64, "parse_special": bool, absent: false}; its
// answer is
// {"ids": [...], "decoded": base64, "covered": bool}, where "covered" says
// whether the tokens' sources cover every byte of the text in order.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "format/gguf.h"
#include "format/hf_folder.h"
#include "tokenizer/file_spec.h"
#include "tokenizer/pre_tokenizers.h"
#include "tokenizer/splitter.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_spec.h"

namespace {

class Request {
 public:
  explicit Request(const std::string& line) {
    const auto json = nlohmann::json::parse(line);
    text_ = fullstop::FromBase64(json.at("text").get<std::string>()).value();
    whole_.end = json.value("parse_special", false) ? text_.size() : 0;
  }

  const std::string& text() const { return text_; }
  // As long as the request lives.
  fullstop::EncodeOptions Options() const {
    fullstop::EncodeOptions options;
    options.control_ranges = {&whole_, 1};
    return options;
  }

 private:
  std::string text_;
  fullstop::ByteRange whole_;
};

bool Covers(const std::vector<fullstop::EncodedToken>& tokens, size_t size) {
  size_t reached = 0;
  for (const fullstop::EncodedToken& token : tokens) {
    if (token.source.begin > reached || token.source.end > size) return false;
    if (token.source.end < token.source.begin) return false;
    reached = std::max(reached, token.source.end);
  }
  return reached == size;
}

const fullstop::PreTokenizer& Found(const char* name) {
  const fullstop::PreTokenizer* found = fullstop::FindPreTokenizer(name);
  if (found == nullptr) throw std::runtime_error("no such pre-tokenizer");
  return *found;
}

void RunSplitter(const char* name) {
  std::vector<fullstop::SplitStep> steps;
  for (const fullstop::SplitStep& step : Found(name).steps) {
    if (!step.pattern.empty()) steps.push_back(step);
  }
  const fullstop::Splitter splitter(steps);
  for (std::string line; std::getline(std::cin, line);) {
    const Request request(line);
    std::vector<uint32_t> ends;
    for (const fullstop::PieceRange& piece : splitter.Split(request.text())) {
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

std::unique_ptr<fullstop::Tokenizer> Load(const std::string& path,
                                          const char* pre) {
  if (path.ends_with(".gguf")) {
    return fullstop::Tokenizer::FromGguf(fullstop::GgufFile::Open(path));
  }
  if (std::filesystem::is_directory(path)) {
    return fullstop::Tokenizer::FromFolder(fullstop::HfFolder::Open(path));
  }
  fullstop::TokenizerSpec spec = fullstop::TokenizerSpecFromFile(path);
  if (pre != nullptr) {
    for (const fullstop::SplitStep& step : Found(pre).steps) {
      if (!step.pattern.empty()) spec.steps.emplace_back(step);
    }
  }
  return fullstop::MakeTokenizer(std::move(spec));
}

void RunTokenizer(const char* path, const char* pre) {
  const auto tokenizer = Load(path, pre);
  for (const std::string& remark : tokenizer->remarks()) {
    std::cerr << remark << "\n";
  }
  for (std::string line; std::getline(std::cin, line);) {
    const Request request(line);
    const std::string& text = request.text();
    const auto tokens = tokenizer->EncodeWithSource(text, request.Options());
    const auto ids = tokenizer->Encode(text, request.Options());
    std::cout << nlohmann::json{{"ids", ids},
                                {"decoded",
                                 fullstop::ToBase64(tokenizer->Decode(ids))},
                                {"covered", Covers(tokens, text.size())}}
                     .dump()
              << "\n";
  }
}

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

void TimeTokenizer(const char* path, const char* pre) {
  std::vector<Request> requests;
  for (std::string line; std::getline(std::cin, line);) {
    requests.emplace_back(line);
  }
  auto start = std::chrono::steady_clock::now();
  const auto tokenizer = Load(path, pre);
  const double load = SecondsSince(start);
  start = std::chrono::steady_clock::now();
  size_t ids = 0;
  for (const Request& request : requests) {
    ids += tokenizer->Encode(request.text(), request.Options()).size();
  }
  const double encode = SecondsSince(start);
  std::cout
      << nlohmann::json{{"load", load}, {"encode", encode}, {"ids", ids}}.dump()
      << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  const std::string_view first = arguments.empty() ? "" : arguments[0];
  // Whether there is an argument after those that a call needs.
  const auto optional = [&](int index) {
    return argc > index ? argv[index] : nullptr;
  };
  try {
    if (first == "--names" && argc == 2) {
      PrintNames();
    } else if (first == "--split" && argc == 3) {
      RunSplitter(argv[2]);
    } else if (first == "--time" && (argc == 3 || argc == 4)) {
      TimeTokenizer(argv[2], optional(3));
    } else if (argc == 2 || argc == 3) {
      RunTokenizer(argv[1], optional(2));
    } else {
      std::cerr
          << "usage: tokenizer_driver [--time] FILE [NAME] | --split NAME "
             "| --names\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
  return 0;
}
