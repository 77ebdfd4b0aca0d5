// For tests: the tiny models of tests/fixtures/models/ as folders
// (tests/oracles/tiny_models.py made them).
#ifndef FULLSTOP_MODEL_TINY_MODELS_H_
#define FULLSTOP_MODEL_TINY_MODELS_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/token_id.h"
#include "model/forward.h"

namespace fullstop {

// A fixture in one of its layouts.
struct TinyModel {
  std::string name;    // of the fixture
  std::string layout;  // "published", "saved"
  nlohmann::ordered_json config;
  nlohmann::ordered_json tensors;  // each [name, shape, scale, mean, type]
  uint64_t seed;
  std::vector<TokenId> ids;
  // [id][vocabulary]
  std::vector<std::vector<double>> logits;
};

// What a failing test calls it.
inline void PrintTo(const TinyModel& model, std::ostream* out) {
  *out << model.name << ", " << model.layout;
}

inline std::vector<TinyModel> ReadTinyModels() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::string(FULLSTOP_SOURCE_DIR) + "/tests/fixtures/models")) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<TinyModel> models;
  for (const std::filesystem::path& path : paths) {
    const auto fixture = nlohmann::ordered_json::parse(ReadFile(path.string()));
    TinyModel model;
    model.name = path.stem().string();
    model.seed = fixture["seed"];
    model.ids = fixture["ids"].get<std::vector<TokenId>>();
    for (const auto& layout : fixture["layouts"]) {
      model.layout = layout["name"];
      model.config = layout["config"];
      if (layout.contains("tensors")) {
        model.tensors = layout["tensors"];
        model.logits = layout["logits"].get<std::vector<std::vector<double>>>();
      }
      models.push_back(model);
    }
  }
  return models;
}

// The numbers of a tensor: mean + scale * a number from [-1, 1), drawn by
// SplitMix64 from seed and name (FNV-1a).
inline std::vector<float> DrawTinyTensor(uint64_t seed, std::string_view name,
                                         uint64_t count, double scale,
                                         double mean) {
  uint64_t state = 0xcbf29ce484222325;
  for (const char c : name) {
    state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  state += seed;
  std::vector<float> numbers(count);
  for (float& number : numbers) {
    state += 0x9e3779b97f4a7c15;
    uint64_t z = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    const double unit = static_cast<double>(z >> 40) / (1 << 23) - 1;
    number = static_cast<float>(mean + scale * unit);
  }
  return numbers;
}

// The bytes of model.safetensors.
inline std::string TinySafetensors(const TinyModel& model) {
  nlohmann::ordered_json header;
  std::string data;
  for (const auto& tensor : model.tensors) {
    uint64_t count = 1;
    for (const auto& dimension : tensor[1]) count *= dimension.get<uint64_t>();
    const std::string name = tensor[0];
    const std::string type = tensor[4];
    const size_t begin = data.size();
    for (const float number :
         DrawTinyTensor(model.seed, name, count, tensor[2], tensor[3])) {
      char bytes[4];
      std::memcpy(bytes, &number, 4);
      if (type == "BF16") {
        data.append(bytes + 2, 2);
      } else {
        data.append(bytes, 4);
      }
    }
    header[name] = {{"dtype", type},
                    {"shape", tensor[1]},
                    {"data_offsets", {begin, data.size()}}};
  }
  const std::string text = header.dump();
  const uint64_t size = text.size();
  std::string file(reinterpret_cast<const char*>(&size), sizeof(size));
  return file + text + data;
}

// Writes the model's folder under FOLDER and returns its path.
inline std::string WriteTinyModel(const TinyModel& model,
                                  const std::string& folder) {
  const std::filesystem::path path =
      std::filesystem::path(folder) / (model.name + "-" + model.layout);
  std::filesystem::create_directories(path);
  std::ofstream(path / "config.json") << model.config.dump();
  std::ofstream(path / "model.safetensors", std::ios::binary)
      << TinySafetensors(model);
  return path.string();
}

// What MODEL says behind each of IDS, given at once: [id][vocabulary].
inline std::vector<std::vector<float>> PrefillLogits(
    ForwardModel& model, const std::vector<TokenId>& ids) {
  std::vector<Row> rows;
  for (const TokenId id : ids) {
    rows.push_back({.position = static_cast<int32_t>(rows.size()),
                    .token = id,
                    .want = Want::kLogits});
  }
  ForwardResult& result = model.Forward(rows, Phase::kPrefill);
  std::vector<std::vector<float>> logits;
  for (size_t row = 0; row < rows.size(); ++row) {
    const std::span<const float> each = result.Logits(row);
    logits.emplace_back(each.begin(), each.end());
  }
  return logits;
}

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_TINY_MODELS_H_
