#include "doctor/place.h"

#include "base/file.h"
#include "doctor/target.h"
#include "format/json_member.h"

namespace fullstop {
namespace {

std::optional<Place> InGguf(const GgufFile& file, std::string_view key) {
  for (const GgufEntry& entry : file.entries()) {
    if (entry.key != key) continue;
    return Place{.file = file.paths().front(), .byte = entry.byte};
  }
  return std::nullopt;
}

// FOLDER has a Find() as HfFolder has.
template <typename Folder>
std::optional<Place> InFolder(const Folder& folder, std::string_view where) {
  constexpr std::string_view kSeparator = ": ";
  const size_t colon = where.find(kSeparator);
  const std::string_view name = where.substr(0, colon);
  const auto path = folder.Find(name);
  if (!path || !name.ends_with(".json")) {
    return path ? std::optional<Place>({.file = *path}) : std::nullopt;
  }
  Place place = {.file = *path};
  if (colon == std::string_view::npos) return place;
  // Of a path of fields the outermost one.
  std::string_view key = where.substr(colon + kSeparator.size());
  key = key.substr(0, key.find_first_of(".[:"));
  const std::string text = ReadFile(*path);
  if (const auto member = FindJsonMember(text, key)) {
    place.line = LineOfByte(text, member->key_begin);
  }
  return place;
}

}  // namespace

std::optional<Place> FindPlace(const Target& target, std::string_view where) {
  if (target.adapter() != nullptr) {
    const auto place = InFolder(*target.adapter(), where);
    if (place || !target.has_vocabulary()) return place;
  }
  const Vocabulary& vocabulary = target.vocabulary();
  return vocabulary.gguf() != nullptr ? InGguf(*vocabulary.gguf(), where)
                                      : InFolder(*vocabulary.folder(), where);
}

Place MainPlace(const Target& target) {
  if (const PeftAdapter* adapter = target.adapter()) {
    return {.file = adapter->Find("adapter_config.json").value()};
  }
  const HfFolder* folder = target.vocabulary().folder();
  if (folder == nullptr) return {.file = target.path()};
  return {.file = folder->Find("config.json").value_or(target.path())};
}

}  // namespace fullstop
