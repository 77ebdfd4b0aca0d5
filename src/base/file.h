// Whole files: mapped for reading, read into memory, written so that a reader
// sees the old content or the new, never a half.
#ifndef FULLSTOP_BASE_FILE_H_
#define FULLSTOP_BASE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fullstop {

// A read-only mapping of a regular file. Movable, not copyable; a view of
// bytes() lives as long as the object. Any number of threads may read.
class MappedFile {
 public:
  // Throws Error (kNotFound, kIo) naming the path; a folder, a pipe or a device
  // is an error. An empty file gives an empty span.
  static MappedFile Open(const std::string& path);

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// The content of the file at PATH, or of standard input where PATH is "-".
// Throws Error (kNotFound, kIo; kLimit past LIMIT bytes).
std::string ReadFile(const std::string& path, uint64_t limit = 1ull << 32);

// Writes beside PATH, flushes to disk and renames over it. On any failure the
// old file stands, the temporary one is removed, and Error (kIo) is thrown.
void WriteFileAtomically(const std::string& path, std::string_view content);

}  // namespace fullstop

#endif  // FULLSTOP_BASE_FILE_H_
