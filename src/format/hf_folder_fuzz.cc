// Opens a folder whose files are the lines of the input, as a model's and as an
// adapter's, with and without a base.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "format/fuzz_folder.h"
#include "format/hf_folder.h"

namespace {

constexpr std::array<std::string_view, 10> kFiles = {
    "config.json",           "generation_config.json",
    "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json",     "chat_template.jinja",
    "chat_template.json",    "additional_chat_templates/tool_use.jinja",
    "tokenizer.model",       "model.safetensors.index.json"};

void Touch(const fullstop::HfFolder& folder) {
  for (const auto& each : folder.chat_templates()) {
    if (!folder.Find(each.file)) std::abort();
  }
  for (const auto* json :
       {&folder.config(), &folder.generation_config(),
        &folder.tokenizer_config(), &folder.special_tokens_map(),
        &folder.added_tokens()}) {
    if (!json->is_null() && !json->is_object()) std::abort();
  }
  folder.OpenWeights();
}

// STEP may throw Error, of a file in the folder at PATH.
template <typename Step>
void Try(const std::string& path, Step step) {
  try {
    step();
  } catch (const fullstop::Error& error) {
    if (!error.file().starts_with(path)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fullstop::FuzzFolder folder("hf_folder_fuzz", kFiles);
  folder.Fill({reinterpret_cast<const char*>(data), size},
              [](std::string_view content) { return content; });
  const std::string path = folder.path();
  std::optional<fullstop::HfFolder> base;
  Try(path, [&] { base = fullstop::HfFolder::Open(path); });
  if (base) Try(path, [&] { Touch(*base); });
  Try(path, [&] {
    Touch(fullstop::HfFolder::OpenAdapter(path, base ? &*base : nullptr));
  });
  return 0;
}
