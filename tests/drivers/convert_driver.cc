// Writes each tiny model of tests/fixtures/models/ as a folder, and as the GGUF
// file made from it, under FOLDER; for tests/oracles/convert_llama_cpp.py:
//   convert_driver FOLDER TYPE
// Prints a line of JSON a model: file, ids, and our logits of that file.
#include <cstdio>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "convert/tiny_folders.h"
#include "convert/to_gguf.h"
#include "model/load.h"

namespace fullstop {
namespace {

nlohmann::json Logits(const std::string& path,
                      const std::vector<TokenId>& ids) {
  const GgufFile file = GgufFile::Open(path);
  const auto model =
      LoadModel(file, {.context_length = static_cast<int32_t>(ids.size())});
  std::vector<Row> rows;
  for (const TokenId id : ids) {
    rows.push_back({.position = static_cast<int32_t>(rows.size()),
                    .token = id,
                    .want = Want::kLogits});
  }
  ForwardResult& result = model->Forward(rows, Phase::kPrefill);
  nlohmann::json logits = nlohmann::json::array();
  for (size_t row = 0; row < rows.size(); ++row) {
    logits.push_back(result.Logits(row));
  }
  return logits;
}

void Run(const std::string& folder, const std::string& type) {
  for (const TinyModel& model : ReadTinyModels()) {
    const std::string path = WriteTinyFolder(model, folder);
    const std::string file = path + "-" + type + ".gguf";
    FolderToGguf(HfFolder::Open(path), file, ParseOutType(type), nullptr);
    const nlohmann::json line = {{"name", model.name + " " + model.layout},
                                 {"file", file},
                                 {"ids", model.ids},
                                 {"transformers", model.logits},
                                 {"logits", Logits(file, model.ids)}};
    std::cout << line.dump() << std::endl;
  }
}

}  // namespace
}  // namespace fullstop

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    fullstop::Run(argv[1], argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
