// A file written in pieces that appears under its name only when complete.
#ifndef FULLSTOP_FORMAT_STREAMED_FILE_H_
#define FULLSTOP_FORMAT_STREAMED_FILE_H_

#include <cstddef>
#include <span>
#include <string>

namespace fullstop {

// Writes beside PATH; Commit flushes to disk and renames over it. An object
// that goes away without Commit leaves the old file as it was and removes what
// was written. One thread.
class StreamedFile {
 public:
  // Throws Error (kIo), as do all others.
  explicit StreamedFile(const std::string& path);
  StreamedFile(const StreamedFile&) = delete;
  StreamedFile& operator=(const StreamedFile&) = delete;
  ~StreamedFile();

  // One system call: pass large pieces.
  void Write(std::span<const std::byte> bytes);
  // Ends the object's work. A new file has mode 0644, an old one keeps its own.
  void Commit();

 private:
  void Fail() const;

  std::string path_;
  std::string temporary_;
  int fd_;
};

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_STREAMED_FILE_H_
