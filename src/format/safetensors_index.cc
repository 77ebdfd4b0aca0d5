#include "format/safetensors_index.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "base/error.h"
#include "format/json_events.h"
#include "format/quote.h"

namespace fullstop {
namespace {

constexpr std::string_view kWeightMap = "weight_map";
constexpr std::string_view kExtension = ".safetensors";

bool IsPlainFileName(std::string_view name) {
  return name.size() > kExtension.size() && name.ends_with(kExtension) &&
         name.find_first_of(std::string_view("/\\\0", 3)) == name.npos;
}

class IndexReader : public JsonEvents {
 public:
  SafetensorsIndex Take() {
    SafetensorsIndex index;
    // From the order of appearance to that of the names.
    std::vector<uint32_t> place(files_.size());
    for (auto& [file, number] : files_) {
      place[number] = static_cast<uint32_t>(index.files.size());
      index.files.push_back(file);
    }
    index.entries.assign(std::make_move_iterator(entries_.begin()),
                         std::make_move_iterator(entries_.end()));
    for (auto& entry : index.entries) entry.file = place[entry.file];
    return index;
  }
  bool complete() const { return seen_map_; }

  void StartObject(size_t depth) override {
    if (in_map_) return Other(depth);
    if (depth != 1) return;
    in_map_ = key_ == kWeightMap;
    if (in_map_ && std::exchange(seen_map_, true)) {
      throw Bad("it has two fields 'weight_map'");
    }
  }
  void Key(std::string& key, size_t) override { key_ = std::move(key); }
  void EndObject(size_t depth) override {
    if (depth == 1) in_map_ = false;
  }
  void StartArray(size_t depth) override { Other(depth); }
  void EndArray(size_t) override {}
  void String(std::string& text, size_t depth) override {
    if (depth != 2 || !in_map_) return Other(depth);
    if (!IsPlainFileName(text)) {
      throw Bad("tensor " + QuoteName(key_) + " is said to lie in " +
                QuoteName(text) + ", which is no .safetensors file beside it");
    }
    const auto [file, fresh] = files_.try_emplace(
        std::move(text), static_cast<uint32_t>(files_.size()));
    if (fresh && files_.size() > kMaxSafetensorsFiles) {
      throw Bad("it names more than " + std::to_string(kMaxSafetensorsFiles) +
                " files");
    }
    entries_.push_back({std::move(key_), file->second});
  }
  void Unsigned(uint64_t, size_t depth) override { Other(depth); }
  void Other(size_t depth) override {
    if (depth == 0) throw Bad("the index is no JSON object");
    if (in_map_) {
      throw Bad("'weight_map' gives no file for tensor " + QuoteName(key_));
    }
  }

 private:
  std::string key_;
  bool in_map_ = false;
  bool seen_map_ = false;
  std::map<std::string, uint32_t> files_;
  std::deque<SafetensorsIndex::Entry> entries_;
};

}  // namespace

const SafetensorsIndex::Entry* SafetensorsIndex::Find(
    std::string_view tensor) const {
  const auto found =
      std::ranges::lower_bound(entries, tensor, {}, &Entry::tensor);
  return found == entries.end() || found->tensor != tensor ? nullptr : &*found;
}

SafetensorsIndex ReadSafetensorsIndex(std::string_view text,
                                      const std::string& name) {
  IndexReader reader;
  ReadJsonEvents(text, name, 0, &reader);
  SafetensorsIndex index = reader.Take();
  if (!reader.complete() || index.entries.empty()) {
    throw Error::Format("the index has no 'weight_map' that names a tensor")
        .In(name);
  }
  std::ranges::sort(index.entries, {}, &SafetensorsIndex::Entry::tensor);
  const auto twice = std::ranges::adjacent_find(
      index.entries, {}, &SafetensorsIndex::Entry::tensor);
  if (twice != index.entries.end()) {
    throw Error::Format("the index names tensor " + QuoteName(twice->tensor) +
                        " twice")
        .In(name);
  }
  return index;
}

}  // namespace fullstop
