// Opens a folder whose files are the lines of the input: the first byte of a
// line says which, the rest is its content.
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/error.h"
#include "format/hf_folder.h"

namespace {

namespace fs = std::filesystem;

// By the first byte, from 'a'.
constexpr std::array<std::string_view, 10> kFiles = {
    "config.json",           "generation_config.json",
    "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json",     "chat_template.jinja",
    "chat_template.json",    "additional_chat_templates/tool_use.jinja",
    "tokenizer.model",       "model.safetensors.index.json"};

// A folder that goes away with the process.
class Folder {
 public:
  Folder()
      : path_(fs::temp_directory_path() /
              ("hf_folder_fuzz." + std::to_string(::getpid()))) {
    fs::create_directories(path_ / "additional_chat_templates");
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Folder folder;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::array<bool, kFiles.size()> written = {};
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const size_t file =
        line.empty() ? kFiles.size() : static_cast<uint8_t>(line[0] - 'a');
    if (file >= kFiles.size()) continue;
    std::ofstream(folder.path() / kFiles[file], std::ios::binary)
        << line.substr(1);
    written[file] = true;
  }
  try {
    Touch(fullstop::HfFolder::Open(folder.path()));
  } catch (const fullstop::Error& error) {
    if (!error.file().starts_with(folder.path().string())) std::abort();
  }
  for (size_t i = 0; i < kFiles.size(); ++i) {
    if (written[i]) fs::remove(folder.path() / kFiles[i]);
  }
  return 0;
}
