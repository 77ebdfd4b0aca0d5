// Opens a set of files: the input is cut before each "GGUF" into the files of a
// set of that many, which are written to a folder of this process.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "format/gguf.h"
#include "format/gguf_split.h"

namespace {

constexpr size_t kMostFiles = 4;

// A folder that goes away with the process.
class Folder {
 public:
  Folder()
      : path_(std::filesystem::temp_directory_path() /
              ("gguf_split_fuzz." + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string stem() const { return path_ / "set"; }

 private:
  std::filesystem::path path_;
};

std::vector<std::string_view> Cut(std::string_view text) {
  std::vector<std::string_view> files;
  while (files.size() + 1 < kMostFiles) {
    const size_t next = text.find("GGUF", 4);
    if (next == text.npos) break;
    files.push_back(text.substr(0, next));
    text.remove_prefix(next);
  }
  files.push_back(text);
  return files;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Folder folder;
  const auto files =
      Cut({reinterpret_cast<const char*>(data), static_cast<size_t>(size)});
  std::vector<std::string> paths;
  for (size_t i = 0; i < files.size(); ++i) {
    paths.push_back(
        fullstop::MakeGgufSplitName(folder.stem(), i + 1, files.size()));
    std::ofstream(paths.back(), std::ios::binary) << files[i];
  }
  try {
    const auto set = fullstop::GgufFile::Open(paths[0]);
    if (set.paths().size() != 1 && set.paths() != paths) std::abort();
    for (const auto& tensor : set.tensors()) {
      if (set.FindTensor(tensor.name) != &tensor) std::abort();
      if (tensor.file >= set.paths().size()) std::abort();
      volatile uint8_t touched = 0;
      if (!tensor.data.empty()) {
        touched = static_cast<uint8_t>(tensor.data.front()) ^
                  static_cast<uint8_t>(tensor.data.back());
      }
      static_cast<void>(touched);
    }
  } catch (const fullstop::Error& error) {
    if (error.file().empty()) std::abort();
  }
  for (const std::string& path : paths) std::filesystem::remove(path);
  return 0;
}
