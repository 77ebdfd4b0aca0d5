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

// Asks the system to take back the memory of the whole pages in BYTES. Of a
// mapped file they are read again when they are needed again; no content is
// ever lost. For large files that are read once, in order.
void ForgetPages(std::span<const std::byte> bytes);

// The content of the file at PATH, or of standard input where PATH is "-".
// Throws Error (kNotFound, kIo; kLimit past LIMIT bytes).
std::string ReadFile(const std::string& path, uint64_t limit = 1ull << 32);

// A file written in pieces that appears under its name only when complete.
// Writes beside the file that PATH names, links followed; Commit flushes to
// disk and renames over it. An object that goes away without Commit leaves the
// old file as it was and removes what was written. One thread.
class NewFile {
 public:
  // Throws Error (kIo), as do all others; also where PATH is something else
  // than a regular file, say a folder or a device.
  explicit NewFile(const std::string& path);
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile();

  // One system call: pass large pieces.
  void Write(std::span<const std::byte> bytes);
  // Ends the object's work. A new file has the mode that the umask leaves, an
  // old one keeps its own.
  void Commit();

 private:
  [[noreturn]] void Fail(int error_number) const;

  std::string path_;
  std::string target_;
  std::string temporary_;
  int fd_ = -1;
};

// CONTENT as a NewFile.
void WriteFileAtomically(const std::string& path, std::string_view content);

}  // namespace fullstop

#endif  // FULLSTOP_BASE_FILE_H_
