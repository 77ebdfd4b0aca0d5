// Writes the logits behind each token of a text, for the oracles to compare.
//   logits_driver MODEL IDS.json OUT [--path NAME] [--threads N] [--batch N]
//                 [--decode]
// IDS.json holds one array of token ids. OUT receives float32 numbers, [number
// of ids][vocabulary], in the machine's byte order. --decode evaluates one
// token at a time, in the decode phase.
#include <cstdio>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/file.h"
#include "format/gguf.h"
#include "model/load.h"

namespace fullstop {
namespace {

struct Arguments {
  std::string model;
  std::string ids;
  std::string out;
  ModelOptions options;
  bool decode = false;
};

Arguments Parse(const std::vector<std::string>& words) {
  Arguments arguments;
  std::vector<std::string> places;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--decode") {
      arguments.decode = true;
    } else if (words[i] == "--path") {
      arguments.options.cpu_path = kernels::ParseCpuPath(words.at(++i));
    } else if (words[i] == "--threads") {
      arguments.options.threads = std::stoi(words.at(++i));
    } else if (words[i] == "--batch") {
      arguments.options.batch = std::stoi(words.at(++i));
    } else {
      places.push_back(words[i]);
    }
  }
  arguments.model = places.at(0);
  arguments.ids = places.at(1);
  arguments.out = places.at(2);
  return arguments;
}

void Run(const Arguments& arguments) {
  const GgufFile file = GgufFile::Open(arguments.model);
  const auto ids = nlohmann::json::parse(ReadFile(arguments.ids))
                       .get<std::vector<TokenId>>();
  const auto model = LoadModel(file, arguments.options);
  std::ofstream out(arguments.out, std::ios::binary);

  const size_t step =
      arguments.decode ? 1 : static_cast<size_t>(arguments.options.batch);
  std::vector<Row> rows;
  for (size_t begin = 0; begin < ids.size(); begin += step) {
    rows.clear();
    for (size_t i = begin; i < std::min(begin + step, ids.size()); ++i) {
      rows.push_back({.position = static_cast<int32_t>(i),
                      .token = ids[i],
                      .want = Want::kLogits});
    }
    ForwardResult& result = model->Forward(
        rows, arguments.decode ? Phase::kDecode : Phase::kPrefill);
    for (size_t i = 0; i < rows.size(); ++i) {
      const std::span<const float> logits = result.Logits(i);
      out.write(reinterpret_cast<const char*>(logits.data()),
                static_cast<std::streamsize>(logits.size_bytes()));
    }
  }
}

}  // namespace
}  // namespace fullstop

int main(int count, char** words) {
  try {
    fullstop::Run(fullstop::Parse({words + 1, words + count}));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "logits_driver: %s\n", error.what());
    return 2;
  }
  return 0;
}
