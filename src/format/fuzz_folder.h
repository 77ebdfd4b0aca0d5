// For fuzz targets: a folder whose files are the lines of an input.
#ifndef FULLSTOP_FORMAT_FUZZ_FOLDER_H_
#define FULLSTOP_FORMAT_FUZZ_FOLDER_H_

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace fullstop {

// Goes away with the process. Not for several threads.
class FuzzFolder {
 public:
  // NAME is the target's; FILES may stand in a folder, and outlive this.
  FuzzFolder(std::string_view name, std::span<const std::string_view> files)
      : path_(std::filesystem::temp_directory_path() /
              (std::string(name) + "." + std::to_string(::getpid()))),
        files_(files) {
    for (const std::string_view file : files_) {
      std::filesystem::create_directories((path_ / file).parent_path());
    }
  }
  ~FuzzFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  FuzzFolder(const FuzzFolder&) = delete;
  FuzzFolder& operator=(const FuzzFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  // Holds the lines of INPUT and nothing else: the first byte of a line says
  // which of the files, from 'a', and REWRITE makes its content of the rest.
  template <typename Rewrite>
  void Fill(std::string_view input, Rewrite rewrite) const {
    for (const std::string_view file : files_) {
      std::filesystem::remove(path_ / file);
    }
    while (!input.empty()) {
      const std::string_view line = input.substr(0, input.find('\n'));
      input.remove_prefix(std::min(input.size(), line.size() + 1));
      if (line.empty()) continue;
      const auto file = static_cast<unsigned char>(line[0] - 'a');
      if (file >= files_.size()) continue;
      std::ofstream(path_ / files_[file], std::ios::binary)
          << rewrite(line.substr(1));
    }
  }

 private:
  std::filesystem::path path_;
  std::span<const std::string_view> files_;
};

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_FUZZ_FOLDER_H_
