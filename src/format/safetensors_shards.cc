#include "format/safetensors_shards.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "format/quote.h"

namespace fullstop {

SafetensorsShards::SafetensorsShards(uint64_t most) : most_(most) {
  shards_.emplace_back();
}

void SafetensorsShards::AddTensor(std::string_view name, SafetensorsType type,
                                  std::span<const uint64_t> shape,
                                  ByteSource source) {
  if (!names_.emplace(name).second) {
    throw Error::Usage("tensor " + QuoteName(name) + " is given twice");
  }
  const uint64_t size = SafetensorsBytes(type, shape).value_or(0);
  const Shard& last = shards_.back();
  if (!last.names.empty() && size > most_ - std::min(most_, last.size)) {
    shards_.emplace_back();
  }
  Shard& shard = shards_.back();
  // Readers of PyTorch's refuse a file that does not say this.
  if (shard.names.empty()) shard.writer.AddMetadata("format", "pt");
  shard.writer.AddTensor(name, type, shape, std::move(source));
  shard.names.emplace_back(name);
  shard.size += size;
}

std::string SafetensorsShards::FileName(size_t shard) const {
  if (shards_.size() == 1) return "model.safetensors";
  return fmt::format("model-{:05}-of-{:05}.safetensors", shard + 1,
                     shards_.size());
}

void SafetensorsShards::WriteInto(const std::string& folder) const {
  for (size_t i = 0; i < shards_.size(); ++i) {
    shards_[i].writer.WriteFile(folder + "/" + FileName(i));
  }
  if (shards_.size() > 1) WriteIndex(folder);
}

void SafetensorsShards::WriteIndex(const std::string& folder) const {
  uint64_t total = 0;
  std::map<std::string_view, std::string> files;
  for (size_t i = 0; i < shards_.size(); ++i) {
    total += shards_[i].size;
    for (const std::string& name : shards_[i].names) {
      files.emplace(name, FileName(i));
    }
  }
  nlohmann::ordered_json map = nlohmann::ordered_json::object();
  for (const auto& [name, file] : files) map[std::string(name)] = file;
  const nlohmann::ordered_json index = {{"metadata", {{"total_size", total}}},
                                        {"weight_map", std::move(map)}};
  WriteFileAtomically(
      folder + "/model.safetensors.index.json",
      index.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
          "\n");
}

}  // namespace fullstop
